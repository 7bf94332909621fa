package host

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// ClientOld names the rule that the client library is old.
const ClientOld longrun.RuleID = "client_old"

// OldRule is the row of ClientOld: Bad when it was made so many days ago, since they
// are over. Unseen where it is not known when it was made.
func OldRule() Rule {
	return Rule{
		ID: ClientOld, Severity: longrun.Warning,
		Works:  "the client library is new enough",
		LookAt: "the version of go.mau.fi/whatsmeow that the program is built with: update it, and deploy",
		Check: func(l *Look) finding.Finding {
			limit := l.Settings.AlertThresholds.ClientOldDays
			f := finding.Finding{Threshold: limit}
			days, known := age(l)
			f.Observed = days
			switch {
			case !known:
			case days < limit:
				f.Condition = finding.Good
			default:
				f.Condition, f.Since = finding.Bad, l.ClientBuilt.Add(inDays(limit))
				f.Summary = "the client library was made " + words.Counted(int64(days), "day") + " ago, at " + words.Moment(l.ClientBuilt) +
					": WhatsApp refuses old ones some day, all accounts at once; update it"
			}
			return f
		},
	}
}

// age is how many days old the client library is. One of tomorrow is as good as new,
// and one of another age says nothing.
func age(l *Look) (days float64, known bool) {
	days = l.Now.Sub(l.ClientBuilt).Hours() / 24
	return max(days, 0), !l.ClientBuilt.IsZero() && days < longAgo
}

// longAgo is in days, and before there was such a library.
const longAgo = 3650

func inDays(d float64) time.Duration { return time.Duration(d * float64(24*time.Hour)) }
