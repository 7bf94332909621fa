package chart

import (
	"fmt"
	"html/template"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
)

// Day are the slots of a UTC day, or of the part of it that counts.
type Day struct {
	// From is the start of the first slot.
	From time.Time
	// Filled and Unhealthy have a bit for each slot from there on: those with a
	// beat, and those of them in which the host did not call itself healthy.
	Filled, Unhealthy *coverage.Bitmap
}

// within returns which of a day's slots begin in w, as [begin, end).
func (d Day) within(w longrun.Window, interval time.Duration) (begin, end int) {
	before := func(t time.Time) int {
		return min(max(int((t.Sub(d.From)+interval-1)/interval), 0), d.Filled.Len())
	}
	return before(w.From), before(w.To)
}

// state is what is known of a slot, the loudest last: of several in one cell the
// greatest is drawn.
type state uint8

const (
	outside state = iota // of the window
	unknown
	written
	unhealthy
	missed
)

// Limits of how the slots are drawn.
const (
	hoursUpTo = 2 * day // rows are hours up to there, then days
	maxRuns   = 120     // of slots in one row that are drawn exactly
	cells     = 360     // of a row that has more, some one for each pixel of a phone
)

// grid is how the heat map is laid out.
type grid struct {
	class         string
	row           time.Duration
	pitch, height float64 // of a row, and of its band
}

func gridOf(w longrun.Window, interval time.Duration) grid {
	if w.To.Sub(w.From) <= hoursUpTo && time.Hour%interval == 0 {
		return grid{class: "hours", row: time.Hour, pitch: 14, height: 10}
	}
	return grid{class: "heat", row: day, pitch: 13, height: 9}
}

// Heat draws the slots of w, which are as long as interval, each as wide as its
// time: for up to two days a row is an hour and each day has its own chart, for
// longer ones a row is a day, the newest at the top. Of w that is not in days
// nothing is known, and that is drawn too; slots of days that do not begin in w are
// not drawn, and without any time there is no chart.
//
// What is missed stands above its row and never narrower than 2 pixels, what is
// written and not healthy in the lower third of it.
func Heat(w longrun.Window, interval time.Duration, days []Day) template.HTML {
	if interval <= 0 || !w.From.Before(w.To) {
		return ""
	}
	g := gridOf(w, interval)
	first := w.From.UTC().Truncate(day)
	if g.row == time.Hour {
		first = w.From.UTC().Truncate(time.Hour)
	}
	perRow := int(g.row / interval)
	rows := int((w.To.Sub(first) + g.row - 1) / g.row)
	slots := statesOf(w, interval, days, first, rows*perRow)
	d := &drawing{}
	at := func(row int) time.Time { return first.Add(time.Duration(row) * g.row) }
	if g.row == day {
		order := make([]int, 0, rows)
		for row := range rows {
			order = append(order, rows-1-row)
		}
		d.heat(g, interval, slots, order, at, fmt.Sprintf("Slots of %s to %s, a row for each day, the newest first", figures.Stamp(w.From), figures.Stamp(w.To)))
		return d.html()
	}
	for end := rows; end > 0; { // day by day, the newest first
		begin := end - 1
		for begin > 0 && at(begin-1).Day() == at(end-1).Day() {
			begin--
		}
		order := make([]int, 0, end-begin)
		for row := begin; row < end; row++ {
			order = append(order, row)
		}
		name := at(begin).Format(time.DateOnly)
		d.raw(`<p class="day">` + name + "</p>\n")
		d.heat(g, interval, slots, order, at, "Slots of "+name+", a row for each hour")
		end = begin
	}
	return d.html()
}

// statesOf are the states of n slots from first on.
func statesOf(w longrun.Window, interval time.Duration, days []Day, first time.Time, n int) []state {
	slots := make([]state, n)
	all := Day{From: first, Filled: coverage.NewBitmap(n)}
	for begin, end := all.within(w, interval); begin < end; begin++ {
		slots[begin] = unknown
	}
	for _, d := range days {
		begin, end := d.within(w, interval)
		at := int(d.From.Sub(first) / interval)
		for i := begin; i < end; i++ {
			switch {
			case !d.Filled.Has(i):
				slots[at+i] = missed
			case d.Unhealthy.Has(i):
				slots[at+i] = unhealthy
			default:
				slots[at+i] = written
			}
		}
	}
	return slots
}

