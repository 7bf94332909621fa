package metrics_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/metrics"
)

func ExampleHistogram() {
	h := metrics.NewHistogram(false, 0.1, 1)
	for _, sec := range []float64{0.05, 0.1, 0.5, 7} {
		h.Observe(sec, "", time.Time{})
	}
	fmt.Println(h.Counts, h.Count(), h.Sum)
	// Output: [2 1 1] 4 7.65
}

func TestAHistogramKeepsTheNewestKeyOfEachBucketAndAllocatesNothing(t *testing.T) { //nolint:paralleltest // it counts allocations
	at := time.Unix(1, 0)
	h := metrics.NewHistogram(true, 1)
	h.Observe(0.5, "first", at)
	h.Observe(1, "second", at)
	h.Observe(0.2, "", at)
	h.Observe(2, "third", at)
	require.Equal(t, []metrics.Exemplar{{Key: "second", Value: 1, At: at}, {Key: "third", Value: 2, At: at}}, h.Exemplars)
	c := h.Clone()
	require.Zero(t, testing.AllocsPerRun(100, func() { h.Observe(0.3, "more", at) }))
	require.EqualValues(t, 4, c.Count(), "a copy stays as it was")
	require.Equal(t, "second", c.Exemplars[0].Key)
}

func TestAWindowWithoutSlotsIsWhole(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 1, metrics.Window{}.Ratio(), 0)
	require.InDelta(t, 0.25, metrics.Window{Expected: 4, Written: 1}.Ratio(), 0)
	require.Len(t, metrics.States(), len(slices.Compact(slices.Sorted(slices.Values(metrics.States())))))
}
