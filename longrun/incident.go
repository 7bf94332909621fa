package longrun

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Rule names one of the conditions that are worth a person's attention.
type Rule string

// The rules. What each of them sees, and when, is said at its Check function.
const (
	MissedHeartbeats Rule = "missed_heartbeats"
	StoreUnreachable Rule = "store_unreachable"
	LoggedOut        Rule = "logged_out"
	ProbeFails       Rule = "probe_fails"
	ProbeOverdue     Rule = "probe_overdue"
	ReconnectLoop    Rule = "reconnect_loop"
	QueueDepth       Rule = "queue_depth"
	InsufficientData Rule = "insufficient_data"
)

// Rules returns all rules, the ones that mute others first.
func Rules() []Rule {
	return []Rule{MissedHeartbeats, StoreUnreachable, LoggedOut, ProbeFails, ProbeOverdue, ReconnectLoop, QueueDepth, InsufficientData}
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

// Severity returns how soon a person should look at what the rule found.
func (r Rule) Severity() Severity {
	switch r {
	case MissedHeartbeats, StoreUnreachable, LoggedOut, ProbeFails:
		return Critical
	case ProbeOverdue, ReconnectLoop, QueueDepth, InsufficientData:
	}
	return Warning
}

// Mutes reports whether r, while it fires, keeps other from being told: one
// cause, one message. The other's state and incident go on.
func (r Rule) Mutes(other Rule) bool {
	return r == MissedHeartbeats && (other == InsufficientData || other == QueueDepth)
}

// Incident is one trouble of one rule and target, from when its condition began
// to when it ended. There is at most one open at a time.
type Incident struct {
	// IncidentID is the document's ID, see IncidentID.
	IncidentID string   `json:"incidentId" firestore:"incidentId"`
	Rule       Rule     `json:"rule" firestore:"rule"`
	Target     string   `json:"target" firestore:"target"`
	Severity   Severity `json:"severity" firestore:"severity"`
	// TS and TSStart are when the condition began, not when it was noticed.
	TS      time.Time `json:"ts" firestore:"ts"`
	TSStart time.Time `json:"tsStart" firestore:"tsStart"`
	// TSEnd is when the condition ended; nil while the incident is open.
	TSEnd *time.Time `json:"tsEnd" firestore:"tsEnd"`
	// MTTRSec is TSEnd − TSStart in seconds: the length of the trouble.
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

// Open reports whether the incident is not over.
func (i Incident) Open() bool { return i.TSEnd == nil }

// Duration returns how long the trouble lasted, or has lasted at now.
func (i Incident) Duration(now time.Time) time.Duration {
	if i.TSEnd != nil {
		now = *i.TSEnd
	}
	return max(0, now.Sub(i.TSStart))
}

// IncidentID names the incident of a rule and target whose condition began at
// start, such as "probe_fails_20251229T223500_outbound".
func IncidentID(r Rule, target string, start time.Time) string {
	return withTarget(string(r)+"_"+start.UTC().Format("20060102T150405"), target)
}

// maxTargetID is how much of a target stands in an ID; a store's IDs are bounded.
const maxTargetID = 200

// withTarget appends a target to an ID. What a store's ID cannot hold is written
// as in a URL, and a long one ends in a hash, so that different targets stay
// different.
func withTarget(id, target string) string {
	if target == "" {
		return id
	}
	b := append(append(make([]byte, 0, len(id)+1+len(target)), id...), '_')
	valid := utf8.ValidString(target)
	for _, c := range []byte(target) {
		if c == '/' || c == '%' || c < ' ' || c == 0x7f || c >= utf8.RuneSelf && !valid {
			b = fmt.Appendf(b, "%%%02X", c)
		} else {
			b = append(b, c)
		}
	}
	if cut := len(id) + 1 + maxTargetID; len(b) > cut {
		sum := sha256.Sum256([]byte(target))
		b = fmt.Appendf([]byte(strings.ToValidUTF8(string(b[:cut]), "")), "~%x", sum[:8])
	}
	return string(b)
}

// Known reports whether r is one of Rules.
func (r Rule) Known() bool { return slices.Contains(Rules(), r) }
