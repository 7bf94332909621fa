package longrun

import (
	"errors"
	"fmt"
	"time"
)

// DefaultInterval is how far two heartbeats are apart unless configured
// otherwise.
const DefaultInterval = time.Minute

// slotIDLayout is the ID of a slot: its start in UTC, to the second. It sorts
// like the time and is the same in every instance.
const slotIDLayout = "2006-01-02T15-04-05"

// Slot is the number of an interval since the Unix epoch. All instances count
// the same slots, whatever their start, so that two writers of one slot meet
// in one document.
type Slot int64

// SlotAt returns the slot that t lies in. Like everything that takes an interval
// and returns no error, it wants one that ValidateInterval accepts: 0 panics, as
// a division does. (coverage.Of and coverage.Counter are given whole requests, and check.)
func SlotAt(t time.Time, interval time.Duration) Slot {
	ns := interval.Nanoseconds()
	// Whole seconds first: UnixNano ends in 2262, and an interval is whole seconds.
	if ns%int64(time.Second) == 0 {
		return Slot(floorDiv(t.Unix(), ns/int64(time.Second)))
	}
	return Slot(floorDiv(t.UnixNano(), ns))
}

// Start returns the instant at which the slot begins, in UTC.
func (s Slot) Start(interval time.Duration) time.Time {
	ns := interval.Nanoseconds()
	if ns%int64(time.Second) == 0 {
		return time.Unix(int64(s)*(ns/int64(time.Second)), 0).UTC()
	}
	return time.Unix(0, int64(s)*ns).UTC()
}

// ID returns the slot's document ID, such as "2025-12-29T23-07-00".
func (s Slot) ID(interval time.Duration) string {
	return s.Start(interval).Format(slotIDLayout)
}

// ParseSlotID returns the start of the slot that id names.
func ParseSlotID(id string) (time.Time, error) {
	t, err := time.Parse(slotIDLayout, id)
	if err != nil || t.Format(slotIDLayout) != id {
		return time.Time{}, fmt.Errorf("longrun: %q is no slot ID, such as 2025-12-29T23-07-00", id)
	}
	return t, nil
}

// ValidateInterval reports whether slots of this length make whole days: an
// interval is at least a second, of whole seconds, and divides a day.
func ValidateInterval(interval time.Duration) error {
	const day = 24 * time.Hour
	switch {
	case interval < time.Second:
		return fmt.Errorf("interval %v is under one second", interval)
	case interval%time.Second != 0:
		return fmt.Errorf("interval %v is not whole seconds", interval)
	case day%interval != 0:
		return fmt.Errorf("interval %v does not divide a day", interval)
	}
	return nil
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

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
