package tracker

import "time"

const (
	// deniedFor is how long a client must say that it is not connected, and provenFor
	// how long that it is, before it is believed over its events. A keepalive that is
	// not answered is known within 40 s.
	deniedFor = 5 * time.Second
	provenFor = 45 * time.Second
	// endedIn is how long after an end the event of the login may come that it ended.
	endedIn = time.Minute
	// eventIn is how long the event of a new connection may take to come.
	eventIn = 10 * time.Second
)

// answers is what a client said when it was asked.
type answers struct {
	denied   time.Time // since when it says that it is not connected; zero when it does not
	proven   time.Time // since when it says that it is; zero when it does not
	left     time.Time // when the last connection ended, as the event of it came
	timedOut time.Time // when a keepalive was last not answered
	guessed  bool      // the connection is known by other signs than its event
	// ended is the account as it was when it was told connected though its connection
	// had ended just before; nil where none had, or the client has said that it is
	// connected. A client tells of a login when it has asked the server for some things,
	// and of what ends that login at once.
	ended *Account
}

func (a *answers) gone(now time.Time) {
	a.left = now
	a.proven, a.ended = time.Time{}, nil
}

// Asked takes what the client says of itself, connected and logged in, and reports
// whether the state changed. It is the client's word against its events: an event that
// never came, as after a Disconnect by the host, or one that came late.
func (f *Follower) Asked(connected, loggedIn bool, now time.Time) (changed bool) {
	a := &f.answers
	before := f.Account.State
	switch {
	case !connected:
		a.proven = time.Time{}
		if a.denied.IsZero() || a.denied.After(now) {
			a.denied = now
		}
		if now.Sub(a.denied) >= deniedFor && (before == Connected || before == Degraded) {
			f.denied(loggedIn, now)
		}
	case loggedIn:
		a.denied, a.ended = time.Time{}, nil
		if a.proven.IsZero() || a.proven.After(now) || !a.timedOut.IsZero() && !a.timedOut.Before(a.proven) {
			a.proven = now
		}
		if before == Reconnecting && now.Sub(a.proven) >= provenFor {
			f.guess(now)
		}
	default: // an end that is in progress
		a.denied, a.proven = time.Time{}, time.Time{}
	}
	return f.Account.State != before
}

// denied is the end of a connection that no event tells of: one that was told before the
// login that it ended, or a Disconnect of the host. A client that has given up is not
// logged in by its own account either.
func (f *Follower) denied(loggedIn bool, now time.Time) {
	ended := f.answers.ended
	f.gone(now)
	if ended == nil || loggedIn && IsFinal(ended.State) {
		f.set(Reconnecting, "closed_by_host", now)
		return
	}
	a := &f.Account
	a.State, a.Since, a.Reason, a.Away, a.Banned = ended.State, ended.Since, ended.Reason, ended.Away, ended.Banned
}

// alive takes a sign of life from the server, which a connection gives that is logged
// in: some time after the end of the one before, it means a new one, though its event
// was not heard. What the connection itself heard is proof; an event may be about the
// one before, where the client does not say that it is connected.
func (f *Follower) alive(heard bool, now time.Time) {
	if f.Account.State != Reconnecting || !heard && f.answers.proven.IsZero() {
		return
	}
	ended := f.answers.left
	if ended.IsZero() {
		ended = f.Account.Since
	}
	if now.Sub(ended) >= eventIn {
		f.guess(now)
	}
}

// guess is connected where no event tells of it. One that comes late is about the same
// connection.
func (f *Follower) guess(now time.Time) {
	f.connected(now)
	f.answers.guessed = true
}
