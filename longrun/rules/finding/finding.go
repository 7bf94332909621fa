// Package finding is what a rule says of one target at one moment.
//
// It does not say whether that is an incident: it may have to last, it may be one
// already, and somebody may have asked not to hear of it. For that see package rules.
package finding

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// Condition is what a rule says of one target at one moment.
type Condition int

// The conditions. Unseen moves no state: nobody could look, or it is too early to
// tell.
const (
	Unseen Condition = iota
	Good
	Bad
)

// Finding is what a rule sees of one target at one moment.
type Finding struct {
	Rule      longrun.RuleID
	Target    string
	Condition Condition
	// Gone says that it is Good because the target is no longer there: an account
	// that the host gave up, a probe that is no longer configured. Off says that nobody
	// looks any more, since the rule was switched off.
	Gone, Off bool
	// Since is when the condition began, where it is Bad.
	Since time.Time
	// Until is when the condition ended, where it is Good and the rule knows;
	// the zero time means that it is over since the first Good.
	Until time.Time
	// For is how long it must last, where it is Bad, before it is an incident.
	// Default: it is one at once.
	For time.Duration
	// Attached says that it is part of an incident of many accounts, and not told by
	// itself. Whoever judges fills it in.
	Attached bool
	// Explained is the rule that fires, or did until after it was seen, for the account
	// whose probe this is about, and of which it is no more than a consequence: it is
	// not told by itself. Whoever judges fills it in. Default: none.
	Explained longrun.RuleID
	// Observed against Threshold, and the same in words. Where it is Good there are
	// words only if it is over in another way than the rule's Works says.
	Observed, Threshold float64
	Summary             string
	// Members are the targets of which an incident of many is made, at most as much as
	// there is of each kind of evidence. Default: it is of one.
	Members []string
	// The evidence, as in Incident. Why there are Gaps, the rule does not know.
	Slots, Probes, Accounts, Instances []string
	Gaps                               []longrun.Gap
	// Took is how long the condition really held between Since and Until, where that
	// is not all the time and it is Good; nil means all.
	Took *time.Duration
}

// About returns f with an account as its evidence, where it is Bad.
func (f Finding) About(account string) Finding {
	if f.Condition == Bad {
		f.Accounts = []string{account}
	}
	return f
}

// Before is what was known of a target before the look.
type Before struct {
	// Firing says that an incident is open, and Since when it began.
	Firing bool
	Since  time.Time
	// LastEnd is when the incident before ended; zero where there was none.
	LastEnd time.Time
}
