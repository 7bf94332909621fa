package coverage

import (
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// Grid is the slots of one length, and the one place that says what beats and
// rollups of other lengths fill of them: the interval of a service may change.
//
// A beat covers its own slot: the one that it was made in, of the length that its
// document says. It fills each slot of the grid that this reaches into. A beat of a
// minute fills both half minutes, and of half minutes one is enough to fill the
// minute: no slot can show what happened within it, whichever beats it is filled
// by. A beat that says no length, or one that cannot be, covers the one slot of
// the grid that it was made in.
//
// So the slots of a window are always of one length, that which was asked for, and
// whoever asks for longer ones than the beats were made for sees less. A day that is
// kept loses nothing: see Finest. In slots that are shorter than those of a service
// that begins in the midst of one, and finds a shorter slot's beat under its ID, what
// is left of its slot is missed: nobody wrote it.
type Grid struct {
	// Interval is the length of a slot. Everything here wants one that
	// longrun.ValidateInterval accepts.
	Interval time.Duration
}

// Own returns the length of a beat's own slot.
func (g Grid) Own(h longrun.Heartbeat) time.Duration { return g.own(h.ExpectedIntervalSec) }

func (g Grid) own(sec int64) time.Duration {
	if own := lengthOf(sec); longrun.ValidateInterval(own) == nil {
		return own
	}
	return g.Interval
}

// lengthOf is a length that a document says. No product may wrap around into one
// that is valid.
func lengthOf(sec int64) time.Duration {
	return time.Duration(min(max(sec, 0), 86_401)) * time.Second
}

// Covers returns the slots [first, end) that a beat fills.
func (g Grid) Covers(h longrun.Heartbeat) (first, end longrun.Slot) {
	return g.covers(h.TS, g.Own(h))
}

// covers is Covers of a beat that was made at ts for a slot of the length own.
func (g Grid) covers(ts time.Time, own time.Duration) (first, end longrun.Slot) {
	if own == g.Interval {
		first = longrun.SlotAt(ts, own)
		return first, first + 1
	}
	slot := longrun.SlotAt(ts, own)
	return longrun.SlotAt(slot.Start(own), g.Interval), longrun.SlotCeil((slot + 1).Start(own), g.Interval)
}

// Filled returns the slots of the grid that are filled in a rollup, the one that
// r.From lies in as bit 0. The error says that the rollup has none, or none that
// can be read.
func (g Grid) Filled(r longrun.Rollup) (*Bitmap, error) {
	filled, err := ParseBitmap(r.Slots)
	if err != nil {
		return nil, err
	}
	own := lengthOf(r.IntervalSec)
	if err := longrun.ValidateInterval(own); err != nil {
		return nil, fmt.Errorf("longrun: intervalSec: %w", err)
	}
	return g.resample(filled, r.From, own), nil
}

// resample returns the slots of the grid that are filled by those of b, which have
// the length own. Both begin with the slot that from lies in.
func (g Grid) resample(b *Bitmap, from time.Time, own time.Duration) *Bitmap {
	if own == g.Interval {
		return b
	}
	base, first := longrun.SlotAt(from, g.Interval), longrun.SlotAt(from, own)
	out := NewBitmap(int(longrun.SlotCeil((first+longrun.Slot(b.n)).Start(own), g.Interval) - base))
	for from, to := range b.Runs() {
		last := longrun.SlotCeil((first + longrun.Slot(to)).Start(own), g.Interval)
		for s := longrun.SlotAt((first + longrun.Slot(from)).Start(own), g.Interval); s < last; s++ {
			out.Set(int(s - base))
		}
	}
	return out
}

// Finest returns the longest slots in which beats of both lengths fill exactly what
// they cover: 20 s for 60 s and 40 s. In these a day is kept that has both. A
// length that is none does not count.
func Finest(a, b time.Duration) time.Duration {
	switch {
	case longrun.ValidateInterval(a) != nil:
		return b
	case longrun.ValidateInterval(b) != nil:
		return a
	}
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// others are the beats of a Counter that were made for slots of one other length.
type others struct {
	beats, extra int
	days         map[longrun.Slot]*Bitmap // by the day: which of their own slots have one
}

// addOther counts a beat that was made for a slot of the length own. It fills what
// that covers. The slots are those of the grid, its drift is that in its own slot,
// and it is a duplicate if its own slot has one of the same length: so none is of
// those that were written before and after the interval was changed, in any order.
func (t *Counter) addOther(h *longrun.Heartbeat, own time.Duration) span {
	slot := longrun.SlotAt(h.TS, t.interval)
	first, end := t.grid().covers(h.TS, own)
	at := span{max(first, t.first), min(end, t.end), !t.beyond(h, slot)}
	if at.counts {
		t.drifts.add(h.TS.Sub(longrun.SlotAt(h.TS, own).Start(own)).Milliseconds())
		if !t.other(own).note(h.TS, own) {
			t.extra++
		}
	}
	if at.first >= at.end {
		return span{}
	}
	fresh := true
	for s := at.first; s < at.end; s++ {
		if t.fill(s, h) {
			t.unsee(s)
		} else {
			fresh = false
		}
	}
	if fresh {
		t.reach(h, at.first, at.end-1)
		return at
	}
	t.again(at.first, h)
	if at.end-1 > at.first {
		t.again(at.end-1, h)
	}
	return at
}

func (t *Counter) other(own time.Duration) *others {
	o := t.others[own]
	if o == nil {
		if t.others == nil {
			t.others = map[time.Duration]*others{}
		}
		o = &others{days: map[longrun.Slot]*Bitmap{}}
		t.others[own] = o
	}
	return o
}

// note takes note of a beat, and reports whether it is the first of its own slot.
func (o *others) note(ts time.Time, own time.Duration) bool {
	const long = 24 * time.Hour
	day := longrun.SlotAt(ts, long)
	b := o.days[day]
	if b == nil {
		b = NewBitmap(int(long / own))
		o.days[day] = b
	}
	o.beats++
	i := int(longrun.SlotAt(ts, own) - longrun.SlotAt(day.Start(long), own))
	if b.Has(i) {
		o.extra++
		return false
	}
	b.Set(i)
	return true
}
