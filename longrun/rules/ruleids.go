package rules

import (
	"github.com/seed-13dc028d/longwatch/longrun"
)

// The rules. What each of them sees, and when, is said at its Check function.
const (
	MissedHeartbeats longrun.RuleID = "missed_heartbeats"
	StoreUnreachable longrun.RuleID = "store_unreachable"
	LoggedOut        longrun.RuleID = "logged_out"
	ProbeFails       longrun.RuleID = "probe_fails"
	ProbeOverdue     longrun.RuleID = "probe_overdue"
	ReconnectLoop    longrun.RuleID = "reconnect_loop"
	QueueDepth       longrun.RuleID = "queue_depth"
	InsufficientData longrun.RuleID = "insufficient_data"
)

// Rules returns all rules, the ones that mute others first.
func Rules() []longrun.RuleID {
	return []longrun.RuleID{MissedHeartbeats, StoreUnreachable, LoggedOut, ProbeFails, ProbeOverdue, ReconnectLoop, QueueDepth, InsufficientData}
}

// SeverityOf returns how soon a person should look at what the rule found.
func SeverityOf(r longrun.RuleID) longrun.Severity {
	switch r {
	case MissedHeartbeats, StoreUnreachable, LoggedOut, ProbeFails:
		return longrun.Critical
	case ProbeOverdue, ReconnectLoop, QueueDepth, InsufficientData:
	}
	return longrun.Warning
}

// Mutes reports whether r, while it fires, keeps other from being told: one
// cause, one message. The other's state and incident go on.
func Mutes(r longrun.RuleID, other longrun.RuleID) bool {
	return r == MissedHeartbeats && (other == InsufficientData || other == QueueDepth)
}
