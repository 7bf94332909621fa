package chart

import (
	"fmt"
	"html/template"
	"math"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/longrun"
)

// Calendar draws the days of w, a row for each month, the newest at the top, and in
// it a bar for each day: the taller, the more slots of it were missed, and one is a
// quarter of the whole already. An underline are days with slots that were written
// and not healthy. A day of w that is not in days is one of which nothing is known.
// Without any time there is no chart.
func Calendar(w longrun.Window, interval time.Duration, days []Day) template.HTML {
	if interval <= 0 || !w.From.Before(w.To) {
		return ""
	}
	counts := map[time.Time]count{}
	for _, d := range days {
		begin, end := d.within(w, interval)
		c := counts[longrun.DayOf(d.From).From]
		for i := begin; i < end; i++ {
			c.expected++
			switch {
			case !d.Filled.Has(i):
				c.missed++
			case d.Unhealthy.Has(i):
				c.unhealthy++
			}
		}
		counts[longrun.DayOf(d.From).From] = c
	}
	d := &drawing{}
	d.raw(`<div class="mhead"><span class="vh">Month</span>`)
	d.open(14, "")
	for _, n := range []int{1, 5, 10, 15, 20, 25, 31} {
		x, anchor := float64(n-1)*cellWidth+barWidth/2, "middle"
		if n == 31 {
			x, anchor = 100, "end"
		}
		class := ""
		if n%10 == 5 {
			class = "t2"
		}
		d.text(class, x, 11, anchor, fmt.Sprint(n))
	}
	d.close()
	d.raw("<span>missed</span><span class=\"wide\">coverage</span></div>\n<div class=\"cal\">\n")
	last := w.To.UTC().Add(-time.Nanosecond)
	month := time.Date(last.Year(), last.Month(), 1, 0, 0, 0, 0, time.UTC)
	for year := 0; month.AddDate(0, 1, 0).After(w.From); month = month.AddDate(0, -1, 0) {
		if month.Year() != year {
			year = month.Year()
			d.raw(fmt.Sprintf("<p class=\"year\">%d</p>\n", year))
		}
		d.month(w, interval, month, counts)
	}
	d.raw("</div>\n")
	return d.html()
}

// count is what there was in a day, or a month.
type count struct{ expected, missed, unhealthy int }

const (
	cellWidth = 100.0 / 31
	barWidth  = cellWidth * 0.86
)

// month draws one row.
func (d *drawing) month(w longrun.Window, interval time.Duration, month time.Time, counts map[time.Time]count) {
	var sum count
	hit := 0
	for at := month; at.Month() == month.Month(); at = at.AddDate(0, 0, 1) {
		c := counts[at]
		sum.expected, sum.missed = sum.expected+c.expected, sum.missed+c.missed
		if c.missed > 0 {
			hit++
		}
	}
	said := month.Format("January 2006") + ": nothing is known"
	if sum.expected > 0 {
		said = fmt.Sprintf("%s: %s of %s slots missed, on %s", month.Format("January 2006"), figures.Count(sum.missed), figures.Count(sum.expected), figures.Plural(hit, "day"))
	}
	d.raw(`<div class="month"><span><span aria-hidden="true">` + month.Format("Jan") + `</span><span class="vh">`)
	d.words(said)
	d.raw("</span></span>")
	d.open(0, "")
	for at := month; at.Month() == month.Month(); at = at.AddDate(0, 0, 1) {
		if at.Before(w.To) && at.Add(day).After(w.From) {
			d.day(interval, at, counts[at])
		}
	}
	d.close()
	lost, share := "–", "–"
	if sum.expected > 0 {
		lost, share = "0", figures.Percent(sum.expected-sum.missed, sum.expected)
	}
	if sum.missed > 0 {
		lost = figures.Length(time.Duration(sum.missed) * interval)
		d.raw(`<span class="sum" aria-hidden="true"><b>` + lost + "</b></span>")
	} else {
		d.raw(`<span class="sum" aria-hidden="true">` + lost + "</span>")
	}
	d.raw(`<span class="cov">` + share + "</span></div>\n")
}

// day draws one bar.
func (d *drawing) day(interval time.Duration, at time.Time, c count) {
	x := float64(at.Day()-1) * cellWidth
	said := fmt.Sprintf("%s: %s of %s slots missed", at.Format(time.DateOnly), figures.Count(c.missed), figures.Count(c.expected))
	if c.unhealthy > 0 {
		said += fmt.Sprintf(", %s written, but not healthy", figures.Count(c.unhealthy))
	}
	if c.expected == 0 {
		said = at.Format(time.DateOnly) + ": not known"
	}
	d.raw("<g><title>")
	d.words(said)
	d.raw("</title>")
	if c.expected == 0 {
		d.bar("n", x+0.1, barWidth-0.2, 32, 66)
		d.raw("</g>\n")
		return
	}
	d.bar("f", x, barWidth, 30, 70)
	if c.unhealthy > 0 {
		d.bar("u", x, barWidth, 88, 12)
	}
	if c.missed > 0 {
		height := tall(c.missed, int(day/interval))
		d.bar("m k", x+0.16, barWidth-0.32, 98-height, height)
		d.amount(x+barWidth/2, height, figures.Count(c.missed))
	}
	d.raw("</g>\n")
}

// tall is how high a bar is: a quarter for one slot, nearly all for a whole day.
func tall(missed, slots int) float64 {
	if missed >= slots {
		return 94
	}
	return 26 + 68*math.Log(float64(missed))/math.Log(float64(slots))
}

// amount writes how many were missed, above the bar, or in it where it is tall.
func (d *drawing) amount(x, height float64, n string) {
	class, dy := "i", "-4"
	if height >= 70 {
		class, dy = "inv", "13"
	}
	d.raw("<text")
	d.attr("class", class)
	d.share("x", x)
	d.share("y", 98-height)
	d.raw(` dy="` + dy + `" text-anchor="middle">` + n + "</text>")
}
