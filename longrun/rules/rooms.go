package rules

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/account"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/host"
)

// Finding is what a rule sees of one target at one moment.
type Finding = finding.Finding

// Condition is what a rule says of one target at one moment.
type Condition = finding.Condition

// The conditions. Unseen moves no state: nobody could look, or it is too early to
// tell.
const (
	Unseen = finding.Unseen
	Good   = finding.Good
	Bad    = finding.Bad
)

// The names of the rules that have rooms of their own.
const (
	LoggedOut     = account.LoggedOut
	ReconnectLoop = account.ReconnectLoop
	QueueDepth    = host.QueueDepth
)

// ofAccounts is the row of a rule about accounts, and of the host as a whole where
// it answers and names none.
func ofAccounts(r account.Rule) Rule {
	row := Rule{ID: r.ID, Severity: r.Severity, Works: r.Works, LookAt: r.LookAt, Each: EachAccount, Known: AccountsKnown}
	if r.Count != nil {
		row.Each = func(in *Inputs, room []Target) []Target {
			if len(in.Accounts) == 0 && in.Beat.StatusError == "" {
				return TheHost(in, room)
			}
			return EachAccount(in, room)
		}
	}
	row.Check = func(s State, in *Inputs, t Target) Finding {
		if t.Account == nil {
			return r.Count(&in.Beat)
		}
		in.account = account.Look{Account: t.Account, Limits: &in.Settings.AlertThresholds, Now: in.Now, Before: s.before()}
		return r.Check(&in.account)
	}
	return row
}

// ofHost is the row of a rule about the host.
func ofHost(r host.Rule) Rule {
	return Rule{
		ID: r.ID, Severity: r.Severity, Works: r.Works, LookAt: r.LookAt, Policy: Policy{OK: r.OK}, Each: TheHost,
		Check: func(s State, in *Inputs, _ Target) Finding {
			in.host = host.Look{Beat: &in.Beat, Settings: &in.Settings, Before: s.before()}
			return r.Check(&in.host)
		},
	}
}

// before is what a rule may know of a state.
func (s State) before() finding.Before {
	b := finding.Before{Firing: s.Phase == Firing}
	if s.Since != nil {
		b.Since = *s.Since
	}
	if s.LastEnd != nil {
		b.LastEnd = *s.LastEnd
	}
	return b
}

// CheckLoggedOut is Bad while the account is out until a person does something,
// since it came into that state, and else Good.
func CheckLoggedOut(a longrun.AccountStatus) Finding { return account.CheckLoggedOut(&a) }

// CheckLoggedOutCount is CheckLoggedOut for hosts that name no accounts: Bad while
// any needs a QR code, since the beat that says so. It is Unseen when the host
// could not say.
func CheckLoggedOutCount(h longrun.Heartbeat) Finding { return account.CheckLoggedOutCount(&h) }

// CheckReconnectLoop is Bad when the account reconnected more than threshold
// times in the last hour and last did so within ten minutes, since the first one
// that is later than the last incident. It is Good once ten minutes have passed
// without one: the loop ended with the last. In between it is Unseen.
//
// Reconnects that the last incident ended with make no second one. A new one,
// while more than threshold still lie in the hour, is the loop again, since then.
func CheckReconnectLoop(s State, a longrun.AccountStatus, now time.Time, threshold int64) Finding {
	return account.CheckReconnectLoop(s.before(), &a, now, threshold)
}

// CheckQueueDepth is Bad when more than threshold messages wait, since the beat
// that says so. It is Unseen when the host could not say.
func CheckQueueDepth(h longrun.Heartbeat, threshold int64) Finding {
	return host.CheckQueueDepth(&h, threshold)
}
