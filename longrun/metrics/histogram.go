package metrics

import (
	"slices"
	"time"
)

// Histogram counts values in buckets.
type Histogram struct {
	// Bounds are the upper bounds of the buckets, each with its own value; the last
	// bucket has none.
	Bounds []float64
	// Counts are those of the buckets, one more than bounds: each value is in one.
	Counts []uint64
	// Sum is that of the values.
	Sum float64
	// Exemplars are the newest value of each bucket, where it has a key; empty where
	// none has.
	Exemplars []Exemplar
}

// Exemplar is one value with the key of the document that tells more of it.
type Exemplar struct {
	// Key is empty where there is none.
	Key   string
	Value float64
	At    time.Time
}

// NewHistogram returns one without values, whose buckets end at bounds, in order. Room
// is made for exemplars where they are wanted.
func NewHistogram(exemplars bool, bounds ...float64) Histogram {
	h := Histogram{Bounds: bounds, Counts: make([]uint64, len(bounds)+1)}
	if exemplars {
		h.Exemplars = make([]Exemplar, len(bounds)+1)
	}
	return h
}

// Observe counts a value; a key is kept where there is room for exemplars. It
// allocates nothing, and is not for concurrent use.
func (h *Histogram) Observe(value float64, key string, at time.Time) {
	i := 0
	for i < len(h.Bounds) && value > h.Bounds[i] {
		i++
	}
	h.Counts[i]++
	h.Sum += value
	if h.Exemplars != nil && key != "" {
		h.Exemplars[i] = Exemplar{Key: key, Value: value, At: at}
	}
}

// Count is how many values there are.
func (h *Histogram) Count() (n uint64) {
	for _, c := range h.Counts {
		n += c
	}
	return n
}

// Clone returns a copy that shares nothing that changes.
func (h *Histogram) Clone() Histogram {
	return Histogram{Bounds: h.Bounds, Counts: slices.Clone(h.Counts), Sum: h.Sum, Exemplars: slices.Clone(h.Exemplars)}
}
