package longrun

import (
	"slices"
	"time"
)

// InstanceStats is what one instance with one build did in a window: one line of the
// table of instances. An instance that does not say its name has an empty one,
// and all such are one.
type InstanceStats struct {
	InstanceID string `json:"instanceId" firestore:"instanceId"`
	CommitHash string `json:"commitHash" firestore:"commitHash"`
	// First and Last are when its first and last beat were made, Beats is how
	// many it made.
	First time.Time `json:"first" firestore:"first"`
	Last  time.Time `json:"last" firestore:"last"`
	Beats int64     `json:"beats" firestore:"beats"`
	// EpochFrom and EpochTo are the lowest and the highest epoch of its beats.
	EpochFrom int64 `json:"epochFrom" firestore:"epochFrom"`
	EpochTo   int64 `json:"epochTo" firestore:"epochTo"`
}

// IncidentSummary is an Incident as a Rollup keeps it: what and when, without the
// evidence.
type IncidentSummary struct {
	IncidentID string   `json:"incidentId" firestore:"incidentId"`
	Rule       RuleID   `json:"rule" firestore:"rule"`
	Target     string   `json:"target" firestore:"target"`
	Severity   Severity `json:"severity" firestore:"severity"`
	// Start is when the condition began, End when it ended: nil while it was
	// open. An incident may end on a later day, after its day was rolled up.
	Start   time.Time  `json:"start" firestore:"start"`
	End     *time.Time `json:"end" firestore:"end"`
	Summary string     `json:"summary" firestore:"summary"`
}

// Brief returns the incident without its evidence.
func (i Incident) Brief() IncidentSummary {
	o := IncidentSummary{
		IncidentID: i.IncidentID, Rule: i.Rule, Target: i.Target, Severity: i.Severity,
		Start: i.TSStart.UTC(), Summary: clip(i.Summary, maxSummary),
	}
	if i.TSStart.IsZero() {
		o.Start = i.TS.UTC()
	}
	if i.TSEnd != nil {
		end := i.TSEnd.UTC()
		o.End = &end
	}
	return o
}

// Incident returns what the rules about incidents need of it.
func (o IncidentSummary) Incident() Incident {
	return Incident{
		IncidentID: o.IncidentID, Rule: o.Rule, Target: o.Target, Severity: o.Severity,
		TS: o.Start, TSStart: o.Start, TSEnd: o.End, Summary: o.Summary,
	}
}

// maxSummary bounds the text of an incident in a rollup, in bytes.
const maxSummary = 300

// clip cuts a text at a rune's end.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n] + "…"
}

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

// Seal closes a segment of the chain of beats: those numbered FirstSeq to
// LastSeq. It is stored once, in the rollup of the day that it was made for, and
// never changed: a beat that comes late lies in the segment that is open then.
// The chain says that nothing was edited since; a signature says who sealed it.
type Seal struct {
	// TS is when it was sealed.
	TS time.Time `json:"ts" firestore:"ts"`
	// FirstSeq and LastSeq are the chain numbers of the first and the last beat
	// of the segment, and Beats is how many it has.
	FirstSeq int64 `json:"firstSeq" firestore:"firstSeq"`
	LastSeq  int64 `json:"lastSeq" firestore:"lastSeq"`
	Beats    int64 `json:"beats" firestore:"beats"`
	// PrevHash is the Hash of the beat before the segment, empty before the first
	// beat of all, and LastHash that of its last beat.
	PrevHash string `json:"prevHash" firestore:"prevHash"`
	LastHash string `json:"lastHash" firestore:"lastHash"`
	// KeyID names the key of the Signature; both are empty where there is none.
	KeyID     string `json:"keyId" firestore:"keyId"`
	Signature string `json:"signature" firestore:"signature"`
}
