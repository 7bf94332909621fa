package host

import (
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// Unhealthy names the rule that the host calls itself not healthy.
const Unhealthy longrun.RuleID = "host_unhealthy"

// UnhealthyRule is the row of Unhealthy: Bad while the host calls itself not healthy,
// for so long, since the first beat that says so. It is no news while accounts are
// out that other rules tell of: most hosts call themselves not healthy then. Unseen
// while the host settles, and when it could not say, or the beat does not know.
func UnhealthyRule() Rule {
	return Rule{
		ID: Unhealthy, Severity: longrun.Critical,
		Works:  "the host calls itself healthy again",
		LookAt: "what the host's own health depends on: its log says what it misses",
		Check: func(l *Look) finding.Finding {
			limit := l.Settings.AlertThresholds.UnhealthySec
			f := finding.Finding{Threshold: limit}
			switch h := l.Beat; {
			case h.StatusError != "" || h.HealthUnknown:
			case h.Healthy, !l.Before.Firing && (l.Out > 0 || tooFew(l) && !l.Settings.Off(TooFewAccounts)):
				f.Condition = finding.Good
			case l.Settles && !l.Before.Firing:
			default:
				f.Condition, f.Since, f.For = finding.Bad, h.TS, seconds(limit)
				f.Summary = "the host calls itself not healthy at " + words.Moment(h.TS) + ", " + words.Span(f.For) + " are too long"
			}
			return f
		},
	}
}
