package chart

import (
	"fmt"
	"html/template"
	"math"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
)

// MonthDay is what is known of one UTC day.
type MonthDay struct {
	Count
	// From is its start. A day that has no slots is drawn as not known, or, where it
	// lies in the future, not at all.
	From   time.Time
	Future bool
	// Link leads to the day; empty where it leads nowhere.
	Link string
}

// Height of the bar of a missed minute and of a missed day, in per cent.
const (
	leastBar = 26.0
	moreBar  = 68.0
)

// Month draws the days of a month side by side, each in a place of 31: rect.f for a
// day, rect.u below it where some of it was not healthy, and rect.m that grows with the
// logarithm of what was missed, so that one minute is a quarter of the height. Its
// height is the page's to say.
func Month(days []MonthDay, slots Slots) template.HTML {
	d := &drawing{b: make([]byte, 0, 4096)}
	d.b = append(d.b, `<svg class="c" aria-hidden="true">`...)
	const place, width = 100.0 / 31, 2.77
	for _, day := range days {
		if day.Future {
			continue
		}
		x := float64(day.From.Day()-1) * place
		if day.Link != "" {
			d.b = append(d.b, `<a tabindex="-1" href="`...)
			d.text(day.Link)
			d.b = append(d.b, `">`...)
		}
		title := day.From.Format("2 Jan 2006") + ": not known"
		if day.Expected > 0 {
			title = fmt.Sprintf("%s: %s of %s missed", day.From.Format("2 Jan 2006"), figures.Count(day.Missed), slots.Name(day.Expected))
			if day.Unhealthy > 0 {
				title += ", " + figures.Count(day.Unhealthy) + " not healthy"
			}
		}
		d.b = append(d.b, "<title>"...)
		d.text(title)
		d.b = append(d.b, "</title>"...)
		ground := "f"
		if day.Expected == 0 {
			ground = "n"
		}
		d.share(ground, x, 30, width, 70)
		if day.Unhealthy > 0 {
			d.share("u", x, 88, width, 12)
		}
		if day.Missed > 0 {
			d.bar(x, width, day.Missed, max(day.Expected, 2))
		}
		if day.Link != "" {
			d.b = append(d.b, "</a>"...)
		}
	}
	return d.svg()
}

// bar draws how much of a day was missed, with the number where there is room.
func (d *drawing) bar(x, width float64, missed, of int) {
	height := leastBar + moreBar*math.Log(float64(missed))/math.Log(float64(max(of, 1440)))
	d.share("m k", x, 100-height, width, height)
	class, y, dy := "i", 100-height, "-4"
	if height > 70 {
		class, dy = "i inv", "13"
	}
	d.b = append(d.b, `<text text-anchor="middle" class="`...)
	d.b = append(d.b, class...)
	d.b = append(d.b, `" dy="`...)
	d.b = append(d.b, dy...)
	d.b = append(d.b, '"')
	d.attr("x", x+width/2, "%")
	d.attr("y", y, "%")
	d.b = append(d.b, '>')
	if missed < 1000 { // there is no room for more
		d.text(figures.Count(missed))
	}
	d.b = append(d.b, "</text>"...)
}

// share draws one whose place and size are in per cent.
func (d *drawing) share(class string, x, y, width, height float64) {
	d.b = append(d.b, `<rect class="`...)
	d.b = append(d.b, class...)
	d.b = append(d.b, '"')
	d.attr("x", x, "%")
	d.attr("y", y, "%")
	d.attr("width", width, "%")
	d.attr("height", height, "%")
	d.b = append(d.b, "/>"...)
}
