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
		ID: ReconnectLoop, Severity: longrun.Warning, Many: "reconnect again and again",
		Works:  "the connection holds again",
		LookAt: "the host's network, and whether another process uses the same account",
		Sees:   seeLoop, Says: sayLoop,
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
	limits := longrun.AlertThresholds{ReconnectLoopThreshold: threshold}
	l := Look{Account: a, Limits: &limits, Now: now, Before: b}
	f := finding.Finding{Rule: ReconnectLoop, Target: a.ID, Condition: seeLoop(&l)}
	sayLoop(&l, &f)
	return f.About(a.ID)
}

func seeLoop(l *Look) finding.Condition {
	a := l.Account
	switch {
	case l.Now.Sub(a.LastReconnect) >= reconnectQuiet:
		return finding.Good
	case a.Reconnects > l.Limits.ReconnectLoopThreshold && a.LastReconnect.After(l.Before.LastEnd):
		return finding.Bad
	}
	return finding.Unseen
}

func sayLoop(l *Look, f *finding.Finding) {
	a, threshold := l.Account, l.Limits.ReconnectLoopThreshold
	f.Observed, f.Threshold = float64(a.Reconnects), float64(threshold)
	switch f.Condition {
	case finding.Good:
		f.Until = a.LastReconnect
	case finding.Bad:
		if f.Since = a.FirstReconnect; !a.FirstReconnect.After(l.Before.LastEnd) {
			f.Since = a.LastReconnect
		}
		f.Summary = "account " + a.ID + " reconnected " + words.Counted(a.Reconnects, "time") + " in the last hour, last at " + words.Moment(a.LastReconnect) + words.TooMany(threshold)
	case finding.Unseen:
	}
}
