package traffic

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/account"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// HandlerLag names the rule that the host is slow to take an account's messages.
const HandlerLag longrun.RuleID = "handler_lag"

// LagRule is the row of HandlerLag: Bad when an event of the last hour waited so long
// for the host's own handlers; Good when none did.
func LagRule() account.Rule {
	return account.Rule{
		ID: HandlerLag, Severity: longrun.Warning, Many: "wait long for the host's own handlers",
		Works:  "events are handled in time again",
		LookAt: "the host's own event handlers: what they wait for, a database or another service",
		Sees: func(l *account.Look) finding.Condition {
			if l.Account.Traffic.HandlerLag >= account.Seconds(max(l.Limits.HandlerLagSec, 1)) {
				return finding.Bad
			}
			return finding.Good
		},
		Says: func(l *account.Look, f *finding.Finding) {
			lag := l.Account.Traffic.HandlerLag
			f.Observed, f.Threshold = lag.Seconds(), l.Limits.HandlerLagSec
			if f.Condition == finding.Bad {
				f.Summary = "events of account " + l.Account.ID + " waited up to " + words.Span(lag.Truncate(time.Second)) +
					" for the host's own handlers in the last hour, " + words.Span(account.Seconds(l.Limits.HandlerLagSec)) + " are too long"
			}
		},
	}
}
