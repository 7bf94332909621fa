package account

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// ReconnectLoop names the rule; what it sees is said at CheckReconnectLoop.
const ReconnectLoop longrun.RuleID = "reconnect_loop"

// LoopRule is the row of ReconnectLoop.
func LoopRule() Rule {
	return Rule{
		ID: ReconnectLoop, Severity: longrun.Warning,
		Works:  "the connection holds again",
		LookAt: "the host's network, and whether another process uses the same account",
		Check: func(l *Look) finding.Finding {
			return CheckReconnectLoop(l.Before, l.Account, l.Now, l.Limits.ReconnectLoopThreshold)
		},
	}
}

// reconnectQuiet is how long an account must stay connected until its loop has
// ended.
const reconnectQuiet = 10 * time.Minute

// CheckReconnectLoop is Bad when the account reconnected more than threshold
// times in the last hour and last did so within ten minutes, since the first one
// that is later than the last incident. It is Good once ten minutes have passed
// without one: the loop ended with the last. In between it is Unseen.
//
// Reconnects that the last incident ended with make no second one. A new one,
// while more than threshold still lie in the hour, is the loop again, since then.
func CheckReconnectLoop(b finding.Before, a *longrun.AccountStatus, now time.Time, threshold int64) finding.Finding {
	f := finding.Finding{Rule: ReconnectLoop, Target: a.ID, Observed: float64(a.Reconnects), Threshold: float64(threshold)}
	if now.Sub(a.LastReconnect) >= reconnectQuiet {
		f.Condition, f.Until = finding.Good, a.LastReconnect
		return f
	}
	fresh := a.LastReconnect.After(b.LastEnd)
	if a.Reconnects <= threshold || !fresh {
		return f
	}
	f.Condition, f.Since, f.Accounts = finding.Bad, a.FirstReconnect, []string{a.ID}
	if !a.FirstReconnect.After(b.LastEnd) {
		f.Since = a.LastReconnect
	}
	f.Summary = "account " + a.ID + " reconnected " + words.Counted(a.Reconnects, "time") + " in the last hour, last at " + words.Moment(a.LastReconnect) + words.TooMany(threshold)
	return f
}
