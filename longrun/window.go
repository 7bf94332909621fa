package longrun

import (
	"errors"
	"fmt"
	"time"
)

// Window is a stretch of time, [From, To): an instant at To is outside.
type Window struct {
	From time.Time `json:"from" firestore:"from"`
	To   time.Time `json:"to" firestore:"to"`
}

// Validate reports everything that is wrong with the window: a bound that is
// missing, or To before From. An empty window is valid, and nothing lies in it.
func (w Window) Validate() error {
	var errs []error
	if w.From.IsZero() {
		errs = append(errs, errors.New("from is missing"))
	}
	if w.To.IsZero() {
		errs = append(errs, errors.New("to is missing"))
	}
	if len(errs) == 0 && w.To.Before(w.From) {
		errs = append(errs, fmt.Errorf("to %s is before from %s", w.To.UTC().Format(time.RFC3339Nano), w.From.UTC().Format(time.RFC3339Nano)))
	}
	return errors.Join(errs...)
}

// Contains reports whether t lies in [From, To).
func (w Window) Contains(t time.Time) bool { return !t.Before(w.From) && t.Before(w.To) }

// Clip cuts off what lies before earliest, the first moment anything is known
// of: a service is not blamed for the time before it existed. The zero time,
// nothing is known, cuts nothing; one behind To leaves the empty window at To.
func (w Window) Clip(earliest time.Time) Window {
	if !earliest.After(w.From) {
		return w
	}
	if earliest.After(w.To) {
		earliest = w.To
	}
	return Window{From: earliest, To: w.To}
}

// Align moves the bounds outwards onto the grid, From down and To up, both in
// UTC, so that a slot that the window touches lies in it whole. An empty or
// reversed window touches nothing and becomes empty.
func (w Window) Align(interval time.Duration) Window {
	from := SlotAt(w.From, interval)
	to := from
	if w.From.Before(w.To) {
		to = SlotCeil(w.To, interval)
	}
	return Window{From: from.Start(interval), To: to.Start(interval)}
}

// Slots returns the slots [first, end) that count at the time now: those that
// the window touches and that are over, end ≤ min(To, now). The slot that now
// lies in may still be filled, so it is no miss and does not count. A window in
// the future, an empty one and one that Validate refuses have no such slots:
// end equals first.
func (w Window) Slots(interval time.Duration, now time.Time) (first, end Slot) {
	if w.Validate() != nil {
		return 0, 0
	}
	first = SlotAt(w.From, interval)
	if !w.From.Before(w.To) {
		return first, first
	}
	return first, max(first, min(SlotCeil(w.To, interval), SlotAt(now, interval)))
}

// SlotCeil is the first slot that starts at t or later.
func SlotCeil(t time.Time, interval time.Duration) Slot {
	s := SlotAt(t, interval)
	if s.Start(interval).Before(t) {
		s++
	}
	return s
}
