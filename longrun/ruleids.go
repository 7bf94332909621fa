package longrun

import "slices"

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

// Known reports whether r is one of Rules.
func (r Rule) Known() bool { return slices.Contains(Rules(), r) }
