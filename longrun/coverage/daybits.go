package coverage

import (
	"iter"
	"maps"
	"math/bits"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// day holds the slots of one day of a Counter: which are filled, in which of those
// a beat said that the host was not healthy, in which one did not say how it was, and
// which only a bitmap, or beats that were made for slots of another length, filled so
// far.
type day struct {
	start        longrun.Slot
	filled, sick *Bitmap
	silent       *Bitmap // nil where each beat says how the host was
	unseen       *Bitmap // nil where each was filled by a beat made for it
}

// dayOf returns the day that the slot lies in. Where there is none yet it is
// made, or nil if add is false.
func (t *Counter) dayOf(s longrun.Slot, add bool) *day {
	if d := t.day; d != nil && uint64(s-d.start) < uint64(d.filled.n) {
		return d
	}
	per := longrun.Slot(24 * time.Hour / t.interval)
	number := int64(longrun.SlotAt(s.Start(t.interval), 24*time.Hour))
	d := t.days[number]
	if d == nil && add {
		d = newDay(longrun.Slot(number)*per, int(per))
		t.days[number] = d
	}
	if d != nil {
		t.day = d
	}
	return d
}

// newDay returns a day of n empty slots, in two pieces of memory.
func newDay(start longrun.Slot, n int) *day {
	words := make([]uint64, 2*((n+63)/64))
	half := len(words) / 2
	of := &struct {
		day
		filled, sick Bitmap
	}{day{start: start}, Bitmap{n: n, words: words[:half:half]}, Bitmap{n: n, words: words[half:]}}
	of.day.filled, of.day.sick = &of.filled, &of.sick
	return &of.day
}

// fill marks the slot and reports whether it was empty. A slot is healthy while
// all its beats say so, whatever their order, and unhealthy when one says that.
func (t *Counter) fill(s longrun.Slot, h *longrun.Heartbeat) bool {
	d := t.dayOf(s, true)
	i := uint(s - d.start)
	bit := uint64(1) << (i & 63)
	switch {
	case h.Healthy:
	case h.HealthUnknown:
		d.silentBits().words[i>>6] |= bit
	default:
		d.sick.words[i>>6] |= bit
	}
	word := &d.filled.words[i>>6]
	fresh := *word&bit == 0
	*word |= bit
	return fresh
}

// seen notes a beat of a filled slot, and reports whether it is the first that was
// made for it.
func (t *Counter) seen(s longrun.Slot) bool {
	d := t.dayOf(s, false)
	i := int(s - d.start)
	if d.unseen == nil || !d.unseen.Has(i) {
		return false
	}
	d.unseen.clear(i)
	return true
}

// unsee notes that a slot was filled, and not by a beat that was made for it.
func (t *Counter) unsee(s longrun.Slot) {
	d := t.dayOf(s, true)
	d.unseenBits().Set(int(s - d.start))
}

// unseenBits returns the slots of the day that no beat of their own filled.
func (d *day) unseenBits() *Bitmap {
	if d.unseen == nil {
		d.unseen = NewBitmap(d.filled.n)
	}
	return d.unseen
}

// silentBits returns the slots of the day of which a beat does not say how the host was.
func (d *day) silentBits() *Bitmap {
	if d.silent == nil {
		d.silent = NewBitmap(d.filled.n)
	}
	return d.silent
}

// counts are how many slots of the day are filled, healthy, and not known to be either.
func (d *day) counts() (filled, healthy, unknown int) {
	filled = d.filled.Count()
	healthy = filled - d.sick.Count()
	if d.silent != nil {
		for i, w := range d.silent.words {
			unknown += bits.OnesCount64(w &^ d.sick.words[i])
		}
	}
	return filled, healthy - unknown, unknown
}

func (t *Counter) has(s longrun.Slot) bool {
	d := t.dayOf(s, false)
	return d != nil && d.filled.Has(int(s-d.start))
}

// runs yields the filled slots of all days as [from, to), in order. A run is cut
// at the end of its day.
func (t *Counter) runs() iter.Seq2[longrun.Slot, longrun.Slot] {
	return func(yield func(from, to longrun.Slot) bool) {
		for _, number := range slices.Sorted(maps.Keys(t.days)) {
			d := t.days[number]
			for from, to := range d.filled.Runs() {
				if !yield(d.start+longrun.Slot(from), d.start+longrun.Slot(to)) {
					return
				}
			}
		}
	}
}

// Bitmaps returns the counted slots of the window, the first of them as bit 0:
// which are filled, which of those are healthy, and of which nobody knows it: nil
// where that is of none. A rollup stores them, and AddBitmap takes them back.
func (t *Counter) Bitmaps() (filled, healthy, unknown *Bitmap) {
	n := int(t.end - t.first)
	filled, healthy = NewBitmap(n), NewBitmap(n)
	for _, d := range t.days {
		off := int(d.start - t.first)
		filled.or(d.filled, off)
		healthy.or(d.filled, off)
		healthy.andNot(d.sick, off)
		if d.silent == nil {
			continue
		}
		healthy.andNot(d.silent, off)
		silent := NewBitmap(d.silent.n)
		silent.or(d.silent, 0)
		silent.andNot(d.sick, 0)
		if silent.Count() == 0 {
			continue
		}
		if unknown == nil {
			unknown = NewBitmap(n)
		}
		unknown.or(silent, off)
	}
	return filled, healthy, unknown
}

// AddBitmap counts the slots of a time whose beats were counted before, such as
// a day with a rollup: filled, healthy and unknown as Bitmaps gave them, bit 0 being
// the slot that from lies in, and the gaps that were found then. A year of days
// costs about a millisecond. What lies outside the window is ignored.
//
// A bitmap does not know who wrote: a gap beside its slots keeps the cause and
// the instances that gaps say, and so does one that cannot be explained any more.
// Where gaps were joined, at midnight for example, the newest that says more than
// Unknown or Ongoing decides. Beats of these slots may be added too, such as the
// first and the last of the day, and then explain the gaps at its ends; a slot
// counts once. Drift stays that of the beats that were added one by one. Without
// filled nothing is added, without healthy no slot is healthy, and without unknown of
// each it is known.
func (t *Counter) AddBitmap(from time.Time, filled, healthy, unknown *Bitmap, gaps ...longrun.Gap) {
	if t.sec == 0 || filled == nil {
		return
	}
	if healthy == nil {
		healthy = NewBitmap(0)
	}
	t.restored = append(t.restored, gaps...)
	base := longrun.SlotAt(from, t.interval)
	lo, hi := max(base, t.first), min(base+longrun.Slot(filled.n), t.end)
	for lo < hi {
		d := t.dayOf(lo, true)
		upTo := min(hi, d.start+longrun.Slot(d.filled.n))
		d.unseenBits()
		d.restore(filled, healthy, unknown, int(base-d.start), int(lo-d.start), int(upTo-d.start))
		lo = upTo
	}
}

// restore fills the slots [from, to) of the day that are filled in a bitmap whose
// first slot is off here. It works in whole words and makes nothing: a year is
// done in well under a millisecond.
func (d *day) restore(filled, healthy, unknown *Bitmap, off, from, to int) {
	for k := from >> 6; k<<6 < to; k++ {
		part := filled.chunk(64*k-off) & mask(from-64*k, to-64*k)
		d.unseen.words[k] |= part &^ d.filled.words[k]
		d.filled.words[k] |= part
		sick := part &^ healthy.chunk(64*k-off)
		if unknown != nil {
			if silent := sick & unknown.chunk(64*k-off); silent != 0 {
				d.silentBits().words[k] |= silent
				sick &^= silent
			}
		}
		d.sick.words[k] |= sick
	}
}

// mask has the bits [from, to) of a word; from may lie before it and to behind.
func mask(from, to int) uint64 {
	w := ^uint64(0)
	if from > 0 {
		w <<= from
	}
	if to < 64 {
		w &= 1<<to - 1
	}
	return w
}

// recall completes a gap from what AddBitmap was told, where a beat on one of
// its sides was never seen or no cause was found. restored is in order of From.
// Where edged, the beats beside gaps that were joined are all known, and what is
// found from them holds, not what was found of a part.
func recallGap(g *longrun.Gap, restored []longrun.Gap, before, after, edged bool) {
	if before && after && g.Cause != longrun.Unknown {
		return
	}
	for _, r := range restored {
		if !r.From.Before(g.To) {
			return
		}
		if !r.To.After(g.From) {
			continue
		}
		if !before && !r.From.After(g.From) {
			g.Before = r.Before
		}
		if !after && !r.To.Before(g.To) {
			g.After = r.After
		}
		if edged && (r.From.After(g.From) || r.To.Before(g.To)) {
			continue
		}
		if g.Cause != longrun.Ongoing && r.Cause != longrun.Ongoing && r.Cause != longrun.Unknown && r.Cause != "" {
			g.Cause = r.Cause
		}
	}
}
