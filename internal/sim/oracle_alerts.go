package sim

import (
	"math"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/sim/plan"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

const (
	// looks is how many slots in which somebody surely looked a trouble must have had
	// to be an incident.
	looks = 6
	// grace is how long a trouble may be none yet.
	grace = 3 * time.Minute
)

// blames are which trouble a rule finds, and with which account.
var blames = map[longrun.RuleID]plan.Kind{ //nolint:gochecknoglobals // a table, never changed
	"not_connected": plan.Offline, "logged_out": plan.LoggedOut, "queue_depth": plan.Queue,
}

// about reports whether a trouble is what a rule says of a target.
func (h *harm) about(rule longrun.RuleID, target string) bool {
	switch rule {
	case "not_connected": // one that is out is not connected either
		return h.kind == plan.Offline || h.kind == plan.LoggedOut && (target == rules.Together || target == accountName(int(h.by)))
	case "logged_out":
		return h.kind == plan.LoggedOut && (target == rules.Together || target == accountName(int(h.by)))
	}
	return h.kind == blames[rule]
}

// troubles: each that somebody saw was an incident, and no incident is of nothing.
func (v *view) troubles() {
	all := v.sorted()
	for i := range v.harm {
		h := &v.harm[i]
		for rule, kind := range blames {
			if h.kind != kind || v.calmSlots(h.from.Add(grace), h.to) < looks || v.w.plan.Liar && v.granted(h.from, h.to) {
				continue
			}
			if !slices.ContainsFunc(all, func(in *incident) bool {
				return in.Rule == rule && h.about(rule, in.Target) && in.TSStart.Before(h.to) && (in.TSEnd == nil || in.TSEnd.After(h.from))
			}) {
				v.blame("incidents", "%s from %s to %s was none", kind, h.from.UTC().Format(time.TimeOnly), h.to.UTC().Format(time.TimeOnly))
			}
		}
	}
	for _, in := range all {
		if _, known := blames[in.Rule]; known {
			v.justified(in)
		}
	}
}

// granted reports whether the lock was, in [from, to].
func (v *view) granted(from, to time.Time) bool {
	return slices.ContainsFunc(v.grants, func(g grant) bool { return !g.at.Before(from) && !g.at.After(to) })
}

// apart: no incident begins before the last one of its rule and target has ended.
func (v *view) apart() {
	ends := map[string]*incident{}
	for _, in := range v.sorted() {
		if in.Rule == rules.StoreUnreachable {
			continue // each instance has its own
		}
		topic := string(in.Rule) + " " + in.Target
		if last := ends[topic]; last != nil && last.TSEnd != nil && in.TSStart.Before(*last.TSEnd) {
			v.blame("incidents", "%s begins at %s, before %s has ended", in.IncidentID, in.TSStart.Format(time.TimeOnly), last.IncidentID)
		}
		ends[topic] = in
	}
}

// justified: an incident lies where its trouble was.
func (v *view) justified(in *incident) {
	if in.TSEnd == nil {
		v.blame("incidents", "%s is open at the end", in.IncidentID)
		return
	}
	var to time.Time // when the trouble was over that it began in, or one that came before anybody could see that
	for {
		next := to
		for i := range v.harm {
			h := &v.harm[i]
			begun := !h.from.After(in.TSStart.Add(answer)) && !h.to.Add(v.interval).Before(in.TSStart)
			if to.After(time.Time{}) {
				begun = !h.from.After(to.Add(v.lag(to, 4) + 4*v.interval))
			}
			if h.about(in.Rule, in.Target) && begun && h.to.After(next) {
				next = h.to
			}
		}
		if next.Equal(to) {
			break
		}
		to = next
	}
	switch {
	case to.IsZero():
		v.blame("incidents", "%s began at %s, when there was no such trouble", in.IncidentID, in.TSStart.Format(time.TimeOnly))
	case in.TSEnd.After(to.Add(v.lag(to, 4) + 4*v.interval)):
		v.blame("mttr", "%s ended at %s, and its trouble at %s", in.IncidentID, in.TSEnd.Format(time.TimeOnly), to.UTC().Format(time.TimeOnly))
	}
}

// sorted are the incidents in the order in which they were written first.
func (v *view) sorted() (all []*incident) {
	for _, id := range v.order {
		if in := v.incidents[id]; in != nil {
			all = append(all, in)
		}
	}
	return all
}

// empty counts the slots of the hour before one that were empty as of a time, and the
// whole gap that reaches into it; later than since.
func (v *view) empty(at longrun.Slot, asOf time.Time, since longrun.Slot) (n int) {
	blank := func(s longrun.Slot) bool {
		return s >= max(v.first, since) && (v.filled[s] == nil || v.filled[s].at.After(asOf))
	}
	hour := at - longrun.Slot(time.Hour/v.interval)
	for s := at - 1; s >= hour || blank(s); s-- {
		if blank(s) {
			n++
		}
	}
	return n
}

// missed: more than three empty slots in an hour are an incident, and fewer are none.
func (v *view) missed() {
	const threshold = 3
	var all []*incident
	for _, in := range v.sorted() {
		if in.Rule != rules.MissedHeartbeats {
			continue
		}
		var since longrun.Slot // what was told of counts no more
		for _, before := range all {
			if before.TSEnd != nil {
				since = max(since, v.slot(*before.TSEnd))
			}
		}
		all = append(all, in)
		// Beats that wait count; they are stored by the time the end is, or soon after.
		if in.Closed != nil && !v.row(v.slot(*in.Closed), in.shut.Add(v.interval)) && !v.dropping(*in.Closed) {
			v.blame("incidents", "%s was closed at %s without three beats in a row", in.IncidentID, in.Closed.Format(time.TimeOnly))
		}
		if n := v.empty(v.slot(in.Noticed), in.Noticed.Add(-time.Second), since); n <= threshold {
			v.blame("incidents", "%s was opened at %s with %d empty slots", in.IncidentID, in.Noticed.Format(time.TimeOnly), n)
		}
	}
	for _, s := range slices.Sorted(keys(v.must)) {
		var since longrun.Slot
		covered := false
		for _, in := range all {
			if in.TSStart.After(s.Start(v.interval)) {
				continue
			}
			if in.TSEnd == nil || in.Closed.After((s - 3).Start(v.interval)) {
				covered = true
				break
			}
			since = max(since, v.slot(*in.TSEnd))
		}
		if n := v.empty(s, s.Start(v.interval), since); !covered && n > threshold {
			v.blame("incidents", "%d slots are empty in the hour before %s, and nobody says so", n, s.ID(v.interval))
			return
		}
	}
}

// row reports whether three slots in a row were filled up to one, or up to the one before,
// as of a time.
func (v *view) row(s longrun.Slot, asOf time.Time) bool {
	return v.blank(s-2, s+1, asOf) == 0 || v.blank(s-3, s, asOf) == 0
}

// dropping reports whether beats that waited may have been given up after a time: the
// link of who led then loses a part of all.
func (v *view) dropping(at time.Time) bool {
	var led *process
	for _, g := range v.grants {
		if !g.at.After(at) {
			led = g.to
		}
	}
	return led != nil && v.harmed(led, at.Add(-v.interval), at.Add(v.interval), plan.Flaky)
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

// deaths: who is called dead was dead, or out of sight.
func (v *view) deaths() {
	for _, in := range v.sorted() {
		if in.Rule != rules.InstanceDied {
			continue
		}
		for _, id := range in.Instances {
			if !slices.ContainsFunc(v.processes, func(p *process) bool {
				return p.id == id && (!p.ended.IsZero() && !p.clean || v.w.plan.Liar || v.harmed(p, p.began, v.end, append(slices.Clone(wayless), plan.Pause)...))
			}) {
				v.blame("incidents", "%s calls %s dead, which never was", in.IncidentID, id)
			}
		}
	}
}

// number is what a document says, -1 where it does not.
func number(n *float64) float64 {
	if n == nil {
		return -1
	}
	return *n
}

// blank counts the slots of [from, to) that were empty as of a time.
func (v *view) blank(from, to longrun.Slot, asOf time.Time) (n int) {
	for s := from; s < to; s++ {
		if b := v.filled[s]; b == nil || b.at.After(asOf) {
			n++
		}
	}
	return n
}

// repairs: the mean time to repair is the mean of the times.
func (v *view) repairs() {
	var all []longrun.Incident
	sum, n := 0.0, int64(0)
	for _, in := range v.sorted() {
		if in.TSStart.Before(v.w.began) || !in.TSStart.Before(v.end) {
			continue // by a clock that is wrong
		}
		all = append(all, in.Incident)
		if in.TSEnd == nil {
			continue
		}
		took := in.TSEnd.Sub(in.TSStart).Seconds()
		says := number(in.MTTRSec)
		switch in.Rule {
		case rules.MissedHeartbeats: // of the slots without a beat alone
			if took = min(took, max(says, 0)); !v.w.plan.Clocked() && !v.w.plan.Has(plan.Length) {
				// Beats that wait count; they are stored by the time the end is, or soon after.
				first, end := v.slot(in.TSStart), v.slot(*in.TSEnd)
				least := float64(v.blank(first, end, in.shut.Add(v.interval))) * v.interval.Seconds()
				most := float64(v.blank(first, end, *in.Closed)) * v.interval.Seconds()
				took = min(max(says, least), most)
			}
		case "budget_burn": // likewise, of those that nobody told
			took = min(took, max(says, 0))
		}
		if math.Abs(says-took) > 0.001 {
			v.blame("mttr", "%s took %v s, and not %v", in.IncidentID, took, says)
		}
		sum, n = sum+says, n+1
	}
	r := coverage.Repairs(all, longrun.Window{From: v.w.began, To: v.end}, time.Now())
	if mean := sum / float64(max(n, 1)); r.Resolved != n || n > 0 && math.Abs(number(r.MTTRMeanSec)-mean) > 0.001 {
		v.blame("mttr", "the mean of %d is %v s, and not %v of %d", n, mean, number(r.MTTRMeanSec), r.Resolved)
	}
}
