// Package host has the rules about the host as a whole, as it says itself that it
// is.
//
// They believe it: what a host counts wrongly they judge wrongly. And where it does
// not answer they say nothing, but for the rule that says just that.
package host

import (
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
)

// Rule is the row of a rule about the host.
type Rule struct {
	ID       longrun.RuleID
	Severity longrun.Severity
	// Works and LookAt are as in rules.Rule.
	Works, LookAt string
	// OK is how many Good looks in a row resolve it. Default: one.
	OK int64
	// Check is what the rule sees. Rule and Target are filled in for it.
	Check func(l *Look) finding.Finding
}

// Look is what a rule may look at.
type Look struct {
	Beat     *longrun.Heartbeat
	Settings *longrun.Settings
	Before   finding.Before
}
