// Package account has the rules about one account of the host: how it is connected,
// and what WhatsApp says of it.
//
// They do not ask anybody: what the host did not say of an account they do not
// judge. They know one account and no other; that many are in the same trouble is
// for package rules to see.
package account

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
)

// Rule is the row of a rule about accounts.
type Rule struct {
	ID       longrun.RuleID
	Severity longrun.Severity
	// Works and LookAt are as in rules.Rule.
	Works, LookAt string
	// Check is what the rule sees of an account. Rule and Target are filled in for it.
	Check func(l *Look) finding.Finding
	// Count is Check for hosts that name no accounts. Default: the rule says nothing
	// of those.
	Count func(h *longrun.Heartbeat) finding.Finding
}

// Look is what a rule may look at.
type Look struct {
	Account *longrun.AccountStatus
	Limits  *longrun.AlertThresholds
	Now     time.Time
	Before  finding.Before
}
