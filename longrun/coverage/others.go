package coverage

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

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
		if t.fill(s, h.Healthy) {
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
