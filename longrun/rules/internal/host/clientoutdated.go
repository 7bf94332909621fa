package host

import (
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// ClientOutdated names the rule that WhatsApp refuses the client library, or will
// soon.
const ClientOutdated longrun.RuleID = "client_outdated"

// OutdatedRule is the row of ClientOutdated: Bad when an account is refused as outdated,
// since the first was, and when the library was made so many days ago. All accounts
// run on it: one that is refused means all of them, at their next login.
func OutdatedRule() Rule {
	return Rule{
		ID: ClientOutdated, Severity: longrun.Critical, Explains: []longrun.RuleID{ClientOld},
		Probe:  func(p *longrun.Probe) bool { return p.ErrorClass == string(ClientOutdated) },
		Works:  "no account is refused as outdated",
		LookAt: "the version of go.mau.fi/whatsmeow that the program is built with: update it, and deploy at once",
		Check: func(l *Look) finding.Finding {
			limit := l.Settings.AlertThresholds.ClientOutdatedDays
			f := finding.Finding{Threshold: limit}
			refused, since, ids := outdated(l)
			days, known := age(l)
			f.Observed = days
			switch {
			case l.Beat.StatusError != "":
			case refused > 0:
				f.Condition, f.Since, f.Accounts, f.Observed, f.Threshold = finding.Bad, since, ids, float64(refused), 1
				f.Summary = "WhatsApp refuses the client library of " + words.Counted(refused, "account") + " as outdated: " + words.List(ids, refused) +
					". The others follow when they connect next; update it"
			case l.Before.Firing && l.Settles && connecting(l): // they may be refused again
			case !known || days < limit:
				f.Condition = finding.Good
			default:
				f.Condition, f.Since = finding.Bad, l.ClientBuilt.Add(inDays(limit))
				f.Summary = "the client library was made " + words.Counted(int64(days), "day") + " ago, at " + words.Moment(l.ClientBuilt) +
					": WhatsApp may refuse it any day, all accounts at once; update it"
			}
			return f
		},
	}
}

// connecting reports whether an account is on its way in.
func connecting(l *Look) bool {
	return slices.ContainsFunc(l.Accounts, func(a longrun.AccountStatus) bool { return a.State == "reconnecting" })
}

// outdated are the accounts that are refused: how many, since when, and the first of
// them.
func outdated(l *Look) (n int64, since time.Time, ids []string) {
	for i := range l.Accounts {
		a := &l.Accounts[i]
		if a.State != "outdated" {
			continue
		}
		n++
		if !a.Since.IsZero() && (since.IsZero() || a.Since.Before(since)) {
			since = a.Since
		}
		if len(ids) < longrun.MaxEvidence {
			ids = append(ids, a.ID)
		}
	}
	return n, since, ids
}
