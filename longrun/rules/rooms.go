package rules

import (
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/account"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/host"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/traffic"
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

// Memory is what one process used in each hour of the last two days.
type Memory = host.Memory

// NewMemory returns a Memory of a process that nothing is known of. It is told of
// each beat with Note, in the order in which they were made.
func NewMemory(interval time.Duration) *Memory { return host.NewMemory(interval) }

// The names of the rules about accounts, about what becomes of their messages, and
// about the host.
const (
	Banned          = account.Banned
	LoggedOut       = account.LoggedOut
	NotConnected    = account.NotConnected
	PhoneLost       = account.PhoneLost
	PhoneUnseen     = account.PhoneUnseen
	ReconnectLoop   = account.ReconnectLoop
	Restricted      = account.Restricted
	SessionReplaced = account.SessionReplaced

	DeviceStore      = traffic.DeviceStore
	HandlerLag       = traffic.HandlerLag
	NoAck            = traffic.NoAck
	PhoneWithoutCopy = traffic.PhoneWithoutCopy
	ReplayLost       = traffic.ReplayLost
	SentToNobody     = traffic.SentToNobody
	Undecryptable    = traffic.Undecryptable
	Undelivered      = traffic.Undelivered

	BudgetBurn     = host.BudgetBurn
	ClientOld      = host.ClientOld
	ClientOutdated = host.ClientOutdated
	HostUnhealthy  = host.Unhealthy
	MemoryGrowth   = host.MemoryGrowth
	QueueDepth     = host.QueueDepth
	StatusUnknown  = host.StatusUnknown
	TooFewAccounts = host.TooFewAccounts
)

// usualShare is how large a part of the accounts is many, where a rule does not say.
const usualShare = 0.02

// ofAccounts is the row of a rule about accounts, and of the host as a whole where
// it answers and names none.
func ofAccounts(r account.Rule) Rule {
	row := Rule{ID: r.ID, Severity: r.Severity, Works: r.Works, LookAt: r.LookAt, Each: EachAccount, Known: AccountsKnown, Gathers: true, Explains: r.Explains, Probe: r.Probe, Fleet: Fleet{Share: r.Share, Many: r.Many}}
	if r.Share == 0 {
		row.Fleet.Share = usualShare
	}
	if r.Count != nil {
		row.Each = func(in *Inputs, room []Target) []Target {
			if len(in.Accounts) == 0 && in.Beat.StatusError == "" {
				return TheHost(in, room)
			}
			return EachAccount(in, room)
		}
	}
	row.Rests = func(in *Inputs) bool { return len(in.Accounts) > 0 && r.Rests(&in.account, in.Accounts) }
	row.Check = func(s State, in *Inputs, t Target) Finding {
		in.account.Account, in.account.Before = t.Account, s.before()
		if t.Account == nil {
			return r.Count(&in.account)
		}
		return r.Check(&in.account)
	}
	return row
}

// ofHost is the row of a rule about the host.
func ofHost(r host.Rule) Rule {
	return Rule{
		ID: r.ID, Severity: r.Severity, Works: r.Works, LookAt: r.LookAt, Policy: Policy{OK: r.OK}, Mutes: r.Explains, Probe: r.Probe, Each: TheHost,
		Check: func(s State, in *Inputs, _ Target) Finding {
			in.host.Before = s.before()
			return r.Check(&in.host)
		},
	}
}

// begin has what the rooms may look at ready.
func (in *Inputs) begin() {
	in.nameAll()
	began := in.Started
	if in.LeadBegan.After(began) {
		began = in.LeadBegan
	}
	in.account = account.Look{Beat: &in.Beat, Limits: &in.Settings.AlertThresholds, Now: in.Now, Began: began}
	in.host = host.Look{
		Beat: &in.Beat, Settings: &in.Settings, Accounts: in.Accounts, Now: in.Now, Settles: in.account.Settles(), Out: in.out(),
		ClientBuilt: in.ClientBuilt, Memory: in.Memory, MemoryLimit: in.MemoryLimit,
		Slots: (*slots)(in),
	}
}

// unnamed is the account that the host gives no name: that is the host's as a whole.
const unnamed = "unnamed"

// nameAll gives a name to each account that has none. The caller's are left as they are.
func (in *Inputs) nameAll() {
	given := in.Accounts
	for i := range given {
		if given[i].ID != "" {
			continue
		}
		if &in.Accounts[0] == &given[0] {
			in.Accounts = slices.Clone(given)
		}
		in.Accounts[i].ID = unnamed
	}
}

// out is of how many accounts the rules about them tell that they are not connected,
// or will if they stay so.
func (in *Inputs) out() (n int64) {
	outs, away, old := !in.Settings.Off(LoggedOut), !in.Settings.Off(NotConnected), !in.Settings.Off(ClientOutdated)
	if len(in.Accounts) == 0 {
		if outs {
			n += in.Beat.NeedsQRCount
		}
		if away && account.ManyAway(&in.Beat) {
			n += in.Beat.ReconnectingCount
		}
		return n
	}
	for i := range in.Accounts {
		a := &in.Accounts[i]
		switch {
		case a.State == account.Connected:
		case a.State == account.Outdated:
			if old {
				n++
			}
		case a.LoggedOut && outs, away && (a.State != "" || !a.Away.IsZero()):
			n++
		}
	}
	return n
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
