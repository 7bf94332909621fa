package traffic

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/account"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// ReplayLost names the rule that messages were lost which waited while an account
// was away.
const ReplayLost longrun.RuleID = "replay_lost"

// ReplayRule is the row of ReplayLost: Bad when so many did not come, as was found
// within ten minutes; Good once ten minutes have passed. It has no length: what is
// lost is lost.
func ReplayRule() account.Rule {
	return account.Rule{
		ID: ReplayLost, Severity: longrun.Critical, Many: "lost messages that waited for them",
		Probe:  func(p *longrun.Probe) bool { return p.ErrorClass == string(ReplayLost) },
		Works:  "nothing more was lost",
		LookAt: "the chats of the account on its phone: what came while it was away, and is missing here",
		Sees: func(l *account.Look) finding.Condition {
			t := &l.Account.Traffic
			return l.Burst(t.ReplayLost >= max(l.Limits.ReplayLost, 1), t.LastReplayLost, replayQuiet)
		},
		Says: func(l *account.Look, f *finding.Finding) {
			t := &l.Account.Traffic
			l.SayBurst(f, t.ReplayLost, max(l.Limits.ReplayLost, 1), time.Time{}, t.LastReplayLost)
			if f.Condition == finding.Bad {
				f.Summary = "account " + l.Account.ID + " was away, and " + words.Counted(t.ReplayLost, "message") +
					" that the server announced when it came back did not come: ask their senders again"
			}
		},
	}
}

// replayQuiet is for how long a loss is news.
const replayQuiet = 10 * time.Minute
