package tally

import (
	"math"
	"time"
)

// count is what an hour counts.
type count uint8

const (
	received count = iota
	recovered
	unreadable
	sent
	toNobody
	replayLost
	storeErrors
	storeBroken
	counts
)

const (
	steps = 12
	step  = 5 * time.Minute
)

// hourly is the numbers of the last hour, in steps of five minutes: of at least 55
// minutes, and at most 60.
type hourly struct {
	now    int64 // the number of the present step
	counts [counts][steps]uint16
	lag    [steps]uint32 // milliseconds
}

// turn goes on to the step that a time lies in. A clock that is set back a little
// stays in the present one; far, and everything is forgotten.
func (h *hourly) turn(at time.Time) {
	n := at.Unix() / int64(step/time.Second)
	switch ahead := n - h.now; {
	case ahead == 0, ahead < 0 && ahead > -steps:
		return
	case ahead < 0, ahead >= steps:
		*h = hourly{now: n}
	default:
		for h.now < n {
			h.now++
			at := place(h.now)
			for c := range h.counts {
				h.counts[c][at] = 0
			}
			h.lag[at] = 0
		}
	}
}

// place is where the numbers of a step stand.
func place(step int64) int { return int((step%steps + steps) % steps) }

func (h *hourly) add(c count, n int) {
	at := &h.counts[c][place(h.now)]
	*at = uint16(min(int(*at)+n, math.MaxUint16)) //nolint:gosec // never negative
}

// takeBack takes one off the last step that has one.
func (h *hourly) takeBack(c count) {
	for back := range int64(steps) {
		at := &h.counts[c][place(h.now-back)]
		if *at > 0 {
			*at--
			return
		}
	}
}

func (h *hourly) waited(d time.Duration) {
	at := &h.lag[place(h.now)]
	*at = max(*at, uint32(min(max(d.Milliseconds(), 0), math.MaxUint32))) //nolint:gosec // in its bounds
}

func (h *hourly) sum(c count) (n int64) {
	for _, one := range h.counts[c] {
		n += int64(one)
	}
	return n
}

func (h *hourly) longest() time.Duration {
	longest := uint32(0)
	for _, one := range h.lag {
		longest = max(longest, one)
	}
	return time.Duration(longest) * time.Millisecond
}
