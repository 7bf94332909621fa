package traffic

import (
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/account"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// Undelivered names the rule that what an account sends reaches nobody, though it
// nearly always did.
const Undelivered longrun.RuleID = "undelivered"

// notDelivered is how a probe fails that the server took and nobody got.
const notDelivered = "acked_not_delivered"

// ReceiptRule is the row of Undelivered: Bad when so many messages in a row reached
// nobody, to so many chats that nearly always answer, since the first of them; Good
// when the last one arrived.
func ReceiptRule() account.Rule {
	return account.Rule{
		ID: Undelivered, Severity: longrun.Critical, Many: "reach nobody with what they send",
		Probe:  func(p *longrun.Probe) bool { return p.Type == longrun.Outbound && p.ErrorClass == notDelivered },
		Works:  "messages are delivered again",
		LookAt: "a probe of the account; what its phone shows: one tick, or two",
		Sees: func(l *account.Look) finding.Condition {
			t := &l.Account.Traffic
			return inARow(t.Undelivered, t.Undelivered >= max(l.Limits.UndeliveredInARow, 1) && t.UndeliveredTo >= l.Limits.UndeliveredChats)
		},
		Says: func(l *account.Look, f *finding.Finding) {
			t, threshold := &l.Account.Traffic, max(l.Limits.UndeliveredInARow, 1)
			f.Observed, f.Threshold = float64(t.Undelivered), float64(threshold)
			if f.Condition == finding.Bad {
				f.Since = since(l, t.UndeliveredSince)
				f.Summary = words.Counted(t.Undelivered, "message") + " in a row of account " + l.Account.ID + " to " +
					words.Counted(t.UndeliveredTo, "chat") + " that nearly always answer reached nobody since " + words.Moment(f.Since)
			}
		},
	}
}
