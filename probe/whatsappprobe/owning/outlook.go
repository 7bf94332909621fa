package owning

import (
	"math/rand/v2"
	"time"

	"go.mau.fi/whatsmeow/types/events"
)

const (
	// shortest and longest bound the pause before what failed is tried again.
	shortest = time.Second
	longest  = time.Minute
	// steady is how long a connection lasts that ends a row of failures.
	steady = time.Minute
	// deaf is how long keepalives go without an answer until a connection is given up:
	// from the first one that does, so some three minutes after the last sign of life,
	// as whatsmeow does. Each comes at most apart after the one before.
	deaf  = 150 * time.Second
	apart = time.Minute
	// believed is how often in a row, a second apart, a client must say that it is
	// connected already: it says so for a moment of a connection that is ending, too.
	believed = 3
	// stuck is how long a connection may be without a login.
	stuck = 10 * time.Minute
	// unknownBan is how long a ban lasts of which no end was told, and longestBan what is
	// believed of one.
	unknownBan = time.Hour
	longestBan = 365 * 24 * time.Hour
	// A login that was refused is tried again after refusedFirst, then twice as long
	// each time, up to refusedMost.
	refusedFirst = time.Hour
	refusedMost  = 6 * time.Hour
)

// move is what is to be done with a client.
type move int

const (
	rest   move = iota // nothing, until a time or an event
	open               // Connect
	reopen             // Disconnect, then Connect
)

// outlook is what the events of one client say, and what follows from it. It is
// pure: no lock, no clock. It outlives a lead.
type outlook struct {
	unpaired bool
	online   bool      // connected and logged in, as far as the client has said
	since    time.Time // when it came online
	opened   time.Time // a connection was made then, and no login was seen; zero: none
	silent   time.Time // when the first of a row of keepalives went without an answer …
	missed   time.Time // … and the last one
	dead     bool      // it is to be given up
	tries    int       // in a row, without a connection that lasted
	claims   int       // in a row, to be connected already
	after    time.Time // no try before
	barred   time.Time // no login before, whoever leads: a ban, a refusal
	refusals int       // in a row
	taken    bool      // another client has the session
}

// begin is the begin of a lead: whoever has the lease is the rightful owner.
func (l *outlook) begin() {
	l.taken, l.tries, l.claims, l.after = false, 0, 0, time.Time{}
	l.left()
}

// left takes note that nothing is connected any more.
func (l *outlook) left() {
	l.online, l.dead = false, false
	l.opened, l.silent, l.missed = time.Time{}, time.Time{}, time.Time{}
}

// Words for a log, of what changed with an event.
const (
	nothing  = ""
	banned   = "banned"
	refused  = "refused"
	replaced = "replaced"
)

// take takes one event, and returns a word for it where a log has to know. It reports
// false for an event that says nothing.
func (l *outlook) take(event any, now time.Time) (word string, known bool) {
	switch e := event.(type) {
	case *events.Connected:
		if !l.online && l.opened.IsZero() {
			// Of a login whose connection has ended: a client asks the server for some
			// things first, and waits for them beyond its end. One that somebody else
			// made says so when it is to be opened.
			return nothing, false
		}
		l.left()
		l.online, l.since, l.claims = true, now, 0
		l.unpaired, l.taken, l.barred, l.refusals = false, false, time.Time{}, 0
	case *events.Disconnected, *events.ManualLoginReconnect:
		l.ended(now)
	case *events.KeepAliveTimeout:
		l.miss(now)
	case *events.KeepAliveRestored:
		l.silent, l.missed, l.dead = time.Time{}, time.Time{}, false
	case *events.StreamReplaced:
		l.left()
		l.taken = true
		return replaced, true
	case *events.TemporaryBan:
		l.left()
		ban := e.Expire
		if ban <= 0 {
			ban = unknownBan
		}
		l.barred = now.Add(min(ban, longestBan) + time.Minute + rand.N(9*time.Minute))
		return banned, true
	case *events.ClientOutdated, *events.ConnectFailure, *events.CATRefreshError:
		l.left()
		pause := min(refusedFirst<<min(l.refusals, 10), refusedMost)
		l.refusals++
		l.barred = now.Add(shorter(pause))
		return refused, true
	case *events.LoggedOut, *events.QR:
		l.left()
		l.unpaired = true
	case *events.PairSuccess:
		l.unpaired, l.barred, l.refusals = false, time.Time{}, 0
		l.opened = now // it goes on by itself
	default:
		return nothing, false
	}
	return nothing, true
}

// miss takes note of a keepalive without an answer. One of an earlier connection may
// come late, and is followed by none.
func (l *outlook) miss(now time.Time) {
	if !l.online && l.opened.IsZero() {
		return
	}
	if l.silent.IsZero() || now.Sub(l.missed) > apart {
		l.silent = now
	}
	l.missed = now
	l.dead = now.Sub(l.silent) >= deaf
}

// ended takes note of the end of a connection.
func (l *outlook) ended(now time.Time) {
	if l.online && now.Sub(l.since) >= steady {
		l.tries = 0
	}
	l.left()
	l.after = now.Add(pause(l.tries))
}

// claimed takes note that a client says that it is connected already, of which no event
// told. Should the connection that is believed not be logged in, its keepalives go
// without an answer.
func (l *outlook) claimed(now time.Time) {
	l.left()
	if l.claims++; l.claims < believed {
		l.after = now.Add(shortest)
		return
	}
	l.online, l.since, l.claims = true, now, 0
}

// tried takes note that a connection is made at now, and failed that it was not.
func (l *outlook) tried(now time.Time) {
	l.left()
	l.opened = now
	l.tries++
}

// next is what is to be done at now, and until when it is done otherwise; the zero
// time is until an event comes.
func (l *outlook) next(now time.Time) (move, time.Time) {
	switch {
	case l.unpaired || l.taken:
		return rest, time.Time{}
	case l.dead:
		return reopen, time.Time{}
	case l.online:
		return rest, time.Time{}
	case !l.opened.IsZero():
		if until := l.opened.Add(stuck); now.Before(until) {
			return rest, until
		}
		return reopen, time.Time{}
	}
	due := l.after
	if l.barred.After(due) {
		due = l.barred
	}
	if now.Before(due) {
		return rest, due
	}
	return open, time.Time{}
}

// pause is how long it takes until the next try after so many in a row.
func pause(tries int) time.Duration {
	if tries == 0 {
		return 0
	}
	return shorter(min(shortest<<min(tries-1, 10), longest))
}

// shorter is a pause that up to a quarter is taken from, so that accounts which met
// one trouble do not come back in one moment.
func shorter(d time.Duration) time.Duration { return d - rand.N(d/4+1) }
