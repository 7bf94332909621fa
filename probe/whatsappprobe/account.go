package whatsappprobe

import (
	"fmt"
	"time"

	"go.mau.fi/whatsmeow/types/events"
)

// State is how an account is, by its client's own events.
type State string

// The states of an account.
const (
	// Connected: logged in, and ready for messages.
	Connected State = "connected"
	// Reconnecting: not connected, and the client tries, or has not tried yet.
	Reconnecting State = "reconnecting"
	// Degraded: connected by its own account, but keepalives go unanswered.
	Degraded State = "degraded"
	// NeedsQR: not paired, or logged out. A person must link it anew.
	NeedsQR State = "needs_qr"
	// Outdated: the server refuses this version of whatsmeow, for all accounts
	// alike. The program must be built anew with a newer one.
	Outdated State = "outdated"
	// Stopped: the client gave up and does not try: its stream was replaced, or
	// the account is banned. Account.Reason says which.
	Stopped State = "stopped"
)

// final reports whether the client does not come back by itself.
func (s State) final() bool { return s == NeedsQR || s == Outdated || s == Stopped }

// Account is what is known of one account.
type Account struct {
	// ID is how the host calls it, or its masked number.
	ID string
	// State is how it is, Since when, and Reason why, where there is a reason:
	// "logged_out_401", "stream_replaced", "temporary_ban_101".
	State  State
	Since  time.Time
	Reason string
	// Reconnects counts the connections of the last hour that were not the first
	// one, at most 1,000.
	Reconnects int
	// FirstReconnect and LastReconnect are when the first and the last of these
	// were; zero without one.
	FirstReconnect, LastReconnect time.Time
	// LastConnected is when it last became connected, LastInbound when a message
	// last came; zero when never.
	LastConnected, LastInbound time.Time
	// Undecryptable counts the messages that came and could not be read, since
	// the account is tracked.
	Undecryptable int
	// Restricted tells that WhatsApp does not let the account write to strangers
	// at present.
	Restricted bool
}

// maxReconnects bounds what is remembered of one account.
const maxReconnects = 1000

// follower turns the events of one client into an Account. It is pure: no lock,
// no clock.
type follower struct {
	account    Account
	reconnects []time.Time // of the last hour, oldest first
	ever       bool        // it was connected before
}

// follow takes one event, and reports whether the state changed.
func (f *follower) follow(event any, now time.Time) (changed bool) {
	switch e := event.(type) {
	case *events.Connected:
		return f.connected(now)
	case *events.Disconnected, *events.ManualLoginReconnect:
		return f.unlessFinal(Reconnecting, "disconnected", now)
	case *events.StreamError:
		return f.unlessFinal(Reconnecting, "stream_error_"+e.Code, now)
	case *events.KeepAliveTimeout:
		if f.account.State == Connected {
			return f.set(Degraded, "keepalive_timeout", now)
		}
	case *events.KeepAliveRestored:
		if f.account.State == Degraded {
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
		f.account.LastInbound = now
	case *events.UndecryptableMessage:
		f.account.Undecryptable++
	case *events.NotifyAccountReachoutTimelock:
		f.account.Restricted = e.IsActive
	}
	return false
}

// connected takes the one event that means a connection, for each one. It also
// comes after a reconnect that no Disconnected announced.
func (f *follower) connected(now time.Time) bool {
	if f.ever {
		f.forget(now)
		if len(f.reconnects) >= maxReconnects {
			f.reconnects = f.reconnects[1:]
		}
		f.reconnects = append(f.reconnects, now)
	}
	f.ever = true
	f.account.LastConnected = now
	return f.set(Connected, "", now)
}

// unlessFinal sets a state that does not take back that the client gave up: of
// an end, its parts may come in any order.
func (f *follower) unlessFinal(s State, reason string, now time.Time) bool {
	if f.account.State.final() {
		return false
	}
	return f.set(s, reason, now)
}

func (f *follower) set(s State, reason string, now time.Time) bool {
	changed := f.account.State != s
	if changed {
		f.account.Since = now
	}
	f.account.State, f.account.Reason = s, reason
	return changed
}

// forget drops the reconnects that are older than an hour.
func (f *follower) forget(now time.Time) {
	n := 0
	for n < len(f.reconnects) && now.Sub(f.reconnects[n]) >= time.Hour {
		n++
	}
	f.reconnects = f.reconnects[n:]
	if len(f.reconnects) == 0 {
		f.reconnects = nil // a quiet account keeps nothing
	}
}

// view returns the account as it is now.
func (f *follower) view(now time.Time) Account {
	f.forget(now)
	a := f.account
	if a.Reconnects = len(f.reconnects); a.Reconnects > 0 {
		a.FirstReconnect, a.LastReconnect = f.reconnects[0], f.reconnects[a.Reconnects-1]
	}
	return a
}
