package longrun

import (
	"fmt"
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
	// CommitHash and InstanceID are those of the day's last beat.
	CommitHash string `json:"commitHash" firestore:"commitHash"`
	InstanceID string `json:"instanceId" firestore:"instanceId"`

	// From and To are what counts of the day: all of it, unless nothing was
	// known before From.
	From time.Time `json:"from" firestore:"from"`
	To   time.Time `json:"to" firestore:"to"`
	// IntervalSec is the length of a slot in seconds.
	IntervalSec int64 `json:"intervalSec" firestore:"intervalSec"`
	// Slots are the slots of [From, To) as a Bitmap writes them: 1 is filled.
	// Unhealthy has a 1 for each filled one whose beats did not all say Healthy.
	Slots     string `json:"slots" firestore:"slots"`
	Unhealthy string `json:"unhealthy" firestore:"unhealthy"`
	// HealthyHb counts the filled slots whose beats all said Healthy, ExtraHb the
	// beats that found their slot filled, and LateHb those that were written
	// after their slot.
	HealthyHb   int64 `json:"healthyHb" firestore:"healthyHb"`
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
	// Probes are those that started on this day, by type and in the order of the
	// types' names.
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
	// day. It outlives every new computation of the numbers.
	Seal *Seal `json:"seal" firestore:"seal"`
	// PrunedAt says of heartbeats, probes and incidents when retention began to
	// delete the day's; what is not in it is kept. From then on the numbers
	// stand as they are.
	PrunedAt map[string]time.Time `json:"prunedAt" firestore:"prunedAt"`

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
}

// Bounds of a Rollup's lists, so that the document stays under a database's
// limit of 1 MiB. What goes beyond is counted, in the totals and in Truncated.
const (
	// MaxRollupGaps is twice what a day of minutes can have.
	MaxRollupGaps = 1440
	// MaxRollupPoints are two types that are probed every minute.
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
