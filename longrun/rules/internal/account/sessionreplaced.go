package account

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// SessionReplaced names the rule that two processes have one account.
const SessionReplaced longrun.RuleID = "session_replaced"

// ReplacedRule is the row of SessionReplaced: Bad when another client took the session
// over and has it, as the account is out since then; and when it was taken over so
// often, and last within ten minutes: once, and back, is a hand-over. Good once the
// account is in and ten minutes have passed without.
func ReplacedRule() Rule {
	return Rule{
		ID: SessionReplaced, Severity: longrun.Critical, Explains: []longrun.RuleID{NotConnected, ReconnectLoop, LoggedOut},
		Probe:  anyProbe,
		Works:  "the session has one owner",
		LookAt: "where else this account's device runs: a second process, an old deploy, a copy of its device store; end that first",
		Many:   "are taken over by another process",
		Sees: func(l *Look) finding.Condition {
			a := l.Account
			switch {
			case l.taken():
				return finding.Bad
			case l.comesBack():
				return finding.Unseen
			}
			return l.Burst(a.Replaced >= max(l.Limits.SessionReplaced, 1), a.LastReplaced, replacedQuiet)
		},
		Says: sayReplaced,
	}
}

// taken reports whether the account is out because another client has its session.
func (l *Look) taken() bool {
	a := l.Account
	return a.LoggedOut && a.State == stopped && l.Plausible(a.LastReplaced) && !a.LastReplaced.Before(a.Since)
}

func sayReplaced(l *Look, f *finding.Finding) {
	a, threshold := l.Account, max(l.Limits.SessionReplaced, 1)
	l.SayBurst(f, a.Replaced, threshold, time.Time{}, a.LastReplaced)
	switch {
	case f.Condition == finding.Good && a.State == Connected && l.Plausible(a.Since):
		f.Until = later(f.Until, a.Since)
	case f.Condition != finding.Bad:
	case l.taken():
		f.Since, f.Observed, f.Threshold = a.LastReplaced, float64(max(a.Replaced, 1)), 1
		f.Summary = "another process has account " + a.ID + ": its session was taken over at " + words.Moment(f.Since) +
			", and the account is out here until that process is ended and somebody connects it again"
	default:
		f.Summary = "another process has account " + a.ID + ": its session was taken over " + words.Counted(a.Replaced, "time") +
			", last at " + words.Moment(f.Since) + ", " + words.Number(threshold) + " within 10 min are too many"
	}
}

// replacedQuiet is how long nobody must have taken the session over until its
// owners are at peace.
const replacedQuiet = 10 * time.Minute
