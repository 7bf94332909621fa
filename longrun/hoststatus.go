package longrun

import (
	"time"
)

// HostStatus is what a host says of itself at one moment; a heartbeat carries
// its numbers.
type HostStatus struct {
	// Connected, Reconnecting and NeedsQR count the host's accounts by state.
	Connected, Reconnecting, NeedsQR int64
	// QueueDepth is how many messages wait to be sent.
	QueueDepth int64
	// Healthy is the host's own word: it can do its work now. The share of
	// healthy slots is the availability.
	Healthy bool
	// ClientBuilt is when the client library that the accounts run on was made, as
	// its version says. Default: not known; then its age is no trouble.
	ClientBuilt time.Time
	// Accounts are the accounts one by one, for the rules about them. They stand
	// in no heartbeat. A host that names none is judged by its numbers.
	Accounts []AccountStatus
}

// AccountStatus is what a host says of one account at one moment. What it leaves
// zero is not known, and no rule says anything of it.
type AccountStatus struct {
	// ID names the account in incidents and messages: no telephone number.
	ID string
	// State is how it is: "connected", "reconnecting", "degraded", "needs_qr",
	// "outdated" or "stopped", as package whatsappprobe tells them. Default: not
	// told; then only LoggedOut counts.
	State string
	// LoggedOut says that the account is out until a person does something: pairs
	// it again, updates the client, lifts a ban.
	LoggedOut bool
	// Since is when the account came into its present state, and Reason is why,
	// in a word.
	Since  time.Time
	Reason string
	// Away is since when it has not been connected without a break, whatever states
	// it went through meanwhile; zero while it is connected.
	Away time.Time
	// Reconnects counts how often it reconnected in the last hour,
	// FirstReconnect and LastReconnect are when it first and last did in it.
	Reconnects                    int64
	FirstReconnect, LastReconnect time.Time
	// Replaced counts how often in the last ten minutes another client took its session
	// over, and LastReplaced is when last, be it longer ago.
	Replaced     int64
	LastReplaced time.Time
	// Restricted is the time in which it may not write to strangers, and Banned
	// that in which it may not connect; their From is zero where there is none.
	Restricted, Banned Restriction
	// PhoneSeen is when a sign of life last came from the account's own phone.
	PhoneSeen time.Time
	// Traffic is what became of its messages.
	Traffic Traffic
	// Suspect is why the account should be probed early. Default: it should not.
	Suspect Suspect
}

// Suspect is a host's wish that an account be probed early: nothing is known to be
// wrong, and no alarm comes of it by itself. Each, by its Since and Reason, asks for
// one probe.
type Suspect struct {
	// Since is since when; zero where nothing is suspected.
	Since time.Time
	// Reason is why, in a word: "no_ack" and "undelivered" ask for an outbound probe,
	// any other for an inbound one.
	Reason string
}

// Restriction is a time in which the service forbids something to an account.
type Restriction struct {
	// From is when it began; zero where there is none.
	From time.Time
	// Until is its announced end; zero where none was announced.
	Until time.Time
	// Reason is the service's word for it, at most some 60 bytes.
	Reason string
}

// longAgo is before anything that a host can know of: what it says of such a time, 1970
// for none, says nothing.
const longAgo = 10 * 365 * 24 * time.Hour

// Lasts reports whether it holds at a time. One of more than ten years before never does.
func (r Restriction) Lasts(at time.Time) bool {
	return !r.From.IsZero() && !r.From.After(at) && at.Sub(r.From) <= longAgo && (r.Until.IsZero() || r.Until.After(at))
}

// Traffic counts what became of an account's messages in the last hour. The
// messages of probes count as any other, but for Received.
type Traffic struct {
	// Received counts the messages that others wrote, whether they could be read
	// or not.
	Received int64
	// Unreadable counts those of them that could not be read, and were not brought
	// again within 10 minutes; UnreadableFrom is from how many senders, and
	// FirstUnreadable and LastUnreadable are when the first and last of them came.
	Unreadable, UnreadableFrom      int64
	FirstUnreadable, LastUnreadable time.Time
	// Recovered counts those that could be read at a second try.
	Recovered int64
	// Sent counts the account's own messages to others.
	Sent int64
	// Unacked is how many messages in a row the server has not confirmed within a
	// minute, and UnackedSince when the first of them was sent.
	Unacked      int64
	UnackedSince time.Time
	// Undelivered is how many of the last messages in a row reached nobody, of those
	// to chats that nearly always answer; UndeliveredTo is to how many such chats,
	// and UndeliveredSince when the first of them was sent.
	Undelivered, UndeliveredTo int64
	UndeliveredSince           time.Time
	// ToNobody counts the messages that were sent encrypted for no device at all,
	// and LastToNobody is when the last of them was.
	ToNobody     int64
	LastToNobody time.Time
	// NoPhone counts the chats whose phone got no copy of a message while another
	// device of theirs did, and LastNoPhone is when that was last so.
	NoPhone     int64
	LastNoPhone time.Time
	// ReplayLost counts the messages that the server announced after a reconnect
	// and that did not come, and LastReplayLost is when that was found last.
	ReplayLost     int64
	LastReplayLost time.Time
	// StoreErrors counts what the client's own device store refused, StoreBroken
	// those of its errors that do not pass by themselves (full, read-only, corrupt),
	// and LastStoreError is when the last came.
	StoreErrors, StoreBroken int64
	LastStoreError           time.Time
	// HandlerLag is how long an event waited at most for the host's own handlers.
	HandlerLag time.Duration
}

// add adds what stands in a beat. Counts below zero count nothing, and each at most
// 2^40: a host may say nonsense.
func (t *Traffic) add(of *Traffic) {
	for _, c := range []struct {
		to *int64
		n  int64
	}{
		{&t.Received, of.Received},
		{&t.Sent, of.Sent},
		{&t.Unreadable, of.Unreadable},
		{&t.Unacked, of.Unacked},
		{&t.Undelivered, of.Undelivered},
		{&t.ToNobody, of.ToNobody},
		{&t.ReplayLost, of.ReplayLost},
		{&t.NoPhone, of.NoPhone},
		{&t.StoreErrors, max(of.StoreErrors, of.StoreBroken)},
	} {
		*c.to += min(max(c.n, 0), 1<<40)
	}
}
