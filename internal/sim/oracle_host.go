package sim

import (
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/store"
)

// restful are what makes a process wait, or its requests.
var restful = []Kind{Flaky, Slow, Deaf, Unheard, Pause, Full} //nolint:gochecknoglobals // a table, never changed

// instantly is by how much two readings of what happened at once may differ.
const instantly = 5 * time.Millisecond

// host: each beat was made when the host was asked, and says of it what is true.
func (v *view) host() {
	for i := range v.beats {
		b := &v.beats[i]
		if v.harmed(b.by, b.ts.Add(-v.interval), b.ts.Add(v.interval), Pause) {
			continue
		}
		n, _ := slices.BinarySearchFunc(b.by.asks, b.ts.Add(-instantly), time.Time.Compare)
		if n == len(b.by.asks) || b.by.asks[n].After(b.ts.Add(instantly)) {
			v.blame("host", "the beat %s says that it was made at %s, when nobody asked the host", b.ID(b.length), b.ts.UTC().Format(time.TimeOnly))
			continue
		}
		if !b.told || b.ts.Before(b.by.began.Add(12*v.interval)) { // it may not have read how many accounts there are
			continue
		}
		const answer = 10 * time.Second // longer than the host takes
		for _, h := range v.harm {
			if (h.kind == Offline || h.kind == LoggedOut) && !h.from.After(b.ts.Add(-answer)) && !h.to.Before(b.ts.Add(answer)) && b.well {
				v.blame("host", "the beat %s says that all is well, while it is %s", b.ID(b.length), h.kind)
			}
		}
		if !b.well && !v.harmed(b.by, b.ts.Add(-answer), b.ts.Add(answer), Offline, LoggedOut) {
			v.blame("host", "the beat %s says that all is not well, and it is", b.ID(b.length))
		}
	}
}

// current: the beat of the present slot goes before those that are late.
func (r *record) current(b *beat) {
	now := time.Now()
	slot := longrun.SlotAt(now, b.length)
	since := slot.Start(b.length)
	if r.w.plan.clocked() || now.Sub(since) < 10*time.Second || r.grants[len(r.grants)-1].at.After(since) ||
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
		_, beat := op.Value.(longrun.Heartbeat)
		return beat
	}) {
		return
	}
	now := time.Now()
	last := r.turns[p]
	r.turns[p] = now
	if now.Sub(last) < pace && !r.harmed(p, last.Add(-time.Minute), now, append(slices.Clone(wayless), Pause)...) {
		r.accuse("pace", "%s makes a background commit %v after the last one", p.name(), now.Sub(last))
	}
}

// kept: a beat that was made by the leader, and had to wait, is stored, as long as no
// other led since and no more wait than are kept.
func (v *view) kept() {
	if v.w.plan.clocked() || v.w.plan.has(Length) {
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
			if waiting-n > v.w.plan.Backlog || !v.sole(p, asked, back) || v.harmed(p, back, back.Add(5*v.interval), append(slices.Clone(restful), wayless...)...) ||
				!p.ended.IsZero() && p.ended.Before(back.Add(5*v.interval)) || v.harmed(p, asked.Add(-v.interval), back, Pause) {
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
