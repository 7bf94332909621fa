package host

import (
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// StatusUnknown names the rule that the host does not say how it is.
const StatusUnknown longrun.RuleID = "status_unknown"

// UnknownRule is the row of StatusUnknown: Bad while the host's status function fails,
// for so long, since the first beat of which it said nothing. A host that has none
// is well. Unseen while the host settles.
func UnknownRule() Rule {
	return Rule{
		ID: StatusUnknown, Severity: longrun.Critical,
		Works:  "the host says how it is again",
		LookAt: "the host's status function, and what it asks: does it hang or fail, and why",
		Check: func(l *Look) finding.Finding {
			limit := l.Settings.AlertThresholds.StatusUnknownSec
			f := finding.Finding{Threshold: limit}
			switch h := l.Beat; {
			case h.StatusError == "" || h.StatusError == longrun.NoStatus:
				f.Condition = finding.Good
			case l.Settles && !l.Before.Firing:
			default:
				f.Condition, f.Since, f.For = finding.Bad, h.TS, seconds(limit)
				f.Summary = "the host does not say how it is, at " + words.Moment(h.TS) + " last: " + h.StatusError
			}
			return f
		},
	}
}
