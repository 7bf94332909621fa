package account

import (
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
)

// Banned names the rule that an account may not connect for a time.
const Banned longrun.RuleID = "banned"

// BannedRule is the row of Banned: Bad while the ban lasts, since it began; Good from
// its end on, also while nobody has connected the account again.
func BannedRule() Rule {
	return Rule{
		ID: Banned, Severity: longrun.Critical, Explains: []longrun.RuleID{LoggedOut, NotConnected, Restricted},
		Works:  "the ban is over; whoever owns the client connects it again",
		LookAt: "the account's phone: what WhatsApp says of the ban; and what this account sent to whom",
		Many:   "are banned",
		Sees: func(l *Look) finding.Condition {
			return l.forbidden(&l.Account.Banned, Seconds(l.Limits.BannedSec))
		},
		Says: func(l *Look, f *finding.Finding) {
			l.sayForbidden(f, &l.Account.Banned, l.Limits.BannedSec, "is banned, and may not connect,")
		},
	}
}
