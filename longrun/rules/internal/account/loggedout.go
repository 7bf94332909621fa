package account

import (
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// LoggedOut names the rule; what it sees is said at CheckLoggedOut.
const LoggedOut longrun.RuleID = "logged_out"

// OutRule is the row of LoggedOut. What is the matter with an account that is out
// is no news: it is away, and its phone is heard of no more.
func OutRule() Rule {
	return Rule{
		ID: LoggedOut, Severity: longrun.Critical, Explains: []longrun.RuleID{NotConnected, PhoneLost, PhoneUnseen},
		Probe:  anyProbe,
		Works:  "the account is in again",
		LookAt: "the account's phone: what WhatsApp says there, and under linked devices whether this one is still there",
		Many:   "are out until somebody acts",
		Sees:   seeLoggedOut, Says: sayLoggedOut,
		Count: func(l *Look) finding.Finding { return CheckLoggedOutCount(l.Beat) },
	}
}

// CheckLoggedOut is Bad while the account is out until a person does something,
// since it came into that state, and else Good.
func CheckLoggedOut(a *longrun.AccountStatus) finding.Finding {
	l := Look{Account: a}
	f := finding.Finding{Rule: LoggedOut, Target: a.ID, Condition: seeLoggedOut(&l)}
	sayLoggedOut(&l, &f)
	return f.About(a.ID)
}

func seeLoggedOut(l *Look) finding.Condition {
	// Which client is too old is another rule's to say, once for all.
	switch {
	case l.Account.LoggedOut && l.Account.State != Outdated:
		return finding.Bad
	case l.comesBack():
		return finding.Unseen
	}
	return finding.Good
}

func sayLoggedOut(l *Look, f *finding.Finding) {
	a := l.Account
	if f.Condition != finding.Bad {
		if f.Condition == finding.Good && a.State == Connected && l.Plausible(a.Since) {
			f.Until = a.Since
		}
		return
	}
	f.Since, f.Observed = a.Since, 1
	f.Summary = "account " + a.ID + " is out"
	if !a.Since.IsZero() {
		f.Summary += " since " + words.Moment(a.Since)
	}
	f.Summary += because(a.Reason) + ", and stays so until somebody " + l.remedy()
}

// remedy is what somebody has to do.
func (l *Look) remedy() string {
	a := l.Account
	switch {
	case a.State == needsQR:
		return "pairs it again"
	case a.State == stopped && !a.Banned.From.IsZero() && !a.Banned.Lasts(l.Now):
		return "connects it again: its ban is over"
	case a.State == stopped:
		return "connects it again; WhatsApp ended its session, or refuses it"
	}
	return "acts: pair it again, update the client, or lift the ban"
}

// CheckLoggedOutCount is CheckLoggedOut for hosts that name no accounts: Bad while
// any needs a QR code, since the beat that says so. It is Unseen when the host
// could not say.
func CheckLoggedOutCount(h *longrun.Heartbeat) finding.Finding {
	f := finding.Finding{Rule: LoggedOut}
	if h.StatusError != "" {
		return f
	}
	f.Condition, f.Observed = finding.Good, float64(h.NeedsQRCount)
	if h.NeedsQRCount > 0 {
		f.Condition, f.Since = finding.Bad, h.TS
		f.Summary = words.Counted(h.NeedsQRCount, "account") + " out at " + words.Moment(h.TS) + ", until somebody scans a QR code"
	}
	return f
}
