package account

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// Restricted names the rule that an account may not write to strangers.
const Restricted longrun.RuleID = "restricted"

// RestrictedRule is the row of Restricted: Bad while the restriction lasts, since it
// began; Good from its end on.
func RestrictedRule() Rule {
	return Rule{
		ID: Restricted, Severity: longrun.Critical, Many: "may not write to strangers",
		Probe:  func(p *longrun.Probe) bool { return p.ErrorClass == "ack_refused_463" },
		Works:  "the account may write to strangers again",
		LookAt: "the account's phone: what WhatsApp says of the restriction; write to nobody new until it is over",
		Sees: func(l *Look) finding.Condition {
			return l.forbidden(&l.Account.Restricted, Seconds(l.Limits.RestrictedSec))
		},
		Says: func(l *Look, f *finding.Finding) {
			l.sayForbidden(f, &l.Account.Restricted, l.Limits.RestrictedSec, "may not write to strangers")
		},
	}
}

// forbidden is what is seen of something that is forbidden, and borne for a time.
func (l *Look) forbidden(r *longrun.Restriction, borne time.Duration) finding.Condition {
	switch {
	case !r.Lasts(l.Now):
		return finding.Good
	case l.Now.Sub(r.From) >= borne || l.Before.Firing:
		return finding.Bad
	}
	return finding.Unseen
}

func (l *Look) sayForbidden(f *finding.Finding, r *longrun.Restriction, borne float64, what string) {
	f.Threshold = borne
	if f.Condition != finding.Bad {
		if !r.Until.IsZero() && !r.Until.After(l.Now) {
			f.Until = r.Until
		}
		return
	}
	f.Since, f.Observed = r.From, l.Now.Sub(r.From).Seconds()
	f.Summary = "account " + l.Account.ID + " " + what + " since " + words.Moment(r.From)
	if r.Until.IsZero() {
		f.Summary += ", nobody says until when"
	} else {
		f.Summary += ", until " + words.Moment(r.Until)
	}
	f.Summary += because(r.Reason)
}
