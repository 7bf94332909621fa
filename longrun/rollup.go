package longrun

import (
	"fmt"
	"slices"
	"time"
)

// Rollup is what is kept of one UTC day that is over, in the document named
// after it: enough to say everything that a report says of the day without its
// beats, and to say it of many days together as exactly as if all their beats
// were read. See coverage.Merge, which makes it and takes it back.
type Rollup struct {
	// TS is the start of the day, and Date the same for people and the
	// document's ID, such as "2025-12-29".
	TS   time.Time `json:"ts" firestore:"ts"`
	Date string    `json:"date" firestore:"date"`

	// These are the numbers of the original system, under its names; all but
	// the shares are as in Coverage. UptimePct is 100 × WrittenHb / ExpectedHb
	// and NumericCoverage the same without the 100, neither of them rounded.
	// InsufficientData says that it is under 0.8: a mark for those who look for
	// it, and no verdict, which is a report's to give.
	ExpectedHb       int64   `json:"expectedHb" firestore:"expectedHb"`
	WrittenHb        int64   `json:"writtenHb" firestore:"writtenHb"`
	MissedHb         int64   `json:"missedHb" firestore:"missedHb"`
	UptimePct        float64 `json:"uptimePct" firestore:"uptimePct"`
	NumericCoverage  float64 `json:"numericCoverage" firestore:"numericCoverage"`
	InsufficientData bool    `json:"insufficientData" firestore:"insufficientData"`
	// ProbePassRates are 100 × PASS / (PASS + FAIL) of the scheduled probes by
	// type; a type that had neither is not in it.
	ProbePassRates map[string]float64 `json:"probePassRates" firestore:"probePassRates"`
	// MTTRP50, P90 and P95 are over the incidents that began on this day and had
	// ended when it was rolled up, in seconds, by nearest rank; nil without any.
	MTTRP50 *float64 `json:"mttrP50" firestore:"mttrP50"`
	MTTRP90 *float64 `json:"mttrP90" firestore:"mttrP90"`
	MTTRP95 *float64 `json:"mttrP95" firestore:"mttrP95"`
	// IncidentsCount counts the incidents that began on this day.
	IncidentsCount int64 `json:"incidentsCount" firestore:"incidentsCount"`
	// CommitHash and InstanceID are those of the day's last beat; of a day without beats,
	// those of whoever rolled it up.
	CommitHash string `json:"commitHash" firestore:"commitHash"`
	InstanceID string `json:"instanceId" firestore:"instanceId"`

	// From and To are what counts of the day: all of it, unless nothing was
	// known before From.
	From time.Time `json:"from" firestore:"from"`
	To   time.Time `json:"to" firestore:"to"`
	// IntervalSec is the length of a slot in seconds. On a day on which it was changed
	// that is the longest in which the beats of all lengths fill what they cover.
	IntervalSec int64 `json:"intervalSec" firestore:"intervalSec"`
	// Lengths are those of the slots that the beats were made for, shortest first; empty
	// where all were made for the rollup's, as in older documents.
	Lengths []SlotLength `json:"lengths" firestore:"lengths"`
	// Slots are the slots of [From, To) as a Bitmap writes them: 1 is filled.
	// Unhealthy has a 1 for each filled one whose beats did not all say Healthy.
	Slots     string `json:"slots" firestore:"slots"`
	Unhealthy string `json:"unhealthy" firestore:"unhealthy"`
	// Unknown has a 1 for each of those in Unhealthy of which nobody knows it, see
	// Coverage; empty where there is none, as in older documents, which did not ask.
	Unknown string `json:"unknown" firestore:"unknown"`
	// HealthyHb counts the filled slots whose beats all said Healthy, UnknownHb those of
	// which nobody knows it, DuplicateHb the beats that found one in their own slot, and
	// LateHb those that were written after their slot.
	HealthyHb   int64 `json:"healthyHb" firestore:"healthyHb"`
	UnknownHb   int64 `json:"unknownHb" firestore:"unknownHb"`
	DuplicateHb int64 `json:"extraHb" firestore:"extraHb"`
	LateHb      int64 `json:"lateHb" firestore:"lateHb"`
	// Drift is that of all beats of the day, and DriftMs what it is taken from:
	// "12:3 15:40" says that 3 beats were made 12 ms after the start of their
	// slot and 40 were made after 15.
	Drift   Drift  `json:"drift" firestore:"drift"`
	DriftMs string `json:"driftMs" firestore:"driftMs"`
	// Gaps are the runs of empty slots with their causes, oldest first: the
	// MaxRollupGaps longest.
	Gaps []Gap `json:"gaps" firestore:"gaps"`
	// Edges are the earliest and the latest beat of the first and of the last
	// filled slot: they explain a gap that goes on beyond midnight.
	Edges []EdgeBeat `json:"edges" firestore:"edges"`
	// Instances are those who wrote, in the order of their first beats.
	Instances []InstanceStats `json:"instances" firestore:"instances"`
	// Probes are those that started on this day, by type and name, and in their
	// order.
	Probes []ProbeTally `json:"probes" firestore:"probes"`
	// Incidents are those that began on this day, oldest first.
	Incidents []IncidentSummary `json:"incidents" firestore:"incidents"`
	// Undecodable counts documents of the day that did not decode: they are in no
	// number here.
	Undecodable int64 `json:"mangled" firestore:"mangled"`
	// Truncated says how much did not fit.
	Truncated Truncated `json:"omitted" firestore:"omitted"`
	// Settled says that nothing is left to be learned: the day's last slot is
	// filled, or a beat after the day was known. Otherwise the last gap's end and
	// cause are not, and the day is worth another look once there is a beat.
	Settled bool `json:"settled" firestore:"settled"`

	// Seal closes a segment of the chain, nil where none was closed with this
	// day, as in every document of today: older versions made them, and they are
	// kept.
	Seal *Seal `json:"seal" firestore:"seal"`
	// Batch is the number of the batch of evidence that has the line of this
	// revision; 0 in older documents, whose line is in the first batch of all.
	// Batches are those that have lines of the day's beats, probes and incidents.
	Batch   int64   `json:"batch" firestore:"batch"`
	Batches []int64 `json:"batches" firestore:"batches"`
	// PrunedAt says of heartbeats, probes and incidents when retention began to
	// delete the day's; what is not in it is kept. From then on the numbers
	// stand as they are.
	PrunedAt map[string]time.Time `json:"prunedAt" firestore:"prunedAt"`

	// Replaced is the whole document that lay in this one's place, and was none of ours:
	// the original system's rollup of the day, with its own numbers under its own
	// names, or one that did not decode. Empty where there was none. It outlives every
	// new computation.
	Replaced map[string]any `json:"replaced" firestore:"replaced"`

	// ComputedAt is when the numbers were last computed with another outcome
	// than before, ComputedBy is the instance that did, and Revision counts the
	// times, from 1.
	ComputedAt time.Time `json:"computedAt" firestore:"computedAt"`
	ComputedBy string    `json:"computedBy" firestore:"computedBy"`
	Revision   int64     `json:"revision" firestore:"revision"`
}

