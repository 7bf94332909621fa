package account

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// SessionReplaced names the rule that two processes have one account.
const SessionReplaced longrun.RuleID = "session_replaced"

// ReplacedRule is the row of SessionReplaced: Bad when another client took the
// session over so often, and last within ten minutes; once is a hand-over. Good once
// ten minutes have passed without.
func ReplacedRule() Rule {
	return Rule{
		ID: SessionReplaced, Severity: longrun.Critical, Explains: []longrun.RuleID{NotConnected, ReconnectLoop, LoggedOut},
		Works:  "the session has one owner",
		LookAt: "where else this account's device runs: a second process, an old deploy, a copy of its device store",
		Many:   "are taken over by another process again and again",
		Sees: func(l *Look) finding.Condition {
			return l.Burst(l.Account.Replaced >= max(l.Limits.SessionReplaced, 1), l.Account.LastReplaced, replacedQuiet)
		},
		Says: func(l *Look, f *finding.Finding) {
			a := l.Account
			l.SayBurst(f, a.Replaced, max(l.Limits.SessionReplaced, 1), time.Time{}, a.LastReplaced)
			if f.Condition == finding.Bad {
				f.Summary = "another process has account " + a.ID + ": its session was taken over " + words.Counted(a.Replaced, "time") +
					", last at " + words.Moment(f.Since) + ", " + words.Number(max(l.Limits.SessionReplaced, 1)) + " within 10 min are too many"
			}
		},
	}
}

// replacedQuiet is how long nobody must have taken the session over until its
// owners are at peace.
const replacedQuiet = 10 * time.Minute
