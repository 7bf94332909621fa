package tracker

import (
	"fmt"
	"time"

	"github.com/benbjohnson/clock"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types/events"
)

// maxReconnects bounds what is remembered of one account.
const maxReconnects = 1000

// Follower turns the events of one client into an Account. It is pure: no lock,
// no clock.
type Follower struct {
	Account    Account
	reconnects []time.Time // of the last hour, oldest first
	ever       bool        // it was connected before
}

// Follow takes one event, and reports whether the state changed.
func (f *Follower) Follow(event any, now time.Time) (changed bool) {
	switch e := event.(type) {
	case *events.Connected:
		return f.connected(now)
	case *events.Disconnected, *events.ManualLoginReconnect:
		return f.unlessFinal(Reconnecting, "disconnected", now)
	case *events.StreamError:
		return f.unlessFinal(Reconnecting, "stream_error_"+e.Code, now)
	case *events.KeepAliveTimeout:
		if f.Account.State == Connected {
			return f.set(Degraded, "keepalive_timeout", now)
		}
	case *events.KeepAliveRestored:
		if f.Account.State == Degraded {
			return f.set(Connected, "", now)
		}
	case *events.QR:
		return f.set(NeedsQR, "not_paired", now)
	case *events.PairSuccess:
		return f.set(Reconnecting, "paired", now)
	case *events.LoggedOut:
		reason := "logged_out"
		if e.OnConnect {
			reason = fmt.Sprintf("logged_out_%d", int(e.Reason))
		}
		return f.set(NeedsQR, reason, now)
	case *events.ClientOutdated:
		return f.set(Outdated, "client_outdated", now)
	case *events.StreamReplaced:
		return f.set(Stopped, "stream_replaced", now)
	case *events.TemporaryBan:
		return f.set(Stopped, fmt.Sprintf("temporary_ban_%d", int(e.Code)), now)
	case *events.ConnectFailure:
		return f.set(Stopped, fmt.Sprintf("connect_failure_%d", int(e.Reason)), now)
	case *events.CATRefreshError:
		return f.set(Stopped, "token_refresh_failed", now)
	case *events.Message:
		f.Account.LastInbound = now
	case *events.UndecryptableMessage:
		f.Account.Undecryptable++
	case *events.NotifyAccountReachoutTimelock:
		f.Account.Restricted = e.IsActive
	}
	return false
}

// connected takes the one event that means a connection, for each one. It also
// comes after a reconnect that no Disconnected announced.
func (f *Follower) connected(now time.Time) bool {
	if f.ever {
		f.forget(now)
		if len(f.reconnects) >= maxReconnects {
			f.reconnects = f.reconnects[1:]
		}
		f.reconnects = append(f.reconnects, now)
	}
	f.ever = true
	f.Account.LastConnected = now
	return f.set(Connected, "", now)
}

// unlessFinal sets a state that does not take back that the client gave up: of
// an end, its parts may come in any order.
func (f *Follower) unlessFinal(s State, reason string, now time.Time) bool {
	if IsFinal(f.Account.State) {
		return false
	}
	return f.set(s, reason, now)
}

func (f *Follower) set(s State, reason string, now time.Time) bool {
	changed := f.Account.State != s
	if changed {
		f.Account.Since = now
	}
	f.Account.State, f.Account.Reason = s, reason
	return changed
}

// forget drops the reconnects that are older than an hour.
func (f *Follower) forget(now time.Time) {
	n := 0
	for n < len(f.reconnects) && now.Sub(f.reconnects[n]) >= time.Hour {
		n++
	}
	f.reconnects = f.reconnects[n:]
	if len(f.reconnects) == 0 {
		f.reconnects = nil // a quiet account keeps nothing
	}
}

// View returns the account as it is now.
func (f *Follower) View(now time.Time) Account {
	f.forget(now)
	a := f.Account
	if a.Reconnects = len(f.reconnects); a.Reconnects > 0 {
		a.FirstReconnect, a.LastReconnect = f.reconnects[0], f.reconnects[a.Reconnects-1]
	}
	return a
}

// CatchUp looks once more at a client that has said nothing yet: it may have
// connected just before its handler was there.
func (f *Follower) CatchUp(cli any, clk clock.Clock) {
	if f.Account.Reason == notYet {
		*f = Begin(f.Account.ID, cli, clk)
	}
}

const notYet = "not_connected_yet"

// Begin is what can be said of a client before it says anything.
func Begin(id string, cli any, clk clock.Clock) Follower {
	f := Follower{Account: Account{ID: id, State: Reconnecting, Since: clk.Now(), Reason: notYet}}
	if c, ok := cli.(*whatsmeow.Client); ok {
		switch {
		case c.Store.ID == nil:
			f.Account.State, f.Account.Reason = NeedsQR, "not_paired"
		case c.IsLoggedIn() && c.IsConnected():
			f.connected(clk.Now())
		}
	}
	return f
}
