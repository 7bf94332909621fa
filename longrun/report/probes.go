package report

import (
	"cmp"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
)

// Probe is what is said of the probes of one type and name. Those that a person asked
// for are in ByHand only.
type Probe struct {
	Type longrun.ProbeType `json:"type"`
	// Name is which of several of the type; empty where there is one.
	Name string `json:"name"`
	// N is Pass + Fail + Inconclusive. Rate is Pass / (Pass + Fail): what could
	// not be told is neither.
	N            int64    `json:"n"`
	Pass         int64    `json:"pass"`
	Fail         int64    `json:"fail"`
	Inconclusive int64    `json:"inconclusive"`
	Rate         *float64 `json:"rate"`
	ByHand       int64    `json:"byHand"`
	ByHandPass   int64    `json:"byHandPass"`
	// Latencies is how many probes passed and have a latency; the rest is over
	// them, in milliseconds, percentiles by nearest rank. A percentile that only
	// the slowest probe could be is null: it needs 2 probes for P50, 10 for P90
	// and 20 for P95.
	Latencies int      `json:"latencies"`
	AvgMs     *float64 `json:"avgMs"`
	P50Ms     *float64 `json:"p50Ms"`
	P90Ms     *float64 `json:"p90Ms"`
	P95Ms     *float64 `json:"p95Ms"`
	MaxMs     *float64 `json:"maxMs"`
	// Classes counts those that did not pass by the class of their error.
	Classes []longrun.ClassCount `json:"classes"`
	// Points are the probes one by one, for the chart. Where there are more than there
	// is room for, they are the slowest of each part of the window, and one that did
	// not pass.
	Points []longrun.ProbePoint `json:"points"`
}

// Named says which probe it is.
func (p Probe) Named() longrun.NamedProbe { return longrun.NamedProbe{Type: p.Type, Name: p.Name} }

// MaxPoints is how many probes of a type are listed one by one, those of all its names
// together; of each name two at least.
const MaxPoints = 2000

func probesOf(tallies []longrun.ProbeTally, w longrun.Window) []Probe {
	probes := make([]Probe, 0, len(tallies))
	names := map[longrun.ProbeType]int{}
	for _, t := range tallies {
		names[t.Type]++
	}
	for _, t := range tallies {
		p := Probe{
			Type: t.Type, Name: t.Name, N: t.N, Pass: t.Pass, Fail: t.Fail, Inconclusive: t.Inconclusive,
			ByHand: t.ByHand, ByHandPass: t.ByHandPass,
			Classes: append([]longrun.ClassCount{}, t.Classes...), Points: thin(t.Points, w, max(MaxPoints/names[t.Type], 2)),
		}
		if rate, ok := t.Rate(); ok {
			p.Rate = &rate
		}
		ms := t.Latencies()
		p.Latencies = len(ms)
		if len(ms) > 0 {
			sum := 0.0
			for _, v := range ms {
				sum += v
			}
			avg := sum / float64(len(ms))
			p.AvgMs, p.MaxMs = &avg, &ms[len(ms)-1]
		}
		p.P50Ms, p.P90Ms, p.P95Ms = percentile(ms, 50), percentile(ms, 90), percentile(ms, 95)
		probes = append(probes, p)
	}
	return probes
}

// maxProbeRows is how many probes are listed for people.
const maxProbeRows = 40

// listedProbes are the probes in their order; of many those that passed least often,
// the worst first, ahead of which is what nobody could tell anything of.
func listedProbes(probes []Probe) []Probe {
	if len(probes) <= maxProbeRows {
		return probes
	}
	rate := func(p Probe) float64 {
		if p.Rate == nil {
			return -1
		}
		return *p.Rate
	}
	worst := slices.Clone(probes)
	slices.SortStableFunc(worst, func(a, b Probe) int { return cmp.Compare(rate(a), rate(b)) })
	return worst[:maxProbeRows]
}

// percentile returns the p-th percentile, nil where there are so few values that
// it could only be the greatest.
func percentile(sorted []float64, p int) *float64 {
	if len(sorted)*(100-p) < 100 {
		return nil
	}
	v, _ := coverage.Percentile(sorted, float64(p))
	return &v
}

// thin keeps what a chart can show.
func thin(points []longrun.ProbePoint, w longrun.Window, most int) []longrun.ProbePoint {
	if len(points) <= most {
		return append([]longrun.ProbePoint{}, points...)
	}
	buckets := time.Duration(most / 2)
	width := max(w.To.Sub(w.From)/buckets, time.Nanosecond)
	type pick struct{ slowest, bad *longrun.ProbePoint }
	picks := map[time.Duration]*pick{}
	for i := range points {
		p := &points[i]
		at := min(p.TS.Sub(w.From)/width, buckets-1)
		if picks[at] == nil {
			picks[at] = &pick{}
		}
		switch b := picks[at]; {
		case p.Result != longrun.Pass && b.bad == nil:
			b.bad = p
		case p.Result == longrun.Pass && (b.slowest == nil || p.Ms > b.slowest.Ms):
			b.slowest = p
		}
	}
	out := make([]longrun.ProbePoint, 0, most)
	for _, b := range picks {
		for _, p := range []*longrun.ProbePoint{b.slowest, b.bad} {
			if p != nil {
				out = append(out, *p)
			}
		}
	}
	slices.SortFunc(out, func(a, b longrun.ProbePoint) int {
		return cmp.Or(a.TS.Compare(b.TS), cmp.Compare(a.Result, b.Result), cmp.Compare(a.Ms, b.Ms))
	})
	return out
}
