package rules

import (
	"github.com/seed-13dc028d/longwatch/longrun"
)

// LoggedOut names the rule; what it sees is said at CheckLoggedOut.
const LoggedOut longrun.RuleID = "logged_out"

func loggedOut() Rule {
	return Rule{
		ID: LoggedOut, Severity: longrun.Critical, Each: eachLoggedOut, Known: AccountsKnown,
		Check: func(_ State, in *Inputs, t Target) Finding {
			if t.Account == nil {
				return CheckLoggedOutCount(in.Beat)
			}
			return CheckLoggedOut(*t.Account)
		},
	}
}

// eachLoggedOut are the accounts, or the host as a whole where it answers and names
// none.
func eachLoggedOut(in *Inputs, room []Target) []Target {
	if len(in.Accounts) == 0 && in.Beat.StatusError == "" {
		return TheHost(in, room)
	}
	return EachAccount(in, room)
}

// CheckLoggedOut is Bad while the account is out until a person does something,
// since it came into that state, and else Good.
func CheckLoggedOut(a longrun.AccountStatus) Finding {
	f := Finding{Rule: LoggedOut, Target: a.ID}
	if !a.LoggedOut {
		f.Condition = Good
		return f
	}
	f.Condition, f.Since, f.Observed, f.Accounts = Bad, a.Since, 1, []string{a.ID}
	f.Summary = "account " + a.ID + " is out"
	if !a.Since.IsZero() {
		f.Summary += " since " + moment(a.Since)
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
func CheckLoggedOutCount(h longrun.Heartbeat) Finding {
	f := Finding{Rule: LoggedOut}
	if h.StatusError != "" {
		return f
	}
	f.Condition, f.Observed = Good, float64(h.NeedsQRCount)
	if h.NeedsQRCount > 0 {
		f.Condition, f.Since = Bad, h.TS
		f.Summary = counted(h.NeedsQRCount, "account") + " out at " + moment(h.TS) + ", until somebody scans a QR code"
	}
	return f
}
