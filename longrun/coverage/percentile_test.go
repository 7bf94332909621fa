package coverage_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/drawtest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
)

func TestPercentileIsByNearestRank(t *testing.T) {
	t.Parallel()
	ten := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	for p, want := range map[float64]int{0: 1, 1: 1, 10: 1, 10.1: 2, 50: 5, 90: 9, 95: 10, 100: 10, -5: 1, 500: 10} {
		got, ok := coverage.Percentile(ten, p)
		require.True(t, ok)
		require.Equal(t, want, got, "%v", p)
	}
	// The original's ⌊n·p⌋ would say 2 and 10 here.
	got, _ := coverage.Percentile([]int{1, 2}, 50)
	require.Equal(t, 1, got)
	got, _ = coverage.Percentile(ten, 90)
	require.Equal(t, 9, got)
	got, _ = coverage.Percentile(ten, math.NaN())
	require.Equal(t, 1, got)
	_, ok := coverage.Percentile([]float64{}, 50)
	require.False(t, ok)
}

// The oracle counts: the smallest value that at least p per cent do not exceed.
// p is in thousandths of a per cent, so that it counts in whole numbers.
func FuzzPercentile(f *testing.F) {
	f.Add([]byte{9, 1, 1, 200}, uint32(50_000))
	f.Add([]byte{9, 1, 1, 200}, uint32(99_900))
	for i := range seedtest.Histories(200) {
		f.Add(drawtest.Noise(i), uint32(i*500))
	}
	f.Fuzz(func(t *testing.T, values []byte, p uint32) {
		p %= 100_001
		slices.Sort(values)
		got, ok := coverage.Percentile(values, float64(p)/1000)
		require.Equal(t, len(values) > 0, ok)
		for _, v := range values {
			atMost := 0
			for _, w := range values {
				if w <= v {
					atMost++
				}
			}
			if atMost*100_000 >= int(p)*len(values) {
				require.Equal(t, v, got)
				return
			}
		}
	})
}

func TestPercentilesOfLongListsHitTheExactRank(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 7, 1000, 43_200, 525_600, 1_000_000} {
		list := make([]int32, n)
		for i := range list {
			list[i] = int32(i + 1)
		}
		for p := 1; p <= 100_000; p += 17 { // in thousandths of a per cent
			got, _ := coverage.Percentile(list, float64(p)/1000)
			require.Equal(t, (p*n+99_999)/100_000, int(got), "p %d of %d", p, n)
		}
	}
}
