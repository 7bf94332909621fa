package traffic

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/account"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// NoAck names the rule that the server does not confirm what an account sends.
const NoAck longrun.RuleID = "no_ack"

// AckRule is the row of NoAck: Bad when so many messages in a row were not confirmed
// within a minute, by the server or by a receipt, since the first of them; Good when the
// last one was.
func AckRule() account.Rule {
	return account.Rule{
		ID: NoAck, Severity: longrun.Critical, Explains: []longrun.RuleID{Undelivered},
		Probe:  func(p *longrun.Probe) bool { return p.ErrorClass == "no_ack" || p.ErrorClass == "send_blocked" },
		Works:  "the server confirms messages again",
		LookAt: "the account's connection: disconnect and connect it; until then each message waits for the one before",
		Many:   "get no answer to what they send",
		Sees: func(l *account.Look) finding.Condition {
			t := &l.Account.Traffic
			return inARow(t.Unacked, t.Unacked >= max(l.Limits.UnackedInARow, 1))
		},
		Says: func(l *account.Look, f *finding.Finding) {
			t, threshold := &l.Account.Traffic, max(l.Limits.UnackedInARow, 1)
			f.Observed, f.Threshold = float64(t.Unacked), float64(threshold)
			if f.Condition == finding.Bad {
				f.Since = since(l, t.UnackedSince)
				f.Summary = words.Counted(t.Unacked, "message") + " in a row of account " + l.Account.ID + " not confirmed by the server since " +
					words.Moment(f.Since) + ", " + words.Number(threshold) + " in a row are too many"
			}
		},
	}
}

// inARow is what is seen of failures in a row: Good when there are none. Too few
// after too many may be the next row, and end nothing.
func inARow(n int64, tooMany bool) finding.Condition {
	switch {
	case n <= 0:
		return finding.Good
	case tooMany:
		return finding.Bad
	}
	return finding.Unseen
}

// since is t, where it can be that; or when the incident began, which is earlier where
// more came in a row than the host remembers.
func since(l *account.Look, t time.Time) time.Time {
	if b := l.Before; b.Firing && !b.Since.IsZero() && b.Since.Before(t) && l.Plausible(b.Since) {
		return b.Since
	}
	if t.IsZero() || !l.Plausible(t) || t.After(l.Now) {
		return l.Now
	}
	return t
}
