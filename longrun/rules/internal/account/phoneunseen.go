package account

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// PhoneUnseen names the rule that an account's phone is silent for long.
const PhoneUnseen longrun.RuleID = "phone_unseen"

// unlinked is for how long a phone may be silent before WhatsApp logs its other
// devices out.
const unlinked = 14 * 24 * time.Hour

// UnseenRule is the row of PhoneUnseen: Bad when the phone gave no sign of life for so
// many days, since they are over; Good since it gave one.
func UnseenRule() Rule {
	return phoneRule(PhoneUnseen, longrun.Warning, nil, func(l *longrun.AlertThresholds) float64 { return l.PhoneUnseenDays })
}

// phoneRule is a row about a phone that is silent for some days.
func phoneRule(id longrun.RuleID, s longrun.Severity, explains []longrun.RuleID, limit func(*longrun.AlertThresholds) float64) Rule {
	return Rule{
		ID: id, Severity: s, Explains: explains, Many: "have a phone that is silent",
		Works:  "the phone gave a sign of life",
		LookAt: "the account's phone: is it charged, is it online, is WhatsApp open on it now and then",
		Sees: func(l *Look) finding.Condition {
			switch seen := l.Account.PhoneSeen; {
			case seen.IsZero() || !l.Plausible(seen):
				return finding.Unseen
			case l.Now.Sub(seen) >= days(limit(l.Limits)):
				return finding.Bad
			}
			return finding.Good
		},
		Says: func(l *Look, f *finding.Finding) { l.sayPhone(f, limit(l.Limits)) },
	}
}

func (l *Look) sayPhone(f *finding.Finding, limit float64) {
	a := l.Account
	f.Threshold = limit
	switch f.Condition {
	case finding.Good:
		f.Until = a.PhoneSeen
	case finding.Bad:
		silent := l.Now.Sub(a.PhoneSeen)
		f.Since, f.Observed = a.PhoneSeen.Add(days(limit)), silent.Hours()/24
		f.Summary = "the phone of account " + a.ID + " was last heard of at " + words.Moment(a.PhoneSeen) + ", " + inWords(silent) + " ago"
		if out := a.PhoneSeen.Add(unlinked); out.After(l.Now) {
			f.Summary += "; without a sign of it the account is logged out at " + words.Moment(out)
		} else {
			f.Summary += "; after 14 days of silence WhatsApp logs an account's devices out"
		}
	case finding.Unseen:
	}
}

// inWords is a long silence in days, and one of less than a day as it is.
func inWords(silent time.Duration) string {
	if silent < 24*time.Hour {
		return words.Span(silent.Truncate(time.Second))
	}
	return words.Counted(int64(silent.Hours()/24), "day")
}
