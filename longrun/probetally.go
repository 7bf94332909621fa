package longrun

import (
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
