package traffic

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/account"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// SentToNobody names the rule that messages are sent which no device can read.
const SentToNobody longrun.RuleID = "sent_to_nobody"

// NobodyRule is the row of SentToNobody: Bad when so many were sent within the hour,
// the last one within ten minutes; Good once ten minutes have passed without.
func NobodyRule() account.Rule {
	return account.Rule{
		ID: SentToNobody, Severity: longrun.Critical, Many: "send messages that no device can read",
		Probe:  func(p *longrun.Probe) bool { return p.Type == longrun.Outbound && p.ErrorClass == notDelivered },
		Works:  "messages are encrypted for somebody again",
		LookAt: "the client's device store and its log: no key could be read or written",
		Sees: func(l *account.Look) finding.Condition {
			t := &l.Account.Traffic
			return l.Burst(t.ToNobody >= max(l.Limits.SentToNobodyPerHour, 1), t.LastToNobody, nobodyQuiet)
		},
		Says: func(l *account.Look, f *finding.Finding) {
			t := &l.Account.Traffic
			l.SayBurst(f, t.ToNobody, max(l.Limits.SentToNobodyPerHour, 1), time.Time{}, t.LastToNobody)
			if f.Condition == finding.Bad {
				f.Summary = "account " + l.Account.ID + " sent " + words.Counted(t.ToNobody, "message") +
					" in the last hour that no device can read, and got no error for it"
			}
		},
	}
}

// nobodyQuiet is how long no such message must have been sent.
const nobodyQuiet = 10 * time.Minute
