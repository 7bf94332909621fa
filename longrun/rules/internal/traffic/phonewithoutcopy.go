package traffic

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/account"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// PhoneWithoutCopy names the rule that messages reach other devices of people and
// not their phones.
const PhoneWithoutCopy longrun.RuleID = "phone_without_copy"

// CopyRule is the row of PhoneWithoutCopy: Bad when that was so in so many chats
// within the hour, the last time within half an hour; Good once that has passed
// without.
func CopyRule() account.Rule {
	return account.Rule{
		ID: PhoneWithoutCopy, Severity: longrun.Warning, Many: "do not reach people's phones",
		Works:  "people's phones get copies again",
		LookAt: "the client's log for devices without a session; the chats of this incident",
		Sees: func(l *account.Look) finding.Condition {
			t := &l.Account.Traffic
			return l.Burst(t.NoPhone >= max(l.Limits.PhoneWithoutCopyChats, 1), t.LastNoPhone, copyQuiet)
		},
		Says: func(l *account.Look, f *finding.Finding) {
			t, threshold := &l.Account.Traffic, max(l.Limits.PhoneWithoutCopyChats, 1)
			l.SayBurst(f, t.NoPhone, threshold, time.Time{}, t.LastNoPhone)
			if f.Condition == finding.Bad {
				f.Summary = "messages of account " + l.Account.ID + " reached other devices and not the phone in " +
					words.Counted(t.NoPhone, "chat") + " in the last hour, " + words.Number(threshold) + " are too many"
			}
		},
	}
}

// copyQuiet is how long every phone must have got its copy.
const copyQuiet = 30 * time.Minute
