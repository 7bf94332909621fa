// Package table is the table of all that is measured beside peers: its rows, which the
// tests of the other packages leave behind, and how they are shown.
//
// It does not make numbers of different runs comparable: a table has the rows of one run
// on one machine, says what load that was under, and is good for nothing else.
package table

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Row is one comparison: ours beside one peer's, of which less is better.
type Row struct {
	// Part is the heading under which it stands, and What was measured.
	Part string `json:"part"`
	What string `json:"what"`
	// Peer is the other one, with its version.
	Peer   string `json:"peer"`
	Ours   Cell   `json:"ours"`
	Theirs Cell   `json:"theirs"`
	// Note says with which settings, and what the numbers do not say. Default: none.
	Note string `json:"note"`
	// Behind says why the peer is ahead. It is required of a row in which it is, and
	// shown in no other.
	Behind string `json:"behind"`
}

// Cell is what one side took or did.
type Cell struct {
	// Unit is that of the numbers, such as "slots". Default: they are nanoseconds.
	Unit string `json:"unit"`
	// N is how many times it was measured.
	N int `json:"n"`
	// P50, P95 and Max are of those; of what is counted once, all are that number.
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	Max float64 `json:"max"`
}

// Times is the cell of durations.
func Times(took []time.Duration) Cell {
	if len(took) == 0 {
		return Cell{}
	}
	sorted := slices.Sorted(slices.Values(took))
	at := func(p float64) float64 { return float64(sorted[int(p*float64(len(sorted)-1)+0.5)]) }
	return Cell{N: len(took), P50: at(0.5), P95: at(0.95), Max: at(1)}
}

// Count is the cell of what was counted once among n.
func Count(counted float64, unit string, n int) Cell {
	return Cell{Unit: unit, N: n, P50: counted, P95: counted, Max: counted}
}

// String is the cell's numbers: p50 / p95 / max, or the one that it has.
func (c Cell) String() string {
	switch {
	case c.N == 0:
		return "none"
	case c.Unit != "":
		return number(c.P50) + " " + c.Unit
	}
	return strings.Join([]string{duration(c.P50), duration(c.P95), duration(c.Max)}, " / ")
}

// median is the first of them alone.
func (c Cell) median() string {
	first, _, _ := strings.Cut(c.String(), " / ")
	return first
}

// duration has three figures and the unit that they need.
func duration(ns float64) string {
	for _, u := range []struct {
		name string
		size time.Duration
	}{{"s", time.Second}, {"ms", time.Millisecond}, {"µs", time.Microsecond}} {
		if ns >= 0.9995*float64(u.size) {
			return number(ns/float64(u.size)) + " " + u.name
		}
	}
	return number(ns) + " ns"
}

// number has three figures, and not the exponent that %g would give it.
func number(f float64) string {
	switch {
	case f == math.Trunc(f) && f < 100:
		return fmt.Sprintf("%.0f", f)
	case f >= 99.95:
		return fmt.Sprintf("%.0f", f)
	case f >= 9.995:
		return fmt.Sprintf("%.1f", f)
	case f >= 0.9995:
		return fmt.Sprintf("%.2f", f)
	}
	return fmt.Sprintf("%.3f", f)
}

// even is how far apart two medians are that nobody should call different.
const even = 1.1

// Ahead says who of the two has less: "ours", "theirs" or "even".
func (r Row) Ahead() string {
	ours, theirs := r.Ours.P50, r.Theirs.P50
	switch {
	case theirs > ours*even:
		return "ours"
	case ours > theirs*even:
		return "theirs"
	}
	return "even"
}

// Ratio is theirs by ours: above 1 ours is ahead.
func (r Row) Ratio() string {
	ours, theirs := r.Ours.P50, r.Theirs.P50
	if ours == 0 || theirs == 0 {
		return "–"
	}
	return number(theirs/ours) + " ×"
}

// Validate names what a row lacks.
func (r Row) Validate() error {
	var lacks []string
	for name, bad := range map[string]bool{
		"Part": r.Part == "", "What": r.What == "", "Peer": r.Peer == "",
		"Ours": r.Ours.N == 0, "Theirs": r.Theirs.N == 0,
		"Behind, since the peer is ahead": r.Ahead() == "theirs" && r.Behind == "",
	} {
		if bad {
			lacks = append(lacks, name)
		}
	}
	if len(lacks) > 0 {
		slices.Sort(lacks)
		return fmt.Errorf("table: the row %q beside %q lacks %s", r.What, r.Peer, strings.Join(lacks, "; "))
	}
	return nil
}
