package longrun

import (
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
