package longrun

import (
	"fmt"
	"strings"
	"time"
)

// RuleID names one of the conditions that are worth a person's attention.
type RuleID string

// maxRuleID bounds the name of a rule: it is part of documents' IDs.
const maxRuleID = 60

// Validate reports a name that no rule can have: one is of lower-case letters and
// underscores. Which rules there are is for package rules to say.
func (r RuleID) Validate() error {
	if r == "" || len(r) > maxRuleID || strings.ContainsFunc(string(r), func(c rune) bool { return c != '_' && (c < 'a' || c > 'z') }) {
		return fmt.Errorf("rule %.50q is no name of a rule, such as missed_heartbeats", string(r))
	}
	return nil
}

// Severity says how soon a person should look.
type Severity string

// The severities.
const (
	// Critical: the service, or the knowledge about it, is down now.
	Critical Severity = "critical"
	// Warning: something is wrong that has not stopped the service yet.
	Warning Severity = "warning"
)

// Incident is one trouble of one rule and target, from when its condition began
// to when it ended. There is at most one open at a time.
type Incident struct {
	// IncidentID is the document's ID, see IncidentID.
	IncidentID string   `json:"incidentId" firestore:"incidentId"`
	Rule       RuleID   `json:"rule" firestore:"rule"`
	Target     string   `json:"target" firestore:"target"`
	Severity   Severity `json:"severity" firestore:"severity"`
	// TS and TSStart are when the condition began, not when it was noticed.
	TS      time.Time `json:"ts" firestore:"ts"`
	TSStart time.Time `json:"tsStart" firestore:"tsStart"`
	// TSEnd is when the condition ended; nil while the incident is open.
	TSEnd *time.Time `json:"tsEnd" firestore:"tsEnd"`
	// MTTRSec is the length of the trouble in seconds: TSEnd − TSStart; of missed
	// heartbeats, and of the budget that they burn, the time without them, not that
	// between.
	MTTRSec *float64 `json:"mttrSec" firestore:"mttrSec"`
	// Noticed is when it was opened, and Closed when it was found to be over.
	Noticed time.Time  `json:"noticed" firestore:"noticed"`
	Closed  *time.Time `json:"closed" firestore:"closed"`
	// Summary says what was seen against which threshold, when it was opened.
	Summary string `json:"summary" firestore:"summary"`
	// Observed is the value that crossed Threshold, when it was opened.
	Observed  float64 `json:"observed" firestore:"observed"`
	Threshold float64 `json:"threshold" firestore:"threshold"`
	// Slots, Probes and Accounts are the evidence: the IDs of the empty slots,
	// of the probes that failed, and the accounts; at most MaxEvidence of each,
	// the first ones.
	Slots    []string `json:"slots" firestore:"slots"`
	Probes   []string `json:"probes" firestore:"probes"`
	Accounts []string `json:"accounts" firestore:"accounts"`
	// Instances are those that it is about where it is about such: the dead ones, and
	// not the one that tells of them. At most MaxEvidence.
	Instances []string `json:"instances" firestore:"instances"`
	// Gaps are the times without heartbeats, where it is about such, with their
	// causes as far as they are known; at most MaxGaps, the first ones.
	Gaps []Gap `json:"gaps" firestore:"gaps"`
	// Cause is why, in a line, as far as it is known.
	Cause string `json:"cause" firestore:"cause"`
	// Reminders counts the messages between the first one and the last one.
	Reminders int64 `json:"reminders" firestore:"reminders"`
	// InstanceID, CommitHash and Epoch are those of the leader that opened it.
	InstanceID string `json:"instanceId" firestore:"instanceId"`
	CommitHash string `json:"commitHash" firestore:"commitHash"`
	Epoch      int64  `json:"epoch" firestore:"epoch"`
	// ClosedBy is the instance that closed it.
	ClosedBy string `json:"closedBy" firestore:"closedBy"`
}

// MaxEvidence bounds each kind of evidence in an Incident.
const MaxEvidence = 60

// MaxGaps bounds the Gaps in an Incident.
const MaxGaps = 20

// Open reports whether the incident is not over.
func (i Incident) Open() bool { return i.TSEnd == nil }

// Repair returns how long it took until the trouble was over: MTTRSec where it is
// known, and else Duration.
func (i Incident) Repair(now time.Time) time.Duration {
	if i.TSEnd != nil && i.MTTRSec != nil && *i.MTTRSec >= 0 && *i.MTTRSec <= maxRepair.Seconds() {
		return time.Duration(*i.MTTRSec * float64(time.Second))
	}
	return i.Duration(now)
}

// maxRepair bounds what is believed of a document.
const maxRepair = 100 * 365 * 24 * time.Hour

// Duration returns how long it was from the begin of the trouble to its end, or is
// at now.
func (i Incident) Duration(now time.Time) time.Duration {
	if i.TSEnd != nil {
		now = *i.TSEnd
	}
	return max(0, now.Sub(i.TSStart))
}
