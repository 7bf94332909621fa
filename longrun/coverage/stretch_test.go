package coverage_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
)

// Long stretches of beats in order, as a scan brings them, with everything now and then
// that is not so: none may be counted otherwise for what lies around it.
func TestBeatsInOrderAreCountedWhateverLiesBetweenThem(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 11))
		interval := []time.Duration{time.Second, time.Minute}[r.IntN(2)]
		from := time.Date(2025, 12, 29, 23, 59, 0, 0, time.UTC)
		var beats, early []longrun.Heartbeat
		drift := time.Duration(r.IntN(1000)) * time.Millisecond
		for i := range 150 {
			rare := func() bool { return r.IntN(40) == 0 }
			if rare() {
				continue
			}
			if rare() {
				drift = []time.Duration{0, 10 * time.Millisecond, 990 * time.Millisecond, interval - time.Millisecond}[r.IntN(4)]
			}
			at := from.Add(time.Duration(i)*interval + drift)
			h := longrun.Beat(at, interval)
			h.InstanceID, h.Healthy, h.ChainSeq = "a", !rare(), int64(i+1)
			if rare() {
				h.HealthUnknown = !h.Healthy
			}
			if rare() {
				h.ExpectedIntervalSec *= 2
			}
			if rare() {
				early = append(early, h)
			}
			beats = append(beats, h)
			if rare() {
				beats = append(beats, h)
			}
		}
		beats = slices.Concat(early, beats)
		w := longrun.Window{From: from.Add(time.Duration(r.IntN(5)) * interval), To: from.Add(time.Duration(100+r.IntN(100)) * interval)}
		one := coverage.NewCounter(w, interval, w.To) // which takes each by itself
		for _, h := range beats {
			one.Add(h)
		}
		require.Equal(t, one.Coverage(), coverage.Of(beats, w, interval, w.To), "seed %d", seed)
	}
}
