package coverage_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
)

// The mean of the drift is that of the beats, cut to milliseconds, whether they are
// counted one by one or come as rollups.
func TestTheMeanDriftIsThatOfAllBeats(t *testing.T) {
	t.Parallel()
	from := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 5))
		w := longrun.Window{From: from, To: from.AddDate(0, 0, 3)}
		now := w.To.Add(time.Hour)
		merge := coverage.NewMerge(w, time.Minute, now)
		require.Nil(t, merge.Summary().DriftMeanSec)
		sum, n := int64(0), int64(0)
		for d := longrun.DayOf(from); d.From.Before(w.To); d = longrun.DayOf(d.To) {
			day, err := coverage.NewDay(d.From, time.Minute, time.Time{}, now)
			require.NoError(t, err)
			rolled := r.IntN(2) == 0
			for at := d.From; at.Before(d.To); at = at.Add(time.Duration(1+r.IntN(9)) * time.Minute) {
				late := time.Duration(r.Int64N(int64(time.Minute)))
				if r.IntN(3) > 0 {
					late /= 1000
				}
				sum, n = sum+late.Milliseconds(), n+1
				if h := longrun.Beat(at.Add(late), time.Minute); rolled {
					day.Add(h)
				} else {
					merge.Add(h)
				}
			}
			if rolled {
				require.NoError(t, merge.AddRollup(day.Rollup()))
			}
		}
		s := merge.Summary()
		require.EqualValues(t, n, s.Coverage.Drift.Beats)
		require.InDelta(t, float64(sum)/float64(n)/1000, *s.DriftMeanSec, 1e-9, "seed %d", seed)
	}
}
