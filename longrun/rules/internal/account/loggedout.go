package account

import (
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// LoggedOut names the rule; what it sees is said at CheckLoggedOut.
const LoggedOut longrun.RuleID = "logged_out"

// OutRule is the row of LoggedOut.
func OutRule() Rule {
	return Rule{
		ID: LoggedOut, Severity: longrun.Critical,
		Works:  "the account is in again",
		LookAt: "the account's phone, under linked devices: pair it again, update the client, or wait for the end of the ban",
		Check:  func(l *Look) finding.Finding { return CheckLoggedOut(l.Account) },
		Count:  CheckLoggedOutCount,
	}
}

// CheckLoggedOut is Bad while the account is out until a person does something,
// since it came into that state, and else Good.
func CheckLoggedOut(a *longrun.AccountStatus) finding.Finding {
	f := finding.Finding{Rule: LoggedOut, Target: a.ID}
	if !a.LoggedOut {
		f.Condition = finding.Good
		return f
	}
	f.Condition, f.Since, f.Observed, f.Accounts = finding.Bad, a.Since, 1, []string{a.ID}
	f.Summary = "account " + a.ID + " is out"
	if !a.Since.IsZero() {
		f.Summary += " since " + words.Moment(a.Since)
	}
	if a.Reason != "" {
		f.Summary += " (" + a.Reason + ")"
	}
	f.Summary += ", and stays so until somebody acts: pair it again, update the client, or lift the ban"
	return f
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