// EdgeBeat is of a Heartbeat what explains a gap beside it; see Cause.
type EdgeBeat struct {
	TS         time.Time `json:"ts" firestore:"ts"`
	InstanceID string    `json:"instanceId" firestore:"instanceId"`
	CommitHash string    `json:"commitHash" firestore:"commitHash"`
	UptimeSec  int64     `json:"uptimeSec" firestore:"uptimeSec"`
	ChainSeq   int64     `json:"chainSeq" firestore:"chainSeq"`
	Late       bool      `json:"late" firestore:"late"`
	// Epoch is 0 in older documents, which did not keep it.
	Epoch int64 `json:"epoch" firestore:"epoch"`
	// IntervalSec is the length of the slot that it was made for, in seconds; 0 where
	// that is the rollup's.
	IntervalSec int64 `json:"intervalSec" firestore:"intervalSec"`
}

// SlotLength counts the beats of a day that were made for slots of one length.
type SlotLength struct {
	IntervalSec int64 `json:"intervalSec" firestore:"intervalSec"`
	Beats       int64 `json:"beats" firestore:"beats"`
	// Duplicates are those of them that found a beat of the same length in their slot.
	Duplicates int64 `json:"duplicates" firestore:"duplicates"`
}

// Bounds of a Rollup's lists, so that the document stays under a database's
// limit of 1 MiB. What goes beyond is counted, in the totals and in Truncated.
const (
	// MaxRollupGaps is twice what a day of minutes can have.
	MaxRollupGaps = 1440
	// MaxRollupPoints are two types that are probed every minute, or a hundred accounts
	// that are probed every hour; of more each has its share, spread over the day.
	MaxRollupPoints    = 3000
	MaxRollupInstances = 300
	MaxRollupIncidents = 300
)

