package sim

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/sim/plan"
	"github.com/seed-13dc028d/longwatch/longrun"
)

// judge lets every oracle look at a run that is over. Those of the lock, the fence and
// the chain have looked at each commit already: see record.applied.
func (w *world) judge(ctx context.Context) {
	v := w.record.view()
	v.slots()
	v.kept()
	if !w.plan.Clocked() {
		v.host()
	}
	v.stored(ctx)
	v.rollups(ctx)
	v.runsOf()
	if !w.plan.Clocked() {
		v.troubles()
		v.deaths()
		v.apart()
		if !w.plan.Has(plan.Length) { // the hour's slots are of another length then
			v.missed()
		}
	}
	v.repairs()
	v.delivered()
	v.lastWords()
	v.evidence(ctx)
	v.bounded(ctx)
	v.forged(ctx)
}

// view is the record of a run that is over, as oracles read it. Nothing writes any more.
type view struct {
	*record
	interval time.Duration
	filled   map[longrun.Slot]*beat // the last one made for each slot …
	earliest map[longrun.Slot]*beat // … and the first
	first    longrun.Slot           // the first and the last slot that count
	last     longrun.Slot
}

func (r *record) view() *view {
	v := &view{record: r, interval: time.Duration(r.w.plan.Interval), filled: map[longrun.Slot]*beat{}, earliest: map[longrun.Slot]*beat{}}
	for i := range r.beats {
		b := &r.beats[i]
		from, to := b.covers(v.interval)
		for s := from; s < to; s++ {
			if known := v.filled[s]; known == nil || known.ts.Before(b.ts) {
				v.filled[s] = b
			}
			if known := v.earliest[s]; known == nil || known.ts.After(b.ts) {
				v.earliest[s] = b
			}
		}
	}
	v.first = v.slot(r.w.began)
	v.last = v.slot(r.end) - 1
	return v
}

// covers are the slots [from, to) of a length into which its own reaches.
func (b *beat) covers(length time.Duration) (from, to longrun.Slot) {
	return longrun.SlotAt(b.Start(b.length), length), longrun.SlotAt((b.Slot+1).Start(b.length).Add(-1), length) + 1
}

// days is how many days are long over.
func (v *view) days() int { return int(v.end.Add(-time.Hour).Sub(v.w.began) / (24 * time.Hour)) }

func (v *view) slot(t time.Time) longrun.Slot { return longrun.SlotAt(t, v.interval) }

// calmSlots counts the slots in [from, to) in which somebody surely looked.
func (v *view) calmSlots(from, to time.Time) (n int) {
	for s := v.slot(from) + 1; s < v.slot(to); s++ {
		if v.must[s] {
			n++
		}
	}
	return n
}

// lag is how long from t it may take until somebody has surely looked n times in a row.
func (v *view) lag(t time.Time, n int) time.Duration {
	row := 0
	for s := v.slot(t) + 1; s <= v.last; s++ {
		if row++; !v.must[s] {
			row = 0
		}
		if row == n {
			return (s + 1).Start(v.interval).Sub(t)
		}
	}
	return v.end.Sub(t)
}

// slots: none is empty that an instance was there to fill.
func (v *view) slots() {
	var missing []longrun.Slot
	for _, s := range slices.Sorted(maps.Keys(v.must)) {
		if v.filled[s] == nil {
			missing = append(missing, s)
		}
	}
	if len(missing) > 0 {
		v.blame("slots", "%d slots are empty though an instance was well, the first of them %s", len(missing), missing[0].ID(v.interval))
	}
}

// harmed reports whether something of the kinds befell the process, or all, in [from, to].
func (r *record) harmed(p *process, from, to time.Time, kinds ...plan.Kind) bool {
	return slices.ContainsFunc(r.harm, func(h harm) bool {
		return slices.Contains(kinds, h.kind) && !h.to.Before(from) && !h.from.After(to) &&
			(h.p == p || h.m == p.machine || h.p == nil && h.m == nil)
	})
}

// wayless are what keeps a process from the store.
var wayless = []plan.Kind{plan.Refused, plan.Unheard, plan.Deaf, plan.Flaky, plan.Slow, plan.Outage, plan.Full} //nolint:gochecknoglobals // a table, never changed

// runsOf: a process that could say that it stopped has, and none that nothing befell
// is called dead.
func (v *view) runsOf() {
	byID := map[string][]longrun.Run{}
	for _, r := range v.runs {
		byID[r.InstanceID] = append(byID[r.InstanceID], r)
	}
	for _, p := range v.processes {
		own := slices.DeleteFunc(slices.Clone(byID[p.id]), func(r longrun.Run) bool {
			return r.TS.Sub(p.began).Abs() > time.Second
		})
		if len(own) != 1 || v.w.plan.Clocked() {
			continue // it never said that it began, or two of one name did together
		}
		r := own[0]
		quietly := !v.harmed(p, p.began, v.end.Add(time.Minute), append(slices.Clone(wayless), plan.Pause)...)
		switch {
		case p.clean && quietly && r.Ended != longrun.Stopped:
			v.blame("runs", "%s was asked to stop, and its run ended %q", p.name(), r.Ended)
		case !p.clean && r.Ended == longrun.Stopped:
			v.blame("runs", "%s crashed, and its run ended %q", p.name(), r.Ended)
		case !p.clean && !v.w.plan.Liar && v.led(p) && r.Ended != longrun.Lost && v.calmSlots(p.ended, v.end) > 5 &&
			!v.harmed(p, p.ended.Add(-v.w.plan.Longest()), p.ended, append(slices.Clone(wayless), plan.Pause)...) && !v.stumbled(p):
			v.blame("runs", "%s crashed while it led, and its run ended %q", p.name(), r.Ended)
		}
	}
}

// stumbled reports whether who followed a process had no quiet minutes to look for the
// dead, before it ended itself; or never heard that it followed.
func (v *view) stumbled(p *process) bool {
	i := slices.IndexFunc(v.grants, func(g grant) bool { return g.at.After(p.ended) })
	if i < 0 {
		return false
	}
	next, looks := v.grants[i].to, 3*v.interval
	trouble := append(slices.Clone(wayless), plan.Pause)
	if v.harmed(next, v.grants[i].at, v.grants[i].at, trouble...) && !v.wrote(v.grants[i]) {
		return true
	}
	for from := v.grants[i].at; from.Add(looks).Before(v.end); from = from.Add(v.interval) {
		if !next.ended.IsZero() && next.ended.Before(from.Add(looks)) {
			break
		}
		if !v.harmed(next, from, from.Add(looks), trouble...) {
			return false
		}
	}
	return true
}

// led reports whether a process led when it ended.
func (v *view) led(p *process) bool {
	for i, g := range slices.Backward(v.grants) {
		if g.at.After(p.ended) {
			continue
		}
		return g.to == p && (i+1 == len(v.grants) || v.grants[i+1].at.After(p.ended))
	}
	return false
}
