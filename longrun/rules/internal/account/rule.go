// Package account has the rules about one account of the host: how it is connected,
// and what WhatsApp says of it.
//
// They do not ask anybody: what the host did not say of an account they do not
// judge, and a time that cannot be true says nothing. They know one account and no
// other; that many are in the same trouble is for package rules to see.
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
	// Explains are the rules that are not told of an account while this one fires for
	// it. Default: none.
	Explains []longrun.RuleID
	// Probe reports whether it is no news, while this rule fires for an account, that a
	// probe of the account failed as this one did. Default: it is.
	Probe func(p *longrun.Probe) bool
	// Share is the part of all accounts that must be in this trouble within an hour
	// for it to be one incident of all of them. Default: 0.02.
	Share float64
	// Many says in words what they are then, such as "are not connected".
	Many string
	// Sees is what the rule sees of an account. It is asked in every slot of every
	// account, and makes nothing that costs.
	Sees func(l *Look) finding.Condition
	// Says fills in, where f has the condition that was seen, since when it is so, or
	// until when it was, the numbers, and where it is Bad the words.
	Says func(l *Look, f *finding.Finding)
	// Count is what it sees of a host that names no accounts, in the numbers of its
	// beat. Default: nothing.
	Count func(l *Look) finding.Finding
}

// Look is what a rule may look at.
type Look struct {
	// Account is nil where there is only the Beat.
	Account *longrun.AccountStatus
	Beat    *longrun.Heartbeat
	Limits  *longrun.AlertThresholds
	Now     time.Time
	// Began is since when the one who judges runs and leads: what was before it has
	// not seen.
	Began  time.Time
	Before finding.Before

	found finding.Finding // room
}

// Check is what the rule finds.
func (r *Rule) Check(l *Look) finding.Finding {
	l.found = finding.Finding{Condition: r.Sees(l)}
	r.Says(l, &l.found)
	return l.found.About(l.Account.ID)
}

// Rests reports that the rule sees none of the accounts Bad, of which nothing was
// known before.
func (r *Rule) Rests(l *Look, accounts []longrun.AccountStatus) bool {
	l.Before = finding.Before{}
	for i := range accounts {
		l.Account = &accounts[i]
		if r.Sees(l) == finding.Bad {
			return false
		}
	}
	return true
}

// settling is how long a host has to connect its accounts, after it has begun to
// run or to lead.
const settling = 5 * time.Minute

// Settles reports whether the host still may. A clock that was set back makes it no
// longer.
func (l *Look) Settles() bool {
	age := l.Now.Sub(l.Began)
	return age >= 0 && age < settling
}

const (
	// clocks is how far apart the clocks of a host and of what it talks to may be.
	clocks = 5 * time.Minute
	// longAgo is before anything that a process can know.
	longAgo = 10 * 365 * 24 * time.Hour
)

// comesBack reports whether an account that a rule fires for is on its way back in,
// since so short a time that it is not known whether it will be: that it is not out
// says nothing yet.
func (l *Look) comesBack() bool {
	a := l.Account
	return l.Before.Firing && a.State == reconnecting && l.Plausible(a.Since) && l.Now.Sub(a.Since) < settling
}

// anyProbe is Probe of a rule about an account that can do nothing.
func anyProbe(*longrun.Probe) bool { return true }

// Plausible reports whether something can have been at t.
func (l *Look) Plausible(t time.Time) bool {
	age := l.Now.Sub(t)
	return age >= -clocks && age <= longAgo
}

// Seconds is a threshold as a length of time.
func Seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// days is the same of one in days.
func days(d float64) time.Duration { return time.Duration(d * float64(24*time.Hour)) }

// because is a reason behind a sentence, where there is one.
func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}
