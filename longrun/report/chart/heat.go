package chart

import (
	"fmt"
	"html/template"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/longrun"
)

// hoursUpTo is how long a time may be whose rows are hours; then they are days.
const hoursUpTo = 2 * day

// grid is how the heat map is laid out.
type grid struct {
	class         string
	row           time.Duration
	pitch, height float64 // of a row, and of its band
}

func gridOf(w longrun.Window) grid {
	if w.To.Sub(w.From) <= hoursUpTo {
		return grid{class: "hours", row: time.Hour, pitch: 14, height: 10}
	}
	return grid{class: "heat", row: day, pitch: 13, height: 9}
}

// DayLink returns where a UTC day leads, as the address of a link; empty where it
// leads nowhere.
type DayLink func(day time.Time) string

// Heat draws the slots of w, each as wide as its time: for up to two days a row is an
// hour and each day has its own chart, for longer ones a row is a day, the newest at
// the top, and its name leads where link says; nil leads nowhere. Without any time
// there is no chart.
//
// What is missed stands above its row and never narrower than 2 pixels, what is
// written and not healthy in the lower third of it.
func Heat(w longrun.Window, s Slots, link DayLink) template.HTML {
	if s.Interval <= 0 || !w.From.Before(w.To) {
		return ""
	}
	g := gridOf(w)
	var rows []longrun.Window
	for at := w.From.UTC().Truncate(g.row); at.Before(w.To); at = at.Add(g.row) {
		rows = append(rows, longrun.Window{From: at, To: at.Add(g.row)})
	}
	d := &drawing{}
	if g.row == day {
		slices.Reverse(rows)
		d.heat(g, s, w, rows, link, fmt.Sprintf("Slots of %s to %s, a row for each day, the newest first", figures.Stamp(w.From), figures.Stamp(w.To)))
		return d.html()
	}
	for end := len(rows); end > 0; { // day by day, the newest first
		begin := end - 1
		for begin > 0 && rows[begin-1].From.Day() == rows[end-1].From.Day() {
			begin--
		}
		name := rows[begin].From.Format(time.DateOnly)
		d.raw(`<p class="day">` + name + "</p>\n")
		d.heat(g, s, w, rows[begin:end], nil, "Slots of "+name+", a row for each hour")
		end = begin
	}
	return d.html()
}

// heat draws rows in the order given, with their labels beside them and the time
// above them.
func (d *drawing) heat(g grid, s Slots, w longrun.Window, rows []longrun.Window, link DayLink, label string) {
	lost := 0
	for _, row := range rows {
		lost += s.Count(clip(row, w)).Missed
	}
	ticks := g.ticks()
	height := float64(len(rows)) * g.pitch
	d.raw(`<div class="` + g.class + `"><span></span>`)
	d.open(16, "")
	d.times(ticks, 12)
	d.close()
	if link == nil {
		d.raw(`<ol aria-hidden="true">`)
	} else {
		d.raw("<ol>")
	}
	for i, row := range rows {
		name := row.From.Format("15")
		if g.row == day {
			if name = row.From.Format("01-02"); i == 0 || row.From.Day() == 1 {
				name = row.From.Format("06-01-02")
			}
		}
		d.raw("<li>")
		d.linked(link, row.From, "", name)
		d.raw("</li>")
	}
	d.raw("</ol>")
	d.open(height, fmt.Sprintf("%s: %s missed", label, figures.Plural(lost, "slot")))
	d.axis(ticks, height)
	for i, row := range rows {
		d.row(s, row, w, band{y: float64(i)*g.pitch + 3, height: g.height, over: 2})
	}
	d.close()
	d.raw("</div>\n")
}

// linked writes markup, as a link where the day leads anywhere.
func (d *drawing) linked(link DayLink, at time.Time, attributes, markup string) {
	to := ""
	if link != nil {
		to = link(at)
	}
	if to == "" {
		d.raw(markup)
		return
	}
	d.raw("<a" + attributes)
	d.attr("href", to)
	d.raw(">" + markup + "</a>")
}

// ticks are the minutes of the hour, or the hours of the day.
func (g grid) ticks() []tick {
	var all []tick
	if g.row == time.Hour {
		for i := range 6 {
			all = append(all, tick{at: float64(i) * 100 / 6, text: fmt.Sprintf(":%02d", i*10)})
		}
		return all
	}
	for i := range 9 {
		all = append(all, tick{at: float64(i) * 100 / 8, text: fmt.Sprintf("%02d:00", i*3), minor: i%2 == 1})
	}
	return all
}
