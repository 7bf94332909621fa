package beats

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// Whatever the clock does, and whatever is stored meanwhile: a slot has the beat that was
// made first in it, no slot to come has one, and in a backlog that is full the oldest give
// way.
func TestABacklogHasTheFirstBeatOfEachSlotAndOfTooManyTheNewest(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 7))
		limit := 1 + r.IntN(6)
		var told []longrun.Slot
		var b *backlog
		b = newBacklog(limit, time.Minute, nil, func(slots []longrun.Slot) {
			require.False(t, b.mu.TryLock(), "what is stored next is told next")
			told = append(told, slots...)
		})
		waits := map[int]longrun.Heartbeat{} // by the minute
		gone := 0
		minute := 0
		for n := range 100 {
			switch what := r.IntN(10); {
			case what == 0:
				minute -= r.IntN(4)
			case what < 8:
				minute += r.IntN(3)
			case len(waits) > 0: // one is stored
				minutes := slices.Sorted(maps.Keys(waits))
				stored := minutes[r.IntN(len(minutes))]
				b.remove(waits[stored].Slot(time.Minute))
				delete(waits, stored)
			}
			h := at(minute, time.Duration(r.IntN(60))*time.Second)
			ahead := 0
			var lost []longrun.Slot
			for _, m := range slices.Sorted(maps.Keys(waits)) {
				if m > minute {
					lost = append(lost, waits[m].Slot(time.Minute))
					delete(waits, m)
					ahead++
				}
			}
			if _, made := waits[minute]; !made {
				if len(waits) == limit {
					oldest := slices.Min(slices.Collect(maps.Keys(waits)))
					lost = append(lost, waits[oldest].Slot(time.Minute))
					delete(waits, oldest)
				}
				waits[minute] = h
			}

			gone += len(lost)
			told = nil
			require.Equal(t, ahead, b.add(h), "seed %d, step %d", seed, n)
			require.Equal(t, lost, told, "seed %d, step %d", seed, n)
			var want []longrun.Heartbeat
			for _, m := range slices.Sorted(maps.Keys(waits)) {
				want = append(want, waits[m])
			}
			require.Equal(t, want, b.all(), "seed %d, step %d", seed, n)
			waiting, dropped := b.size()
			require.Equal(t, len(waits), waiting)
			require.Equal(t, gone, dropped, "seed %d, step %d", seed, n)
			newest, ok := b.newest()
			require.True(t, ok)
			require.Equal(t, waits[minute], newest)
		}
	}
}
