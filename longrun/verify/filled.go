package verify

import (
	"slices"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// slotRun are filled slots without an empty one between, [from, to).
type slotRun struct{ from, to longrun.Slot }

// filled are the slots that have a beat, as runs in order with an empty slot between
// any two.
type filled []slotRun

// add fills a slot, and reports whether it was empty. Beats come in the order of time:
// mostly the slot is the one behind the last.
func (f *filled) add(s longrun.Slot) bool {
	runs := *f
	i := len(runs) // the first run that ends behind the slot
	for i > 0 && runs[i-1].to > s {
		i--
	}
	before, after := i > 0 && runs[i-1].to == s, i < len(runs) && runs[i].from == s+1
	switch {
	case i < len(runs) && runs[i].from <= s:
		return false
	case before && after:
		runs[i-1].to = runs[i].to
		*f = slices.Delete(runs, i, i+1)
	case before:
		runs[i-1].to = s + 1
	case after:
		runs[i].from = s
	default:
		*f = slices.Insert(runs, i, slotRun{s, s + 1})
	}
	return true
}
