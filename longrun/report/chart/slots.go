package chart

import (
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
)

// Slots are what is known of each slot of a time. What lies before it is not known,
// and what lies behind it is to come; of one without any slot nothing is known.
type Slots struct {
	// From is the start of the first slot.
	From time.Time
	// Interval is how long a slot is.
	Interval time.Duration
	// Filled and Healthy have a bit for each slot from there on, as in ledger.Survey:
	// those with a beat, and those of them in which the host called itself healthy.
	Filled, Healthy *coverage.Bitmap
	// Unknown has one for those with a beat that does not say how the host was. Default:
	// each says it.
	Unknown *coverage.Bitmap
}

// state is what is known of a slot, the loudest last: of several in one cell the
// greatest is drawn.
type state uint8

const (
	outside state = iota // of what is drawn, or to come
	unknown
	written
	silent // written, and nobody knows whether the host was healthy
	unhealthy
	missed
)

// len is how many slots are known.
func (s Slots) len() int {
	if s.Filled == nil {
		return 0
	}
	return s.Filled.Len()
}

// at is the state of a slot, counted from From.
func (s Slots) at(i int) state {
	switch {
	case i < 0 || s.len() == 0:
		return unknown
	case i >= s.len():
		return outside
	case !s.Filled.Has(i):
		return missed
	case s.Unknown.Has(i):
		return silent
	case !s.Healthy.Has(i):
		return unhealthy
	}
	return written
}

// until is where the slots end that have the state of slot i, from there on; at most end.
func (s Slots) until(i, end int) int {
	switch s.at(i) {
	case unknown:
		if n := s.len(); i < 0 && n > 0 {
			return min(0, end)
		}
		return end
	case missed:
		return min(s.Filled.Next(i, true), end)
	case silent:
		return min(s.Filled.Next(i, false), s.next(s.Unknown, i, false), end)
	case unhealthy:
		return min(s.Filled.Next(i, false), s.next(s.Healthy, i, true), s.next(s.Unknown, i, true), end)
	case written:
		return min(s.Filled.Next(i, false), s.next(s.Healthy, i, false), s.next(s.Unknown, i, true), end)
	case outside:
	}
	return end
}

// next is the next slot that is set in a bitmap, or is not: none behind it is.
func (s Slots) next(b *coverage.Bitmap, i int, set bool) int {
	if b == nil {
		return s.len() // only what is set is looked for in one that may be nil
	}
	if at := b.Next(i, set); at < b.Len() || !set {
		return at
	}
	return s.len()
}

// Explain are the kinds for Key with what else there is to explain: slots of which
// nobody knows whether the host was healthy.
func (s Slots) Explain(kinds ...Kind) []Kind {
	if s.Unknown.Count() > 0 {
		return append(kinds, InSilence)
	}
	return kinds
}

// runs are the slots of [first, end), numbered from first.
func (s Slots) runs(first, end int) (runs []run) {
	for i := first; i < end; {
		to := s.until(i, end)
		runs = append(runs, run{s.at(i), i - first, to - first, to - i})
		i = to
	}
	return runs
}

// index is the first slot that begins at t or later, counted from From.
func (s Slots) index(t time.Time) int {
	d := t.Sub(s.From)
	i := int(d / s.Interval)
	if d%s.Interval > 0 {
		i++
	}
	return i
}

// start is when a slot begins.
func (s Slots) start(i int) time.Time { return s.From.Add(time.Duration(i) * s.Interval) }

// Count says how many slots were expected, and how many of them were missed, written
// and not healthy, or written and not known to be either.
type Count struct{ Expected, Missed, Unhealthy, Unknown int }

// Count counts the slots that begin in w.
func (s Slots) Count(w longrun.Window) (c Count) {
	if s.Interval <= 0 || s.len() == 0 {
		return Count{}
	}
	for i, end := max(0, s.index(w.From)), min(s.len(), s.index(w.To)); i < end; {
		to := s.until(i, end)
		c.Expected += to - i
		switch s.at(i) {
		case missed:
			c.Missed += to - i
		case unhealthy:
			c.Unhealthy += to - i
		case silent:
			c.Unknown += to - i
		case outside, unknown, written:
		}
		i = to
	}
	return c
}

