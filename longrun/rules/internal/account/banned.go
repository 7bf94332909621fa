package account

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
)

// Banned names the rule that an account may not connect for a time.
const Banned longrun.RuleID = "banned"

// BannedRule is the row of Banned: Bad while the ban lasts, since it began; Good from
// its end on. Whoever owns the client connects it minutes after that: until then it
// is not told as out, and the ban as over when it is in.
func BannedRule() Rule {
	return Rule{
		ID: Banned, Severity: longrun.Critical, Explains: []longrun.RuleID{LoggedOut, NotConnected, Restricted},
		Probe:  anyProbe,
		Works:  "the ban is over, and the account may connect",
		LookAt: "the account's phone: what WhatsApp says of the ban; and what this account sent to whom",
		Many:   "are banned",
		Sees: func(l *Look) finding.Condition {
			seen := l.forbidden(&l.Account.Banned, Seconds(l.Limits.BannedSec))
			if seen == finding.Good && (l.comesBack() || l.banJustOver()) {
				return finding.Unseen
			}
			return seen
		},
		Says: func(l *Look, f *finding.Finding) {
			l.sayForbidden(f, &l.Account.Banned, l.Limits.BannedSec, "is banned, and may not connect,")
		},
	}
}

// ownedIn is how long after a ban whoever owns a client has connected it: an owner that
// waits for a while more does so within 10 minutes.
const ownedIn = 15 * time.Minute

// banJustOver reports whether the ban that is told is over and the account not in yet.
func (l *Look) banJustOver() bool {
	a := l.Account
	until := a.Banned.Until
	return l.Before.Firing && a.LoggedOut && !until.IsZero() && !until.After(l.Now) && l.Now.Sub(until) < ownedIn
}
