package tracker

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
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

// IsFinal reports whether the client of an account in a state does not come back by itself.
func IsFinal(s State) bool { return s == NeedsQR || s == Outdated || s == Stopped }

// Account is what is known of one account.
type Account struct {
	// ID is how the host calls it, or its masked number.
	ID string
	// State is how it is, Since when, and Reason why, where there is a reason:
	// "logged_out_401", "stream_replaced", "temporary_ban_101", "closed_by_host".
	State  State
	Since  time.Time
	Reason string
	// Away is since when it has not been connected without a break; zero while it is.
	Away time.Time
	// Reconnects counts the connections of the last hour that were not the first
	// one, at most 1,000.
	Reconnects int
	// FirstReconnect and LastReconnect are when the first and the last of these
	// were; zero without one.
	FirstReconnect, LastReconnect time.Time
	// Replaced counts how often in the last ten minutes another client took the session
	// over, at most 100; LastReplaced is when last, be it longer ago.
	Replaced     int
	LastReplaced time.Time
	// LastConnected is when it last became connected, LastInbound when a message
	// last came; zero when never.
	LastConnected, LastInbound time.Time
	// Undecryptable counts the messages that came and could not be read, since
	// the account is tracked.
	Undecryptable int
	// Restricted is the time in which WhatsApp does not let the account write to
	// strangers, Banned that in which it may not connect; without a From there is
	// none.
	Restricted, Banned longrun.Restriction
	// PhoneSeen is when a sign of life last came from the account's own phone. Of one
	// that was never heard, it is when the account was first followed.
	PhoneSeen time.Time
	// Tapped tells that the client's log is listened to, so that Traffic knows what
	// the account sends.
	Tapped bool
	// Traffic is what became of its messages in the last hour.
	Traffic longrun.Traffic
	// Suspect is why the account should be probed early, if it should: it is silent for
	// longer than is usual at that hour of the week, it has just connected, or something
	// went wrong with its messages.
	Suspect longrun.Suspect
}
