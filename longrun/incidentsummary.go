package longrun

import (
	"time"
)

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
