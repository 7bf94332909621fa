package longrun

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// ProbeTally counts the probes of one type in a window. What a person asked for
// by hand is counted apart, and is in no rate and no latency: nobody mends a
// rate by asking more often.
type ProbeTally struct {
	Type ProbeType `json:"type" firestore:"type"`
	// N counts the scheduled probes, Pass, Fail and Inconclusive what came of
	// them; the three add up to it. A result of any other name is Inconclusive.
	N            int64 `json:"n" firestore:"n"`
	Pass         int64 `json:"pass" firestore:"pass"`
	Fail         int64 `json:"fail" firestore:"fail"`
	Inconclusive int64 `json:"inconclusive" firestore:"inconclusive"`
	// ByHand counts the probes that a person asked for, and ByHandPass those of
	// them that passed.
	ByHand     int64 `json:"byHand" firestore:"byHand"`
	ByHandPass int64 `json:"byHandPass" firestore:"byHandPass"`
	// Classes counts the scheduled probes that did not pass by their error's
	// class, "unnamed" where there is none, in the order of the names.
	Classes []ClassCount `json:"classes" firestore:"classes"`
	// Points are the scheduled probes one by one, in the order of time.
	Points []ProbePoint `json:"points" firestore:"points"`
}

// ClassCount counts errors of one class.
type ClassCount struct {
	Class string `json:"class" firestore:"class"`
	N     int64  `json:"n" firestore:"n"`
}

// ProbePoint is one probe: when it started, what came of it, and how long it
// took.
type ProbePoint struct {
	TS     time.Time   `json:"ts" firestore:"ts"`
	Result ProbeResult `json:"result" firestore:"result"`
	// Ms is the latency in milliseconds, -1 where the document has no number
	// that could be one.
	Ms float64 `json:"ms" firestore:"ms"`
	// Class is the error's class, empty after a Pass.
	Class string `json:"class" firestore:"class"`
}

// Judged counts the probes that passed or failed; the others say nothing.
func (t ProbeTally) Judged() int64 { return t.Pass + t.Fail }

// Rate returns Pass / (Pass + Fail), 0 to 1, and false where there was neither.
func (t ProbeTally) Rate() (rate float64, ok bool) {
	return ratio(int(t.Pass), int(t.Judged())), t.Judged() > 0
}

// Latencies returns how long the Points that passed took, in milliseconds,
// in ascending order: what Percentile takes.
func (t ProbeTally) Latencies() []float64 {
	var ms []float64
	for _, p := range t.Points {
		if p.Result == Pass && p.Ms >= 0 {
			ms = append(ms, p.Ms)
		}
	}
	slices.Sort(ms)
	return ms
}

// maxClass bounds the name of a class, in bytes.
const maxClass = 80

// otherType is where probes are counted whose type is none, and errors of classes
// that a rollup has no room for.
const otherType = "other"

// unnamedClass stands for an error without a class.
const unnamedClass = "unnamed"

// add counts one probe.
func (t *ProbeTally) add(p Probe) {
	if p.Trigger == ByHand {
		t.ByHand++
		if p.Result == Pass {
			t.ByHandPass++
		}
		return
	}
	t.N++
	point := ProbePoint{TS: p.TS, Result: p.Result, Ms: -1}
	if p.LatencyMs >= 0 && p.LatencyMs <= math.MaxFloat64 {
		point.Ms = p.LatencyMs
	}
	class := clip(cmp.Or(p.ErrorClass, unnamedClass), maxClass)
	switch p.Result {
	case Pass:
		t.Pass++
	case Fail:
		t.Fail++
		point.Class = class
	case Inconclusive:
		fallthrough
	default:
		t.Inconclusive++
		point.Result, point.Class = Inconclusive, class
	}
	if point.Class != "" {
		t.class(ClassCount{Class: point.Class, N: 1})
	}
	t.Points = append(t.Points, point)
}

func (t *ProbeTally) class(c ClassCount) {
	i, known := slices.BinarySearchFunc(t.Classes, c.Class, func(have ClassCount, name string) int { return cmp.Compare(have.Class, name) })
	if !known {
		t.Classes = slices.Insert(t.Classes, i, ClassCount{Class: c.Class})
	}
	t.Classes[i].N += c.N
}

// join adds what another tally of the same type counted.
func (t *ProbeTally) join(o ProbeTally) {
	t.N += o.N
	t.Pass += o.Pass
	t.Fail += o.Fail
	t.Inconclusive += o.Inconclusive
	t.ByHand += o.ByHand
	t.ByHandPass += o.ByHandPass
	for _, c := range o.Classes {
		t.class(c)
	}
	t.Points = append(t.Points, o.Points...)
}

func comparePoints(a, b ProbePoint) int {
	return cmp.Or(a.TS.Compare(b.TS), cmp.Compare(a.Result, b.Result), cmp.Compare(a.Ms, b.Ms), cmp.Compare(a.Class, b.Class))
}
