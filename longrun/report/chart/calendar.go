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
// and not healthy, a dashed one those of which nobody knows it. A day without slots is one of which nothing is known; one that is
// to come is not drawn. A bar, and a month's name by its worst day, lead where link
// says; nil leads nowhere. Without any time there is no chart.
func Calendar(w longrun.Window, s Slots, link DayLink) template.HTML {
	if s.Interval <= 0 || !w.From.Before(w.To) {
		return ""
	}
	c := calendar{w: w, slots: s, link: link}
	c.raw(`<div class="mhead"><span class="vh">Month</span>`)
	c.open(14, "")
	for _, n := range []int{1, 5, 10, 15, 20, 25, 31} {
		x, anchor := float64(n-1)*cellWidth+barWidth/2, "middle"
		if n == 31 {
			x, anchor = 100, "end"
		}
		class := ""
		if n%10 == 5 {
			class = "t2"
		}
		c.text(class, x, 11, anchor, fmt.Sprint(n))
	}
	c.close()
	c.raw("<span>missed</span><span class=\"wide\">coverage</span></div>\n<div class=\"cal\">\n")
	last := w.To.UTC().Add(-time.Nanosecond)
	month := time.Date(last.Year(), last.Month(), 1, 0, 0, 0, 0, time.UTC)
	for year := 0; month.AddDate(0, 1, 0).After(w.From); month = month.AddDate(0, -1, 0) {
		if month.Year() != year {
			year = month.Year()
			c.raw(fmt.Sprintf("<p class=\"year\">%d</p>\n", year))
		}
		c.month(month)
	}
	c.raw("</div>\n")
	return c.html()
}

// calendar is one that is drawn.
type calendar struct {
	drawing
	w     longrun.Window
	slots Slots
	link  DayLink
}

const (
	cellWidth = 100.0 / 31
	barWidth  = cellWidth * 0.86
)

// month draws one row.
func (c *calendar) month(month time.Time) {
	var sum, worst Count
	hit, worstDay := 0, month
	days := make([]Count, 0, 31)
	for at := month; at.Month() == month.Month(); at = at.AddDate(0, 0, 1) {
		one := c.slots.Count(clip(longrun.DayOf(at), c.w))
		days = append(days, one)
		sum.Expected, sum.Missed = sum.Expected+one.Expected, sum.Missed+one.Missed
		if one.Missed > 0 {
			hit++
		}
		if one.Missed > worst.Missed {
			worst, worstDay = one, at
		}
	}
	said := month.Format("January 2006") + ": nothing is known"
	if sum.Expected > 0 {
		said = fmt.Sprintf("%s: %s of %s slots missed", month.Format("January 2006"), figures.Count(sum.Missed), figures.Count(sum.Expected))
	}
	if hit > 0 {
		said += fmt.Sprintf(", on %s, most on %s", figures.Plural(hit, "day"), worstDay.Format(time.DateOnly))
	}
	name := `<span aria-hidden="true">` + month.Format("Jan") + `</span><span class="vh">` + said + "</span>"
	c.raw(`<div class="month"><span>`)
	if hit > 0 {
		c.linked(c.link, worstDay, "", name)
	} else {
		c.raw(name)
	}
	c.raw("</span>")
	c.open(0, "")
	for i, one := range days {
		if at := month.AddDate(0, 0, i); at.Before(c.w.To) && at.Add(day).After(c.w.From) {
			c.day(at, one)
		}
	}
	c.close()
	lost, share := "–", "–"
	if sum.Expected > 0 {
		lost, share = "0", figures.Percent(sum.Expected-sum.Missed, sum.Expected)
	}
	if sum.Missed > 0 {
		lost = "<b>" + figures.Length(time.Duration(sum.Missed)*c.slots.Interval) + "</b>"
	}
	c.raw(`<span class="sum" aria-hidden="true">` + lost + `</span><span class="cov">` + share + "</span></div>\n")
}

// day draws one bar.
func (c *calendar) day(at time.Time, n Count) {
	if n.Expected == 0 && c.slots.at(c.slots.index(at)) == outside {
		return // to come
	}
	x := float64(at.Day()-1) * cellWidth
	said := fmt.Sprintf("%s: %s of %s slots missed", at.Format(time.DateOnly), figures.Count(n.Missed), figures.Count(n.Expected))
	if n.Unhealthy > 0 {
		said += fmt.Sprintf(", %s written, but not healthy", figures.Count(n.Unhealthy))
	}
	if n.Unknown > 0 {
		said += fmt.Sprintf(", %s written, health not known", figures.Count(n.Unknown))
	}
	bar := &drawing{}
	if n.Expected == 0 {
		said = at.Format(time.DateOnly) + ": not known"
		bar.bar("n", x+0.1, barWidth-0.2, 32, 66)
	} else {
		bar.bar("f", x, barWidth, 30, 70)
	}
	switch {
	case n.Unhealthy > 0:
		bar.bar("u", x, barWidth, 88, 12)
	case n.Unknown > 0:
		bar.bar("n", x+0.1, barWidth-0.2, 88, 10)
	}
	if n.Missed > 0 {
		height := tall(n.Missed, int(day/c.slots.Interval))
		bar.bar("m k", x+0.16, barWidth-0.32, 98-height, height)
		if n.Missed < 1000 { // there is no room for more
			bar.amount(x+barWidth/2, height, figures.Count(n.Missed))
		}
	}
	c.raw("<g><title>" + said + "</title>")
	c.linked(c.link, at, ` tabindex="-1"`, string(bar.b))
	c.raw("</g>\n")
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
