package coverage

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// stretch counts the beats of a slice as far as they come as most do, and returns how
// many: each from the slot behind the one before and of the same day, healthy, made for
// this slot and alone in it. They are counted as add counts them, in a fraction of the
// time, since between them nothing has to be looked up. The beats must not change while
// the tip points to the last of them.
func (t *Counter) stretch(beats []longrun.Heartbeat) (n int) {
	day, page := t.day, t.drifts.page
	if t.tip.beat == nil || t.tip.edge || page == nil || t.tip.last < day.start {
		return 0
	}
	slot, start := t.tip.last, int64(t.tip.last)*t.sec
	end := min(t.end, day.start+longrun.Slot(day.filled.n))
	below := t.drifts.number * driftPage
	for n < len(beats) && slot+1 < end {
		h := &beats[n]
		since := h.TS.Unix() - start - t.sec
		ms := since*1000 + int64(h.TS.Nanosecond())/int64(time.Millisecond) - below
		i := uint(slot + 1 - day.start)
		bit := uint64(1) << (i & 63)
		word := &day.filled.words[i>>6]
		if since >= t.sec || ms < 0 || ms >= driftPage || h.ExpectedIntervalSec != t.sec || !h.Healthy || *word&bit != 0 {
			break
		}
		*word |= bit
		page[ms]++
		slot, start, n = slot+1, start+t.sec, n+1
	}
	if n > 0 {
		t.drifts.beats += n
		t.tip.beat, t.tip.first, t.tip.last = &beats[n-1], slot, slot
		t.cursor = cursor{slot, start}
	}
	return n
}
