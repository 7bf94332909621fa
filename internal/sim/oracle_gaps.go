package sim

import (
	"context"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/sim/plan"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/budget"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// gap is a run of empty slots, by the record alone: [from, to).
type gap struct{ from, to longrun.Slot }

func (v *view) gaps(from longrun.Slot) (all []gap) {
	for s := from; s <= v.last; s++ {
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

// written counts the slots of [from, to) that are filled.
func (v *view) written(from, to longrun.Slot) (n int) {
	for s := from; s < to; s++ {
		if v.filled[s] != nil {
			n++
		}
	}
	return n
}

// writtenOf counts the slots of [from, to) of a length that are filled.
func (v *view) writtenOf(length time.Duration, from, to longrun.Slot) int {
	filled := map[longrun.Slot]bool{}
	for i := range v.beats {
		first, end := v.beats[i].covers(length)
		for s := max(first, from); s < min(end, to); s++ {
			filled[s] = true
		}
	}
	return len(filled)
}

// read reads a collection whole.
func read[T any](ctx context.Context, v *view, c ledger.Collection) (all []T) {
	for e, err := range ledger.List[T](ctx, v.w.ledger, c, ledger.Page{}) {
		if err != nil {
			v.blame("store", "%s: %v", c, err)
			return all
		}
		all = append(all, e.Value)
	}
	return all
}

// stored: what the store holds, and what is counted from that, is what took effect.
func (v *view) stored(ctx context.Context) {
	all := read[longrun.Heartbeat](ctx, v, ledger.Heartbeats)
	runs := read[longrun.Run](ctx, v, ledger.Runs)
	from, pruned := v.first, v.deleted[string(ledger.Heartbeats)]
	if len(all) > 0 && pruned > 0 {
		from = v.slot(all[0].TS) // what is older is gone
	}
	if pruned+len(all) != len(v.beats) {
		v.blame("coverage", "%d beats are stored and %d were deleted of %d", len(all), pruned, len(v.beats))
	}
	window := longrun.Window{From: from.Start(v.interval), To: (v.last + 1).Start(v.interval)}
	c := coverage.Of(all, window, v.interval, time.Now(), runs...)
	expected, written := int(v.last-from+1), v.written(from, v.last+1)
	if c.Expected != expected || c.Written != written || c.Missed != expected-written {
		v.blame("coverage", "%d, %d and %d are expected, written and missed, and not %d, %d and %d", expected, written, expected-written, c.Expected, c.Written, c.Missed)
	}
	v.spent(c, expected, expected-written)
	own := v.gaps(from)
	if len(own) != len(c.Gaps) {
		v.blame("gaps", "there are %d gaps, and not %d", len(own), len(c.Gaps))
		return
	}
	for i, g := range c.Gaps {
		if !g.From.Equal(own[i].from.Start(v.interval)) || !g.To.Equal(own[i].to.Start(v.interval)) {
			v.blame("gaps", "gap %d is %v, and not %v", i, g, own[i])
		}
		if before := v.filled[own[i].from-1]; before != nil && !v.w.plan.Clocked() {
			v.cause(g, before, v.earliest[own[i].to])
		}
	}
}

// cause: a gap is explained by what truly happened to the process that wrote before it.
func (v *view) cause(g longrun.Gap, before, after *beat) {
	until := v.end
	p := before.by
	var allowed []longrun.Cause
	if after != nil {
		until = after.at
	}
	ended := !p.ended.IsZero() && !p.ended.Before(before.ts) && !p.ended.After(until)
	away := v.harmed(p, before.ts, until, wayless...)
	switch {
	case ended && !p.clean:
		allowed = append(allowed, longrun.Crash)
	case ended && after != nil && after.by.build != p.build:
		allowed = append(allowed, longrun.Deploy)
	case ended:
		allowed = append(allowed, longrun.Restart)
	}
	if away {
		allowed = append(allowed, longrun.StoreDown)
		if ended || v.silent(p, until) {
			allowed = append(allowed, longrun.Crash) // what it could not say any more
		}
		if v.harmed(p, before.ts, until, plan.Flaky, plan.Slow) || v.partly(g) { // some got through: no whole slot was without an answer
			allowed = append(allowed, longrun.Stall, longrun.Unknown)
		}
	}
	slept := before.ts
	if v.w.plan.Has(plan.Sleep) {
		slept = slept.Add(-2 * v.interval) // what waited for the next slot waits longer
	}
	if v.harmed(p, slept, until, plan.Pause) {
		allowed = append(allowed, longrun.Stall)
		if v.silent(p, until) {
			allowed = append(allowed, longrun.Crash) // it never woke to say so
		}
		if ended && p.clean || away || v.wokeAtASlot(p, slept, until) {
			allowed = append(allowed, longrun.Unknown) // it woke up to stop, and said no more; or half of it was the one, and half the other; or it was in time for the next slot
		}
	}
	if after != nil && v.harmed(after.by, before.ts, until, plan.Pause) {
		allowed = append(allowed, longrun.Stall) // of who was to follow
	}
	if v.between(before.ts, until, func(g grant) bool { return v.harmed(g.to, g.at, until, plan.Pause) }) {
		allowed = append(allowed, longrun.Stall, longrun.Unknown) // of who held the lock meanwhile, and wrote nothing
	}
	if v.between(before.ts, until, func(g grant) bool {
		return !g.to.ended.IsZero() && g.to.ended.Before(until) || v.harmed(g.to, g.at, until, wayless...) && !v.wrote(g)
	}) {
		allowed = append(allowed, longrun.Unknown) // the same
	}
	if !slices.Contains(allowed, g.Cause) {
		v.blame("causes", "the gap %s to %s behind %s is called %q, and is one of %q", v.slot(g.From).ID(v.interval), v.slot(g.To).ID(v.interval), p.name(), g.Cause, allowed)
	}
}

// wokeAtASlot reports whether a process woke as a slot began: that it was in a write of the
// one before, for the whole of that, it does not notice.
func (v *view) wokeAtASlot(p *process, from, to time.Time) bool {
	const late = 2 * time.Second // what a busy machine may be late
	return slices.ContainsFunc(v.harm, func(h harm) bool {
		return h.kind == plan.Pause && h.p == p && !h.to.Before(from) && !h.to.After(to.Add(late)) && h.to.Sub(h.to.Truncate(v.interval)) <= late+drowsy
	})
}

// wrote reports whether who was granted the lock wrote a beat under it.
func (v *view) wrote(g grant) bool {
	return slices.ContainsFunc(v.beats, func(b beat) bool { return b.epoch == g.epoch })
}

// between reports whether there was such a grant in [from, to).
func (v *view) between(from, to time.Time, such func(grant) bool) bool {
	return slices.ContainsFunc(v.grants, func(g grant) bool { return !g.at.Before(from) && g.at.Before(to) && such(g) })
}

// partly reports whether nothing kept a process from the store for the whole of a slot
// of the gap.
func (v *view) partly(g longrun.Gap) bool {
	for s := v.slot(g.From); s < v.slot(g.To); s++ {
		from, to := s.Start(v.interval), (s + 1).Start(v.interval)
		if !slices.ContainsFunc(v.harm, func(h harm) bool { return slices.Contains(wayless, h.kind) && h.from.Before(from) && h.to.After(to) }) {
			return true
		}
	}
	return false
}

// silent reports whether a process ended without a way to the store, or frozen, as it
// was by then.
func (v *view) silent(p *process, by time.Time) bool {
	if p.ended.IsZero() || p.ended.Before(by) {
		return false
	}
	for s := v.slot(by); s <= v.slot(p.ended); s++ {
		if !v.harmed(p, s.Start(v.interval), (s + 1).Start(v.interval), append(slices.Clone(wayless), plan.Pause)...) {
			return false
		}
	}
	return true
}

// spent: the budget is what the slots say, in whole numbers.
func (v *view) spent(c longrun.Coverage, expected, missed int) {
	for _, t := range longrun.DefaultTargets() {
		b := budget.Of(t, c, nil)
		allowed := int64(expected) * (1_000_000 - int64(t.Percent*10_000+0.5)) / 1_000_000
		if b.All.Allowed != allowed || b.All.Left != allowed-int64(missed) || b.All.Missed != int64(missed) {
			v.blame("budget", "of %d slots with %d missed, %v allows %d, and not %+v", expected, missed, t, allowed, b.All)
		}
	}
}

// rollups: each day that is long over has one, and its numbers.
func (v *view) rollups(ctx context.Context) {
	days := map[time.Time]longrun.Rollup{}
	for _, r := range read[longrun.Rollup](ctx, v, ledger.Rollups) {
		days[r.From.UTC().Truncate(24*time.Hour)] = r
	}
	const day = 24 * time.Hour
	if len(v.beats) == 0 {
		v.blame("rollups", "nothing was ever written")
		return
	}
	began := v.beats[0].ts // by the clock of who wrote it
	for _, b := range v.beats {
		if b.ts.Before(began) {
			began = b.ts
		}
	}
	for d := v.w.began.UTC().Truncate(day); !d.Add(day + time.Hour).After(v.end); d = d.Add(day) {
		r, ok := days[d]
		if !ok {
			v.blame("rollups", "%s has none", d.Format(time.DateOnly))
			continue
		}
		length := time.Duration(r.IntervalSec) * time.Second // the day's finest
		if length < time.Second || v.interval%length != 0 {
			v.blame("rollups", "%s is of slots of %v", r.Date, length)
			continue
		}
		from, to := longrun.SlotAt(d, length), longrun.SlotAt(d.Add(day), length)
		from = max(from, longrun.SlotAt(began, length))
		written, expected := v.writtenOf(length, from, to), int(to-from)
		if expected != int(r.ExpectedHb) || written != int(r.WrittenHb) || expected-written != int(r.MissedHb) {
			v.blame("rollups", "%s has %d, %d and %d expected, written and missed, and not %d, %d and %d", r.Date, expected, written, expected-written, r.ExpectedHb, r.WrittenHb, r.MissedHb)
		}
	}
}

// restful are what makes a process wait, or its requests.
var restful = []plan.Kind{plan.Flaky, plan.Slow, plan.Deaf, plan.Unheard, plan.Pause, plan.Full} //nolint:gochecknoglobals // a table, never changed

// answer is longer than the host takes to say how it is, once asked.
const answer = 10 * time.Second

// instantly is by how much two readings of what happened at once may differ.
const instantly = 5 * time.Millisecond

// host: each beat was made when the host was asked, and says of it what is true.
func (v *view) host() {
	for i := range v.beats {
		b := &v.beats[i]
		if v.harmed(b.by, b.ts.Add(-v.interval), b.ts.Add(v.interval), plan.Pause) {
			continue
		}
		n, _ := slices.BinarySearchFunc(b.by.asks, b.ts.Add(-instantly), time.Time.Compare)
		if n == len(b.by.asks) || b.by.asks[n].After(b.ts.Add(instantly)) {
			v.blame("host", "the beat %s says that it was made at %s, when nobody asked the host", b.ID(b.length), b.ts.UTC().Format(time.TimeOnly))
			continue
		}
		if !b.told {
			continue
		}
		for _, h := range v.harm {
			if (h.kind == plan.Offline || h.kind == plan.LoggedOut) && !h.from.After(b.ts.Add(-answer)) && !h.to.Before(b.ts.Add(answer)) && b.health == well {
				v.blame("host", "the beat %s says that all is well, while it is %s", b.ID(b.length), h.kind)
			}
		}
		if b.health == sick && !v.harmed(b.by, b.ts.Add(-answer), b.ts.Add(answer), plan.Offline, plan.LoggedOut) {
			v.blame("host", "the beat %s says that all is not well, and it is", b.ID(b.length))
		}
		// The simulated host always calls itself healthy: how many accounts are missing only
		// the settings tell.
		switch learnt := b.by.learnt; {
		case b.health == unsaid && !learnt.IsZero() && learnt.Before(b.ts):
			v.blame("host", "the beat %s says that it does not know how the host is, and %s read the settings before", b.ID(b.length), b.by.name())
		case b.health != unsaid && (learnt.IsZero() || learnt.After(b.at)):
			v.blame("host", "the beat %s says that all is %s, and %s had not read the settings", b.ID(b.length), b.health, b.by.name())
		}
	}
}

// current: the beat of the present slot goes before those that are late.
func (r *record) current(b *beat) {
	now := time.Now()
	slot := longrun.SlotAt(now, b.length)
	since := slot.Start(b.length)
	if r.w.plan.Clocked() || now.Sub(since) < 10*time.Second || r.grants[len(r.grants)-1].at.After(since) ||
		r.harmed(b.by, since.Add(-time.Minute), now, restful...) || r.slots[slot.ID(b.length)] > 0 || b.by.hasEnded() {
		return
	}
	r.accuse("current", "%s writes the late beat %s before the one of %s", b.by.name(), b.ID(b.length), slot.ID(b.length))
}

// paced: background commits of a process, which are those with something in them but
// beats, come no closer than a second.
func (r *record) paced(p *process, ops []store.Op) {
	const pace = 900 * time.Millisecond // they take some time on their way
	if _, held := ops[0].Value.(lock.Row); !held || len(ops) < 2 || slices.ContainsFunc(ops, func(op store.Op) bool {
		_, beat := beatOf(op)
		return beat
	}) {
		return
	}
	now := time.Now()
	last := r.turns[p]
	r.turns[p] = now
	if now.Sub(last) < pace && !r.harmed(p, last.Add(-time.Minute), now, append(slices.Clone(wayless), plan.Pause)...) {
		r.accuse("pace", "%s makes a background commit %v after the last one", p.name(), now.Sub(last))
	}
}

// kept: a beat that was made by the leader, and had to wait, is stored, as long as no
// other led since and no more wait than are kept.
func (v *view) kept() {
	if v.w.plan.Clocked() || v.w.plan.Has(plan.Length) {
		return
	}
	for _, p := range v.processes {
		var own []*beat // in the order in which they took effect
		for i := range v.beats {
			if v.beats[i].by == p {
				own = append(own, &v.beats[i])
			}
		}
		for n, asked := range p.asks {
			i, _ := slices.BinarySearchFunc(own, asked, func(b *beat, t time.Time) int { return b.at.Compare(t) })
			if i == len(own) || v.filled[v.slot(asked)] != nil {
				continue
			}
			back := own[i].at // the first one that took effect since
			waiting, _ := slices.BinarySearchFunc(p.asks, back, time.Time.Compare)
			if waiting-n > v.w.plan.Backlog || !v.sole(p, asked, back.Add(v.interval)) || v.harmed(p, back, back.Add(5*v.interval), append(slices.Clone(restful), wayless...)...) ||
				!p.ended.IsZero() && p.ended.Before(back.Add(5*v.interval)) || v.harmed(p, asked.Add(-v.interval), back, plan.Pause) {
				continue
			}
			v.blame("kept", "the beat that %s made at %s is lost", p.name(), asked.UTC().Format(time.TimeOnly))
		}
	}
}

// sole reports whether a process led at from, and no other did from then to to.
func (v *view) sole(p *process, from, to time.Time) bool {
	var last *process
	for _, g := range v.grants {
		switch {
		case !g.at.After(from):
			last = g.to
		case !g.at.After(to) && g.to != p:
			return false
		}
	}
	return last == p
}