// clip is the part of a window that lies in another, empty where none does.
func clip(w, in longrun.Window) longrun.Window {
	if w.From.Before(in.From) {
		w.From = in.From
	}
	if in.To.Before(w.To) {
		w.To = in.To
	}
	if w.To.Before(w.From) {
		w.To = w.From
	}
	return w
}

// Limits of how the slots of one row are drawn.
const (
	maxRuns = 120 // that are drawn exactly
	cells   = 360 // of a row that has more, some one for each pixel of a phone
)

// run is slots of one state beside each other, numbered from the row's first.
type run struct {
	state      state
	begin, end int
	slots      int // of that state
}

// drawn are the runs of a row of n slots as they are drawn. Where they are too many to
// be seen, they are put into cells, of which each has the state of its loudest slot.
func drawn(runs []run, n int) []run {
	if len(runs) <= maxRuns || n <= cells {
		return runs
	}
	var coarse []run
	first := 0 // the run that the cell begins in
	for cell := range cells {
		begin, end := cell*n/cells, (cell+1)*n/cells
		for runs[first].end <= begin {
			first++
		}
		loud := run{outside, begin, end, 0}
		for i := first; i < len(runs) && runs[i].begin < end; i++ {
			part := min(runs[i].end, end) - max(runs[i].begin, begin)
			switch {
			case runs[i].state > loud.state:
				loud.state, loud.slots = runs[i].state, part
			case runs[i].state == loud.state:
				loud.slots += part
			}
		}
		coarse = append(coarse, loud)
	}
	return join(coarse)
}

// join makes one of runs that have the same state and lie beside each other.
func join(runs []run) (joined []run) {
	for _, r := range runs {
		if n := len(joined); n > 0 && joined[n-1].state == r.state {
			joined[n-1].end = r.end
			joined[n-1].slots += r.slots
			continue
		}
		joined = append(joined, r)
	}
	return joined
}

// band is where a row of slots lies on a chart, in pixels, and how far what was missed
// stands above it.
type band struct{ y, height, over float64 }

// row draws the slots that begin in the time row, of which what lies outside of shown
// is left out: the band of what was written, and on it first what was not healthy, or
// not known to be, and then what was missed.
func (d *drawing) row(s Slots, row, shown longrun.Window, b band) {
	shown = clip(row, shown)
	first, end := s.index(shown.From), s.index(shown.To)
	if first >= end {
		return
	}
	all := s.runs(first, end)
	known := slices.Clone(all)
	for i := range known {
		known[i].state = min(known[i].state, written)
	}
	on := scale{row}
	place := func(r run) (x, width float64) {
		x = on.x(s.start(first + r.begin))
		return x, on.x(s.start(first+r.end)) - x
	}
	title := func(r run, what string) string {
		from, to := s.start(first+r.begin), s.start(first+r.end)
		return figures.Stamp(from) + " to " + clockTime(to) + ": " + figures.Plural(r.slots, "slot") + " " + what
	}
	for _, r := range join(known) {
		switch x, width := place(r); r.state {
		case written:
			d.rect("f", x, width, b.y, b.height, "")
		case unknown:
			d.rect("n", x, width, b.y+0.5, b.height-1, title(r, "not known"))
		case outside, silent, unhealthy, missed:
		}
	}
	runs := drawn(all, end-first)
	for _, r := range runs {
		third := float64(int(b.height / 3))
		switch x, width := place(r); r.state {
		case unhealthy:
			d.rect("u", x, width, b.y+b.height-third, third, title(r, "written, but not healthy"))
		case silent:
			d.rect("n", x, width, b.y+b.height-third+0.5, third-1, title(r, "written, health not known"))
		case outside, unknown, written, missed:
		}
	}
	for _, r := range runs {
		if x, width := place(r); r.state == missed {
			d.rect("m", x, width, b.y-b.over+1, b.height+b.over-2, title(r, "missed"))
		}
	}
}

// clockTime is a time of day, to the second where it is not a whole minute.
func clockTime(t time.Time) string {
	t = t.UTC()
	if t.Second() != 0 {
		return t.Format("15:04:05")
	}
	return t.Format("15:04")
}