// heat draws rows in the order given, with their labels beside them and the time
// above them.
func (d *drawing) heat(g grid, interval time.Duration, slots []state, order []int, at func(row int) time.Time, label string) {
	perRow := int(g.row / interval)
	lost := 0
	for _, row := range order {
		for _, s := range slots[row*perRow : (row+1)*perRow] {
			if s == missed {
				lost++
			}
		}
	}
	ticks := g.ticks()
	height := float64(len(order)) * g.pitch
	d.raw(`<div class="` + g.class + `"><span></span>`)
	d.open(16, "")
	d.times(ticks, 12)
	d.close()
	d.raw(`<ol aria-hidden="true">`)
	for i, row := range order {
		name := at(row).Format("15")
		if g.row == day {
			if name = at(row).Format("01-02"); i == 0 || at(row).Day() == 1 {
				name = at(row).Format("06-01-02")
			}
		}
		d.raw("<li>" + name + "</li>")
	}
	d.raw("</ol>")
	d.open(height, fmt.Sprintf("%s: %s missed", label, figures.Plural(lost, "slot")))
	d.axis(ticks, 0, height)
	for i, row := range order {
		d.row(g, interval, float64(i)*g.pitch, at(row), slots[row*perRow:(row+1)*perRow])
	}
	d.close()
	d.raw("</div>\n")
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

// run is slots of one state beside each other.
type run struct {
	state      state
	begin, end int
	slots      int // of that state
}

// runsOf joins slots of one state. Where they are too many to be seen, they are
// first put into cells, of which each has the state of its loudest slot.
func runsOf(slots []state) []run {
	runs := join(slots)
	if len(runs) <= maxRuns || len(slots) <= cells {
		return runs
	}
	coarse := make([]state, len(slots))
	for cell := range cells {
		begin, end := cell*len(slots)/cells, (cell+1)*len(slots)/cells
		loudest := slices.Max(slots[begin:end])
		for i := begin; i < end; i++ {
			coarse[i] = loudest
		}
	}
	runs = join(coarse)
	for i := range runs {
		runs[i].slots = 0
		for _, s := range slots[runs[i].begin:runs[i].end] {
			if s == runs[i].state {
				runs[i].slots++
			}
		}
	}
	return runs
}

func join(slots []state) (runs []run) {
	for i, s := range slots {
		if i == 0 || runs[len(runs)-1].state != s {
			runs = append(runs, run{state: s, begin: i})
		}
		runs[len(runs)-1].end = i + 1
		runs[len(runs)-1].slots++
	}
	return runs
}

// row draws one row: the band of what was written, and on it first what was not
// healthy and then what was missed.
func (d *drawing) row(g grid, interval time.Duration, y float64, start time.Time, slots []state) {
	width := 100 / float64(len(slots))
	place := func(r run) (x, w float64) { return float64(r.begin) * width, float64(r.end-r.begin) * width }
	title := func(r run, what string) string {
		from, to := start.Add(time.Duration(r.begin)*interval), start.Add(time.Duration(r.end)*interval)
		return fmt.Sprintf("%s to %s: %s %s", figures.Stamp(from), clockTime(to), figures.Plural(r.slots, "slot"), what)
	}
	known := make([]state, len(slots))
	for i, s := range slots {
		known[i] = min(s, written)
	}
	for _, r := range join(known) {
		switch x, w := place(r); r.state {
		case written:
			d.rect("f", x, w, y+3, g.height, "")
		case unknown:
			d.rect("n", x, w, y+3.5, g.height-1, title(r, "not known"))
		case outside, unhealthy, missed:
		}
	}
	runs := runsOf(slots)
	for _, r := range runs {
		if x, w := place(r); r.state == unhealthy {
			third := float64(int(g.height / 3))
			d.rect("u", x, w, y+3+g.height-third, third, title(r, "written, but not healthy"))
		}
	}
	for _, r := range runs {
		if x, w := place(r); r.state == missed {
			d.rect("m", x, w, y+2, g.height, title(r, "missed"))
		}
	}
}

// clockTime is a time of day, to the second where it is not a whole minute.
func clockTime(t time.Time) string {
	if t.Second() != 0 {
		return t.Format("15:04:05")
	}
	return t.Format("15:04")
}
