package host

import (
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// TooFewAccounts names the rule that fewer accounts are connected than are expected.
const TooFewAccounts longrun.RuleID = "too_few_accounts"

// FewRule is the row of TooFewAccounts: Bad while fewer are connected than the settings
// expect, for so long, since the first beat that says so. It is no news while all
// that are missing are accounts that other rules tell of. Unseen while the host
// settles, and when it could not say.
func FewRule() Rule {
	return Rule{
		ID: TooFewAccounts, Severity: longrun.Critical,
		Works:  "enough accounts are connected",
		LookAt: "the accounts that are not connected, and expectedAccounts in the settings",
		Check: func(l *Look) finding.Finding {
			h, expected := l.Beat, l.Settings.ExpectedAccounts
			f := finding.Finding{Observed: float64(h.ConnectedCount), Threshold: float64(expected)}
			switch {
			case h.StatusError != "":
			case !tooFew(l), !l.Before.Firing && l.Out >= expected-h.ConnectedCount:
				f.Condition = finding.Good
			case l.Settles && !l.Before.Firing:
			default:
				f.Condition, f.Since, f.For = finding.Bad, h.TS, seconds(l.Settings.AlertThresholds.TooFewAccountsSec)
				f.Summary = words.Number(h.ConnectedCount) + " of " + words.Number(expected) + " expected accounts connected at " +
					words.Moment(h.TS) + ", " + words.Span(f.For) + " are too long"
			}
			return f
		},
	}
}

// tooFew reports whether fewer accounts are connected than are expected.
func tooFew(l *Look) bool { return l.Beat.ConnectedCount < l.Settings.ExpectedAccounts }
