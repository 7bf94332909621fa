package rules

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// ReconnectLoop names the rule; what it sees is said at CheckReconnectLoop.
const ReconnectLoop longrun.RuleID = "reconnect_loop"

func reconnectLoop() Rule {
	return Rule{
		ID: ReconnectLoop, Severity: longrun.Warning, Each: EachAccount, Known: AccountsKnown,
		Check: func(s State, in *Inputs, t Target) Finding {
			return CheckReconnectLoop(s, *t.Account, in.Now, in.Settings.AlertThresholds.ReconnectLoopThreshold)
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
func CheckReconnectLoop(s State, a longrun.AccountStatus, now time.Time, threshold int64) Finding {
	f := Finding{Rule: ReconnectLoop, Target: a.ID, Observed: float64(a.Reconnects), Threshold: float64(threshold)}
	if now.Sub(a.LastReconnect) >= reconnectQuiet {
		f.Condition, f.Until = Good, a.LastReconnect
		return f
	}
	fresh := s.LastEnd == nil || a.LastReconnect.After(*s.LastEnd)
	if a.Reconnects <= threshold || !fresh {
		return f
	}
	f.Condition, f.Since, f.Accounts = Bad, a.FirstReconnect, []string{a.ID}
	if s.LastEnd != nil && !a.FirstReconnect.After(*s.LastEnd) {
		f.Since = a.LastReconnect
	}
	f.Summary = "account " + a.ID + " reconnected " + counted(a.Reconnects, "time") + " in the last hour, last at " + moment(a.LastReconnect) + tooMany(threshold)
	return f
}
