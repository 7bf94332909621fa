package coverage

import (
	"cmp"
	"math"
)

// Percentile returns the p-th percentile, 0 to 100, of values sorted in
// ascending order, by nearest rank: the smallest value that at least p per cent
// of all values do not exceed, that is number ⌈p·n/100⌉, counted from 1. So
// the answer is always one of the values, and can be found by hand in the list.
// Without values there is no answer, and ok is false; p outside 0 to 100 is
// taken as the nearer of the two.
func Percentile[T cmp.Ordered](sorted []T, p float64) (value T, ok bool) {
	if len(sorted) == 0 {
		return value, false
	}
	return sorted[nearestRank(len(sorted), p)-1], true
}

// nearestRank returns ⌈p·n/100⌉, at least 1 and at most n.
func nearestRank(n int, p float64) int {
	// 99.9 has no exact float64, so that p·n/100 may end a hair above the whole
	// number that it stands for. Percentiles of three decimals are 1e-5 apart.
	const hair = 1e-6
	rank := math.Ceil(p*float64(n)/100 - hair)
	switch {
	case !(rank >= 1): // a NaN too
		return 1
	case rank > float64(n):
		return n
	}
	return int(rank)
}
