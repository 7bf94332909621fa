package chart

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
)

// Slots are what is known of each slot of a time.
type Slots struct {
	// From is the start of the first slot. What lies before it is not known, and what
	// lies behind the last bit is to come.
	From     time.Time
	Interval time.Duration
	// Filled and Healthy have a bit for each slot from there on, as in ledger.Survey.
	Filled, Healthy *coverage.Bitmap
}

// condition is how a slot is.
type condition int

const (
	toCome condition = iota
	notKnown
	written
	notHealthy
	missed
)

// at is how a slot is, counted from From.
func (s Slots) at(i int) condition {
	switch {
	case i < 0:
		return notKnown
	case i >= s.Filled.Len():
		return toCome
	case !s.Filled.Has(i):
		return missed
	case !s.Healthy.Has(i):
		return notHealthy
	}
	return written
}

// index is the first slot that begins at t or later, counted from From.
func (s Slots) index(t time.Time) int {
	return int(math.Ceil(float64(t.Sub(s.From)) / float64(s.Interval)))
}

// Count says how a time was.
type Count struct{ Expected, Missed, Unhealthy int }

// Count counts the slots that begin in w.
func (s Slots) Count(w longrun.Window) (c Count) {
	for i, end := max(0, s.index(w.From)), min(s.Filled.Len(), s.index(w.To)); i < end; i++ {
		c.Expected++
		switch s.at(i) {
		case missed:
			c.Missed++
		case notHealthy:
			c.Unhealthy++
		case toCome, notKnown, written:
		}
	}
	return c
}

// Name is what a number of slots is called: minutes, where they are as long.
func (s Slots) Name(n int) string {
	noun := "slot"
	if s.Interval == time.Minute {
		noun = "minute"
	}
	return figures.Plural(n, noun)
}

// maxRuns is how many runs a row has before it is drawn in cells.
const maxRuns = 120

// rowCells is how many cells such a row has: those that a phone can show apart.
const rowCells = 360

// Row is one row of Rows: a time, its place and its height in pixels.
type Row struct {
	Window longrun.Window
	Y, H   float64
}

// Rows draws the slots of each row's time across the whole width, in per cent of
// it; what is upright is in pixels. So nothing shrinks on a phone, and one missed
// minute of a day is seen there. It is styled by rect.f for what was written, rect.u
// where it was not healthy, which fills the lower third, rect.m for what was missed,
// which is higher than its row, and rect.n for what is not known.
func Rows(label string, height float64, slots Slots, ticks bool, rows ...Row) template.HTML {
	d := newDrawing(label, height)
	for _, r := range rows {
		if slots.Interval <= 0 || !r.Window.From.Before(r.Window.To) {
			continue
		}
		if ticks {
			d.grid(r.Window, height)
		}
		d.row(slots, r)
	}
	return d.svg()
}

// run is slots that are the same.
type run struct {
	from, to int
	is       condition
	missed   int
}

// row draws one row: first the ground of all that was written or missed, then the
// marks on it.
func (d *drawing) row(s Slots, r Row) {
	first, end := s.index(r.Window.From), s.index(r.Window.To)
	runs := s.runs(first, end, 1)
	if len(runs) > maxRuns {
		runs = s.runs(first, end, max(1, (end-first)/rowCells))
	}
	x := func(i int) float64 {
		at := s.From.Add(time.Duration(i) * s.Interval)
		return min(max(float64(at.Sub(r.Window.From))/float64(r.Window.To.Sub(r.Window.From)), 0), 1) * 100
	}
	if known, to := max(first, 0), min(end, s.Filled.Len()); known < to {
		d.rect("f", x(known), r.Y, x(to)-x(known), r.H, "")
	}
	for _, run := range runs {
		left, width := x(run.from), x(run.to)-x(run.from)
		switch run.is {
		case notKnown:
			d.rect("n", left, r.Y, width, r.H-1, "not known")
		case notHealthy:
			d.rect("u", left, r.Y+r.H*2/3, width, r.H/3, s.span(run)+": "+s.Name(run.to-run.from)+" not healthy")
		case missed:
			over := min(r.H/4, 7)
			d.rect("m", left, r.Y-over+1, width, r.H+over-2, s.span(run)+": "+s.Name(run.missed)+" missed")
		case toCome, written:
		}
	}
}

// span is a run's time for people.
func (s Slots) span(r run) string {
	from, to := s.From.Add(time.Duration(r.from)*s.Interval), s.From.Add(time.Duration(r.to)*s.Interval)
	return fmt.Sprintf("%s to %s", figures.Stamp(from), to.Format("15:04"))
}

// runs are the slots [first, end) in runs of the same, in cells of so many, in each
// of which the worst slot is the cell's.
func (s Slots) runs(first, end, cell int) (out []run) {
	for from := first; from < end; from += cell {
		to := min(from+cell, end)
		is, lost := toCome, 0
		for i := from; i < to; i++ {
			one := s.at(i)
			is = max(is, one)
			if one == missed {
				lost++
			}
		}
		if n := len(out); n > 0 && out[n-1].is == is {
			out[n-1].to, out[n-1].missed = to, out[n-1].missed+lost
			continue
		}
		out = append(out, run{from, to, is, lost})
	}
	return out
}

// drawing is an svg as wide as its place.
type drawing struct{ b []byte }

func newDrawing(label string, height float64) *drawing {
	d := &drawing{b: make([]byte, 0, 2048)}
	d.b = append(d.b, `<svg class="c" height="`...)
	d.number(height)
	if label == "" {
		d.b = append(d.b, `" aria-hidden="true">`...)
		return d
	}
	d.b = append(d.b, `" role="img" aria-label="`...)
	d.text(label)
	d.b = append(d.b, `">`...)
	return d
}

func (d *drawing) svg() template.HTML {
	return template.HTML(append(d.b, "</svg>"...)) //nolint:gosec // every text is escaped
}

func (d *drawing) number(v float64) {
	d.b = strconv.AppendFloat(d.b, math.Round(v*1000)/1000, 'f', -1, 64)
}

func (d *drawing) text(s string) { d.b = append(d.b, template.HTMLEscapeString(seen(s))...) }

func (d *drawing) attr(name string, v float64, unit string) {
	d.b = append(d.b, ' ')
	d.b = append(d.b, name...)
	d.b = append(d.b, `="`...)
	d.number(v)
	d.b = append(d.b, unit...)
	d.b = append(d.b, '"')
}

// rect draws one whose x and width are in per cent.
func (d *drawing) rect(class string, x, y, width, height float64, title string) {
	d.b = append(d.b, `<rect class="`...)
	d.b = append(d.b, class...)
	d.b = append(d.b, '"')
	d.attr("x", x, "%")
	d.attr("y", y, "")
	d.attr("width", width, "%")
	d.attr("height", height, "")
	d.end("rect", title)
}

// end closes a shape, with its title in it.
func (d *drawing) end(name, title string) {
	if title == "" {
		d.b = append(d.b, "/>"...)
		return
	}
	d.b = append(d.b, "><title>"...)
	d.text(title)
	d.b = append(d.b, "</title></"...)
	d.b = append(d.b, name...)
	d.b = append(d.b, '>')
}
