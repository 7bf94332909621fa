package lock

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Whatever Jitter returns, a pause is within its documented bounds: what the
// durations promise of each other rests on it.
func TestNoJitterLeavesTheBounds(t *testing.T) {
	t.Parallel()
	for _, f := range []float64{
		0, 0.5, math.Nextafter(1, 0), 1, 10, -1000, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64,
	} {
		o := (&Options{Jitter: func() float64 { return f }}).withDefaults()
		for n := range 5 {
			longest := []time.Duration{o.RetryMin, 2 * o.RetryMin, o.RetryMax, o.RetryMax, o.RetryMax}[n]
			require.LessOrEqual(t, o.retry(n), longest, "%v", f)
			require.GreaterOrEqual(t, o.retry(n), longest/4*3, "%v", f)
		}
		require.GreaterOrEqual(t, o.jitter(), time.Duration(0), "%v", f)
		require.Less(t, o.jitter(), time.Second, "%v", f)
	}
}
