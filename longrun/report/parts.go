package report

import (
	"cmp"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
)

func coverageOf(s coverage.Summary) Coverage {
	c := s.Coverage
	out := Coverage{Expected: c.Expected, Written: c.Written, Missed: c.Missed, Healthy: c.Healthy, Unknown: c.Unknown, Extra: c.Duplicates, Late: s.Late}
	if c.HasData() {
		ratio := c.Ratio()
		out.Coverage = &ratio
	}
	if c.Judged() > 0 {
		good := c.Good()
		out.Good = &good
	}
	if c.Known() > 0 {
		availability := c.Availability()
		out.Availability = &availability
	}
	if c.Drift.Beats > 0 {
		out.Drift, out.DriftMeanSec = &c.Drift, s.DriftMeanSec
	}
	return out
}

func gapsOf(c longrun.Coverage, limit int) Gaps {
	g := Gaps{Count: len(c.Gaps), Missed: c.Missed, Causes: []CauseCount{}, Listed: []longrun.Gap{}}
	for _, gap := range c.Gaps {
		i := slices.IndexFunc(g.Causes, func(n CauseCount) bool { return n.Cause == gap.Cause })
		if i < 0 {
			i = len(g.Causes)
			g.Causes = append(g.Causes, CauseCount{Cause: gap.Cause})
		}
		g.Causes[i].Gaps++
		g.Causes[i].Missed += gap.Missed
	}
	slices.SortFunc(g.Causes, func(a, b CauseCount) int {
		return cmp.Or(cmp.Compare(b.Missed, a.Missed), cmp.Compare(a.Cause, b.Cause))
	})
	g.Listed = append(g.Listed, c.Gaps...)
	if len(g.Listed) > limit {
		slices.SortStableFunc(g.Listed, func(a, b longrun.Gap) int { return cmp.Compare(b.Missed, a.Missed) })
		for _, gap := range g.Listed[limit:] {
			g.MoreGaps++
			g.MoreMissed += gap.Missed
		}
		g.Listed = slices.Clip(g.Listed[:limit])
		slices.SortFunc(g.Listed, func(a, b longrun.Gap) int { return a.From.Compare(b.From) })
	}
	return g
}

func instancesOf(s coverage.Summary, limit int) Instances {
	out := Instances{Listed: []longrun.InstanceStats{}}
	seen := map[string]bool{}
	for i, p := range s.Instances {
		if !seen[p.InstanceID] {
			seen[p.InstanceID] = true
			out.Count++
		}
		out.Unnamed = out.Unnamed || p.InstanceID == ""
		if i < limit {
			out.Listed = append(out.Listed, p)
			continue
		}
		out.More++
		out.MoreBeats += p.Beats
	}
	return out
}

func incidentsOf(s ledger.Survey, limit int) Incidents {
	out := Incidents{Count: len(s.Summary.Incidents), Listed: []Incident{}}
	all := s.Summary.Incidents
	for _, o := range all {
		if o.End == nil {
			out.Open++
		}
	}
	out.More = max(0, len(all)-limit)
	for _, o := range all[out.More:] {
		out.Listed = append(out.Listed, Incident{
			IncidentID: o.IncidentID, Rule: o.Rule, Target: o.Target, Severity: o.Severity,
			Start: o.Start, End: o.End, DurationSec: o.Incident().Repair(s.Now).Seconds(), Summary: visible.Head(o.Summary, maxText),
		})
	}
	return out
}

// repairsOf measures the incidents against the time that counts, to now.
func repairsOf(s ledger.Survey, r Report) coverage.RepairStats {
	w := longrun.Window{From: r.Window.CountedFrom, To: until(s)}
	if !r.HasData() || w.To.Before(w.From) {
		w.To = w.From
	}
	incidents := make([]longrun.Incident, 0, len(s.Summary.Incidents))
	for _, o := range s.Summary.Incidents {
		incidents = append(incidents, o.Incident())
	}
	return coverage.Repairs(incidents, w, s.Now)
}

// daysOf cuts the slots of the window at its midnights.
func daysOf(s ledger.Survey) []Day {
	days := make([]Day, 0, len(s.Days))
	counted := longrun.Window{From: s.Summary.Coverage.From, To: s.Summary.Coverage.End()}
	day := longrun.DayOf(counted.From)
	for _, d := range s.Days {
		w := day.Clip(counted.From)
		if counted.To.Before(w.To) {
			w.To = counted.To
		}
		first, n := int(w.From.Sub(counted.From)/s.Interval), int(w.To.Sub(w.From)/s.Interval)
		filled, unhealthy, unknown := coverage.NewBitmap(n), coverage.NewBitmap(n), coverage.NewBitmap(n)
		for i := range n {
			switch {
			case !s.Filled.Has(first + i):
			case s.Healthy.Has(first + i):
				filled.Set(i)
			default:
				filled.Set(i)
				unhealthy.Set(i)
				if s.Unknown.Has(first + i) {
					unknown.Set(i)
				}
			}
		}
		written, silent, silentSlots := filled.Count(), unknown.Count(), ""
		if silent > 0 {
			silentSlots = unknown.String()
		}
		days = append(days, Day{
			Date: d.Date, From: w.From, To: w.To,
			Expected: n, Written: written, Missed: n - written, Healthy: written - unhealthy.Count(), Unknown: silent,
			Source: d.Source, Reason: d.Reason, Differs: d.Differs,
			Slots: filled.String(), Unhealthy: unhealthy.String(), UnknownSlots: silentSlots,
		})
		day = longrun.DayOf(day.To)
	}
	return days
}

// sums are what its shares are of.
func (c Coverage) sums() longrun.Coverage {
	return longrun.Coverage{Expected: c.Expected, Written: c.Written, Missed: c.Missed, Healthy: c.Healthy, Unknown: c.Unknown}
}

// goodShare is the share of good slots, as people read it.
func goodShare(c longrun.Coverage) string { return knownShare(c.Healthy, c.Judged()) }

func knownShare(healthy, of int) string {
	if of <= 0 {
		return "not known"
	}
	return figures.Percent(healthy, of)
}

// interval is the length of a slot.
func (r Report) interval() time.Duration { return time.Duration(r.Window.IntervalSec) * time.Second }
