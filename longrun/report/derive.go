package report

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/figures"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
)

// derivations say how each number is found again from the documents alone.
func derivations(s ledger.Survey, r Report) []Derivation {
	if !r.HasData() {
		return []Derivation{}
	}
	path := func(c ledger.Collection) string { return s.Root + "/" + string(c) }
	iso := func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
	between := func(from, to time.Time) string { return fmt.Sprintf("ts ≥ %s and ts < %s", iso(from), iso(to)) }
	c, w := r.Coverage, r.Window
	beats := between(w.CountedFrom, w.CountedTo)
	probes := between(w.CountedFrom, until(s))
	sec := strconv.FormatInt(w.IntervalSec, 10)
	others, mod := "", "" // what a beat of another interval fills, and where its drift begins
	if len(s.OtherIntervals) > 0 {
		mod = ", or mod E,"
		others = fmt.Sprintf("; a beat with another expectedIntervalSec E fills all from floor(floor(unix(ts) / E) · E / %s) up to before (floor(unix(ts) / E) + 1) · E / %s", sec, sec)
	}
	list := []Derivation{
		{
			Number: "expected", Value: figures.Count(c.Expected), Source: "the window",
			Formula: fmt.Sprintf("(%s − %s) / %s s", iso(w.CountedTo), iso(w.CountedFrom), sec),
			Query:   "the bounds moved outwards to whole slots, the first moment known and the last slot that is over",
		},
		{
			Number: "written", Value: figures.Count(c.Written), Source: path(ledger.Heartbeats), Query: beats,
			Formula: fmt.Sprintf("count of the different floor(unix(ts) / %s)%s", sec, others),
		},
		{Number: "missed", Value: figures.Count(c.Missed), Source: "the two above", Formula: fmt.Sprintf("%d − %d", c.Expected, c.Written), Query: "–"},
		{Number: "coverage", Value: figures.Percent(c.Written, c.Expected), Source: "the two above", Formula: fmt.Sprintf("%d / %d", c.Written, c.Expected), Query: "–"},
	}
	list = append(list, budgetDerivations(r, beats, path(ledger.Heartbeats))...)
	sums, silent := c.sums(), ""
	if c.Unknown > 0 {
		// Where none says it, what is left to divide by is no share of anything.
		silent = fmt.Sprintf(", without the %d in which a beat has no healthy and none has healthy = false", c.Unknown)
	}
	list = append(list, []Derivation{
		{
			Number: "gaps", Value: fmt.Sprintf("%s with %s slots", figures.Count(r.Gaps.Count), figures.Count(r.Gaps.Missed)), Source: path(ledger.Heartbeats), Query: beats,
			Formula: fmt.Sprintf("in the order of ts, with the window's bounds as beats at either end: the slots strictly between neighbours, %d in all", c.Missed),
		},
		{
			Number: "good slots", Value: goodShare(sums), Source: path(ledger.Heartbeats), Query: beats,
			Formula: fmt.Sprintf("%d / %d: the slots whose beats all have healthy = true, of all that are expected%s", c.Healthy, c.Expected-c.Unknown, silent),
		},
		{
			Number: "healthy while seen", Value: knownShare(c.Healthy, sums.Known()), Source: path(ledger.Heartbeats), Query: beats,
			Formula: fmt.Sprintf("%d / %d: the slots whose beats all have healthy = true, of those that have a beat%s", c.Healthy, sums.Known(), silent),
		},
	}...)
	if c.Drift != nil {
		list = append(list, Derivation{
			Number: "drift", Value: fmt.Sprintf("n %s, mean %s, median %s, P90 %s, P95 %s, max %s", figures.Count(c.Drift.Beats), figures.Span(c.DriftMeanSec), figures.Secs(c.Drift.P50Sec), figures.Secs(c.Drift.P90Sec), figures.Secs(c.Drift.P95Sec), figures.Secs(c.Drift.MaxSec)),
			Formula: fmt.Sprintf("(unix(ts) mod %s)%s of all %d beats, cut to milliseconds: the sum / %d; sorted: numbers %s", sec, mod, c.Drift.Beats, c.Drift.Beats, ranks(c.Drift.Beats)),
			Source:  path(ledger.Heartbeats), Query: beats,
		})
	}
	for _, p := range listedProbes(r.Probes) {
		rate := "none of them passed or failed"
		if p.Rate != nil {
			rate = fmt.Sprintf("%d / (%d + %d) = PASS / (PASS + FAIL)", p.Pass, p.Pass, p.Fail)
		}
		one := fmt.Sprintf(" and type = %q", string(p.Type))
		if several(r.Probes, p.Type) {
			one += fmt.Sprintf(" and name = %q", p.Name)
		}
		list = append(list, Derivation{
			Number: "probe " + p.Named().String(), Value: figures.Percent(p.Pass, p.Pass+p.Fail),
			Formula: rate + fmt.Sprintf("; mean: latencyMs of PASS, %d values: the sum / %d; percentiles: sorted, numbers %s", p.Latencies, p.Latencies, ranks(p.Latencies)),
			Source:  path(ledger.Probes), Query: probes + one + fmt.Sprintf(" and trigger ≠ %q", string(longrun.ByHand)),
		})
	}
	return append(list, repairDerivations(r, path(ledger.Incidents), probes)...)
}

// several reports whether a type has probes with names.
func several(probes []Probe, t longrun.ProbeType) bool {
	return slices.ContainsFunc(probes, func(p Probe) bool { return p.Type == t && p.Name != "" })
}

func repairDerivations(r Report, source, query string) []Derivation {
	repairs := r.Repairs
	list := []Derivation{{
		Number: "incidents", Value: figures.Count(repairs.Incidents), Source: source, Query: query,
		Formula: fmt.Sprintf("count; %d of them have no tsEnd", repairs.Open),
	}}
	if repairs.Resolved > 0 {
		list = append(list, Derivation{
			Number: "MTTR", Value: fmt.Sprintf("n %d, mean %s, median %s", repairs.Resolved, figures.Span(repairs.MTTRMeanSec), figures.Span(repairs.MTTRP50Sec)), Source: source, Query: query,
			Formula: fmt.Sprintf("mttrSec of the %d that have ended, or tsEnd − tsStart where that is null: the sum / %d; percentiles: sorted, numbers %s", repairs.Resolved, repairs.Resolved, ranks(int(repairs.Resolved))),
		})
	}
	if repairs.MTBFSec != nil {
		list = append(list, Derivation{
			Number: "MTBF", Value: fmt.Sprintf("n %d, mean %s, median %s", repairs.Incidents, figures.Span(repairs.MTBFSec), figures.Span(repairs.MTBFMedianSec)), Source: source, Query: query + ", and those that began before and lasted into it",
			Formula: fmt.Sprintf("(%s s of the window − %s s in at least one incident) / %d incidents; median: before each tsStart the time since the latest tsEnd before it, or since the window began; sorted, number %d",
				plain(repairs.To.Sub(repairs.From).Seconds()), plain(repairs.TroubleSec), repairs.Incidents, max(1, (repairs.Incidents+1)/2)),
		})
	}
	return list
}

// ranks are the numbers, counted from 1, of the P50, P90 and P95 of n values.
func ranks(n int) string {
	at := func(p int) int { return max(1, (p*n+99)/100) }
	return fmt.Sprintf("%d, %d and %d", at(50), at(90), at(95))
}

func plain(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
