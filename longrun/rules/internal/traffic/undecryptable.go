package traffic

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/account"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// Undecryptable names the rule that an account cannot read what it is sent.
const Undecryptable longrun.RuleID = "undecryptable"

// UnreadableRule is the row of Undecryptable: Bad when so many messages of the hour
// could not be read, and they are so many of all, or from so many people, that it is
// not the fault of one of them; the last one came within half an hour. Good once half
// an hour has passed without.
func UnreadableRule() account.Rule {
	return account.Rule{
		ID: Undecryptable, Severity: longrun.Critical, Many: "cannot read what they are sent",
		Probe:  func(p *longrun.Probe) bool { return p.ErrorClass == string(Undecryptable) },
		Works:  "the account can read what comes again",
		LookAt: "the client's log and device store; the senders may have to write once more",
		Sees: func(l *account.Look) finding.Condition {
			t := &l.Account.Traffic
			return l.Burst(t.Unreadable > 0 && tooManyUnreadable(t, l.Limits), t.LastUnreadable, readQuiet)
		},
		Says: func(l *account.Look, f *finding.Finding) {
			t := &l.Account.Traffic
			l.SayBurst(f, t.Unreadable, max(l.Limits.UnreadablePerHour, 1), t.FirstUnreadable, t.LastUnreadable)
			if f.Condition == finding.Bad {
				f.Summary = "account " + l.Account.ID + " could not read " + words.Number(t.Unreadable) + " of " +
					words.Counted(max(t.Received, t.Unreadable), "message") + " in the last hour, from " + words.Counted(t.UnreadableFrom, "sender")
			}
		},
	}
}

func tooManyUnreadable(t *longrun.Traffic, l *longrun.AlertThresholds) bool {
	share := float64(t.Unreadable) / float64(max(t.Received, t.Unreadable))
	return t.Unreadable >= max(l.UnreadablePerHour, 1) && (share*100 >= l.UnreadablePercent || t.UnreadableFrom >= max(l.UnreadableSenders, 1))
}

// readQuiet is for how long everything must have been readable. What came in the last
// ten minutes of it may still be brought again.
const readQuiet = 30 * time.Minute
