package sim

import (
	"context"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// judge lets every oracle look at a run that is over.
func (w *world) judge(ctx context.Context) {
	v := w.record.view()
	v.slots()
	v.stored(ctx)
}

// view is the record of a run that is over, as oracles read it. Nothing writes any more.
type view struct {
	*record
	interval time.Duration
	filled   map[longrun.Slot]*beat
	first    longrun.Slot // the first and the last slot that count
	last     longrun.Slot
}

func (r *record) view() *view {
	v := &view{record: r, interval: time.Duration(r.w.plan.Interval), filled: map[longrun.Slot]*beat{}}
	for i := range r.beats {
		v.filled[r.beats[i].Slot] = &r.beats[i]
	}
	v.first = longrun.SlotAt(r.w.began, v.interval)
	v.last = longrun.SlotAt(r.end, v.interval) - 1
	return v
}

// gap is a run of empty slots, by the record alone: [from, to).
type gap struct{ from, to longrun.Slot }

func (v *view) gaps() (all []gap) {
	for s := v.first; s <= v.last; s++ {
		switch n := len(all); {
		case v.filled[s] != nil:
		case n > 0 && all[n-1].to == s:
			all[n-1].to++
		default:
			all = append(all, gap{s, s + 1})
		}
	}
	return all
}

// slots: none is empty that an instance was there to fill.
func (v *view) slots() {
	missing := 0
	for s := range v.must {
		if v.filled[s] == nil {
			missing++
		}
	}
	for _, s := range slices.Sorted(keys(v.must)) {
		if v.filled[s] == nil {
			v.blame("slots", "%d slots are empty though an instance was well, the first of them %s", missing, s.ID(v.interval))
			return
		}
	}
}

func keys[K comparable, V any](m map[K]V) func(func(K) bool) {
	return func(yield func(K) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}
