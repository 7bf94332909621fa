package coverage_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
)

// A rollup of slots of one length, taken into slots of another, fills those that
// its beats cover, told one by one: whichever lengths they are, they need not
// divide each other.
func TestARollupOfOtherSlotsFillsTheSameTime(t *testing.T) {
	t.Parallel()
	from := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	lengths := []time.Duration{15 * time.Second, 40 * time.Second, time.Minute, 100 * time.Second, 30 * time.Minute, time.Hour}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		own, other := lengths[r.IntN(len(lengths))], lengths[r.IntN(len(lengths))]
		name := fmt.Sprint(seed, " ", own, " ", other)
		day, err := coverage.NewDay(from, own, time.Time{}, from.AddDate(0, 0, 1))
		require.NoError(t, err)
		filled, sick, silent := map[longrun.Slot]bool{}, map[longrun.Slot]bool{}, map[longrun.Slot]bool{}
		for at, up := from, true; at.Before(from.AddDate(0, 0, 1)); at = at.Add(own) {
			if up = up != (r.IntN(10) == 0); !up {
				continue
			}
			h := longrun.Beat(at.Add(time.Duration(r.Int64N(int64(own)))), own)
			h.Healthy = r.IntN(5) > 0
			h.HealthUnknown = !h.Healthy && r.IntN(3) > 0
			day.Add(h)
			first, end := coverage.Grid{Interval: other}.Covers(h)
			require.Less(t, first, end, name)
			for slot := first; slot < end; slot++ {
				require.True(t, slot.Start(other).Before(at.Add(own)) && slot.Start(other).Add(other).After(at), name)
				filled[slot] = true
				sick[slot] = sick[slot] || !h.Healthy && !h.HealthUnknown
				silent[slot] = silent[slot] || h.HealthUnknown
			}
		}
		d := coverage.NewMerge(day.Window(), other, from.AddDate(0, 0, 1))
		require.NoError(t, d.AddRollup(day.Rollup()), name)
		got, healthy, unknown := d.Bitmaps()
		require.Equal(t, int(24*time.Hour/other), got.Len(), name)
		for i := range got.Len() {
			slot := longrun.SlotAt(from, other) + longrun.Slot(i)
			require.Equal(t, filled[slot], got.Has(i), "%s: slot %d", name, i)
			require.Equal(t, filled[slot] && !sick[slot] && !silent[slot], healthy.Has(i), "%s: slot %d", name, i)
			require.Equal(t, silent[slot] && !sick[slot], unknown.Has(i), "%s: slot %d", name, i)
		}
	}
}
