package chain

import "slices"

// Numbers are those of beats that are not there, and of which that is known. The zero
// Numbers is empty.
type Numbers struct {
	sorted []int64
}

// NumbersOf takes numbers in any order.
func NumbersOf(all []int64) Numbers {
	slices.Sort(all)
	return Numbers{slices.Compact(all)}
}

// Has reports whether a number is among them.
func (n Numbers) Has(number int64) bool {
	_, ok := slices.BinarySearch(n.sorted, number)
	return ok
}

// Cover reports whether all of [from, to] are among them.
func (n Numbers) Cover(from, to int64) bool {
	i, ok := slices.BinarySearch(n.sorted, from)
	last := int64(i) + to - from
	return ok && to >= from && last < int64(len(n.sorted)) && n.sorted[last] == to
}

// Rest returns the first and the last of [from, to] that is not among them, and
// whether there is one.
func (n Numbers) Rest(from, to int64) (first, last int64, ok bool) {
	for first = from; first <= to && n.Has(first); first++ {
	}
	for last = to; last > first && n.Has(last); last-- {
	}
	return first, last, first <= to
}
