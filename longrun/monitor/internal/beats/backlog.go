package beats

import (
	"slices"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// backlog holds the beats that are made and not yet stored, by slot, one a
// slot. It is bounded: in a long outage the oldest give way.
type backlog struct {
	limit    int
	interval time.Duration
	wake     chan struct{} // a beat was added
	journal  *journal      // nil: memory only
	// gaveUp is told of the slots of beats that are dropped, with mu held: what is stored
	// afterwards is told afterwards.
	gaveUp func([]longrun.Slot)

	mu      sync.Mutex
	beats   []longrun.Heartbeat
	dropped int
}

func newBacklog(limit int, interval time.Duration, j *journal, gaveUp func([]longrun.Slot)) *backlog {
	return &backlog{limit: limit, interval: interval, journal: j, gaveUp: gaveUp, wake: make(chan struct{}, 1)}
}

// add keeps a beat and wakes the writer. A slot that has one keeps it: the
// first beat of a slot is the slot's. Beats of later slots show that the clock
// was set back: they tell of a time that has not come, and are dropped. add
// returns how many.
func (b *backlog) add(h longrun.Heartbeat) (ahead int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	slot := h.Slot(b.interval)
	known := len(b.beats)
	for known > 0 && b.beats[known-1].Slot(b.interval) > slot {
		known--
	}
	ahead = len(b.beats) - known
	b.drop(b.beats[known:])
	b.beats = slices.Delete(b.beats, known, len(b.beats))
	b.dropped += ahead
	if known > 0 && b.beats[known-1].Slot(b.interval) == slot {
		if ahead > 0 {
			b.journal.keep(b.beats)
		}
		return ahead
	}
	if len(b.beats) >= b.limit {
		b.drop(b.beats[:1])
		b.beats = slices.Delete(b.beats, 0, 1)
		b.dropped++
	}
	b.beats = append(b.beats, h)
	select {
	case b.wake <- struct{}{}:
	default:
	}
	if ahead > 0 || len(b.beats) > 1 { // one alone is on its way; only a beat that waits is worth the disk
		b.journal.keep(b.beats)
	}
	return ahead
}

// drop says that beats are dropped. The caller holds mu.
func (b *backlog) drop(beats []longrun.Heartbeat) {
	if len(beats) == 0 {
		return
	}
	slots := make([]longrun.Slot, len(beats))
	for i := range beats {
		slots[i] = beats[i].Slot(b.interval)
	}
	b.gaveUp(slots)
}

// newest returns the last beat made, and whether there is one.
func (b *backlog) newest() (longrun.Heartbeat, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.beats) == 0 {
		return longrun.Heartbeat{}, false
	}
	return b.beats[len(b.beats)-1], true
}

// of returns the beat of a slot, and whether it waits.
func (b *backlog) of(s longrun.Slot) (longrun.Heartbeat, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, h := range slices.Backward(b.beats) {
		if h.Slot(b.interval) <= s {
			return h, h.Slot(b.interval) == s
		}
	}
	return longrun.Heartbeat{}, false
}

// all returns the beats, oldest first.
func (b *backlog) all() []longrun.Heartbeat {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.beats)
}

// size returns how many beats wait, and how many were given up.
func (b *backlog) size() (waiting, dropped int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.beats), b.dropped
}

// remove forgets the beats of these slots: they are stored, or can never be.
func (b *backlog) remove(slots ...longrun.Slot) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.beats = slices.DeleteFunc(b.beats, func(h longrun.Heartbeat) bool {
		return slices.Contains(slots, h.Slot(b.interval))
	})
	if len(b.beats) == 0 { // else the journal may hold too much: what is filled stays filled
		b.journal.keep(nil)
	}
}

// clear drops all beats, and returns how many.
func (b *backlog) clear() (gone int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	gone = len(b.beats)
	b.drop(b.beats)
	b.beats = nil
	b.journal.keep(nil)
	return gone
}

// recorded empties the journal of what an earlier process left there, unless
// beats of this one wait in it.
func (b *backlog) recorded() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.beats) == 0 {
		b.journal.keep(nil)
	}
}