// Truncated counts what did not fit into the lists of a Rollup.
type Truncated struct {
	Gaps      int64 `json:"gaps" firestore:"gaps"`
	Points    int64 `json:"points" firestore:"points"`
	Instances int64 `json:"instances" firestore:"instances"`
	Incidents int64 `json:"incidents" firestore:"incidents"`
}

// RollupID names the rollup of the UTC day that t lies in, such as "2025-12-29".
func RollupID(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// ParseRollupID returns the start of the day that id names.
func ParseRollupID(id string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, id)
	if err != nil {
		return time.Time{}, fmt.Errorf("longrun: %.20q is no day, such as 2025-12-29", id)
	}
	return t, nil
}

// DayOf returns the UTC day that t lies in.
func DayOf(t time.Time) Window {
	y, m, d := t.UTC().Date()
	from := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	return Window{From: from, To: from.AddDate(0, 0, 1)}
}

// Original reports whether the document is of the original system: it has the
// numbers, and nothing to take them from.
func (r Rollup) Original() bool { return r.IntervalSec == 0 && r.Slots == "" }

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
	Start time.Time  `json:"start" firestore:"start"`
	End   *time.Time `json:"end" firestore:"end"`
	// MTTRSec is as in Incident; nil while it was open, and in older documents.
	MTTRSec *float64 `json:"mttrSec" firestore:"mttrSec"`
	Summary string   `json:"summary" firestore:"summary"`
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
		if i.MTTRSec != nil {
			o.MTTRSec = new(*i.MTTRSec)
		}
	}
	return o
}

// Incident returns what the rules about incidents need of it.
func (o IncidentSummary) Incident() Incident {
	return Incident{
		IncidentID: o.IncidentID, Rule: o.Rule, Target: o.Target, Severity: o.Severity,
		TS: o.Start, TSStart: o.Start, TSEnd: o.End, MTTRSec: o.MTTRSec, Summary: o.Summary,
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

// ProbeTally counts the probes of one type and name in a window. What a person asked for
// by hand is counted apart, and is in no rate and no latency: nobody mends a
// rate by asking more often.
type ProbeTally struct {
	Type ProbeType `json:"type" firestore:"type"`
	// Name is as in Probe.
	Name string `json:"name" firestore:"name"`
	// N counts the probes of the schedule and of suspicions, Pass, Fail and Inconclusive what came of
	// them; the three add up to it. A result of any other name is Inconclusive.
	N            int64 `json:"n" firestore:"n"`
	Pass         int64 `json:"pass" firestore:"pass"`
	Fail         int64 `json:"fail" firestore:"fail"`
	Inconclusive int64 `json:"inconclusive" firestore:"inconclusive"`
	// ByHand counts the probes that a person asked for, and ByHandPass those of
	// them that passed.
	ByHand     int64 `json:"byHand" firestore:"byHand"`
	ByHandPass int64 `json:"byHandPass" firestore:"byHandPass"`
	// Classes counts those of N that did not pass by their error's
	// class, "unnamed" where there is none, in the order of the names.
	Classes []ClassCount `json:"classes" firestore:"classes"`
	// Points are those of N one by one, in the order of time.
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

// Named says which probe it counts.
func (t ProbeTally) Named() NamedProbe { return NamedProbe{Type: t.Type, Name: t.Name} }

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
		if p.Result == Pass && KnownMs(p.Ms) {
			ms = append(ms, p.Ms)
		}
	}
	slices.Sort(ms)
	return ms
}

// Seal closes a segment of the chain of beats: those numbered FirstSeq to
// LastSeq. Versions before the log of evidence made one a day. It was stored once,
// in the rollup of the day that it was made for, and is never changed.
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
