package closing

import (
	"slices"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
)

// maxDirty bounds the days that are remembered as out of date. Beyond it the
// oldest are forgotten: their rollups stand as they are.
const maxDirty = 1000

// dirty are the days whose rollup may be out of date, each with the number of the
// word that said so: a day is clean only if no word came while it was rolled up.
type dirty struct {
	mu    sync.Mutex
	words int64
	days  map[time.Time]int64 // at most maxDirty
}

func (d *dirty) mark(day time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.days == nil {
		d.days = make(map[time.Time]int64)
	}
	d.words++
	d.days[day] = d.words
	for len(d.days) > maxDirty {
		oldest := day
		for other := range d.days {
			if other.Before(oldest) {
				oldest = other
			}
		}
		delete(d.days, oldest)
	}
}

// all returns them, oldest first.
func (d *dirty) all() []time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	days := make([]time.Time, 0, len(d.days))
	for day := range d.days {
		days = append(days, day)
	}
	slices.SortFunc(days, time.Time.Compare)
	return days
}

// word is the number of the last word about a day, 0 where it is clean.
func (d *dirty) word(day time.Time) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.days[day]
}

// clean takes note that a day was rolled up behind a word.
func (d *dirty) clean(day time.Time, word int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.days[day] == word {
		delete(d.days, day)
	}
}

// lackedSlot returns a slot of the day that has a beat and is empty in the rollup.
func lackedSlot(e entry, day longrun.Window, filled map[longrun.Slot]bool, interval time.Duration) (time.Time, bool) {
	slots, err := coverage.Grid{Interval: interval}.Filled(e.Value)
	first := longrun.SlotAt(e.Value.From, interval)
	for slot := range filled {
		start := slot.Start(interval)
		if !day.Contains(start) || start.Before(e.Value.From) {
			continue
		}
		if i := int(slot - first); err != nil || i >= slots.Len() || !slots.Has(i) {
			return start, true
		}
	}
	return time.Time{}, false
}
