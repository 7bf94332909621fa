package tracker

import (
	"fmt"
	"math"
	"time"

	"github.com/benbjohnson/clock"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/silence"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/tally"
)

const (
	// maxReconnects and maxReplaced bound what is remembered of one account.
	maxReconnects = 1000
	maxReplaced   = 100
	// reconnectsFor and replacedFor are how long one counts: so long do the rules
	// look back.
	reconnectsFor = time.Hour
	replacedFor   = 10 * time.Minute
	// maxReason bounds what the service calls a thing.
	maxReason = 60
)

// Follower turns what one client says into an Account. It is pure: no lock, no clock.
type Follower struct {
	Account    Account
	reconnects []uint32 // of the last hour, oldest first, in seconds since 1970
	replaced   []uint32 // likewise, of the last ten minutes
	ever       bool     // it was connected before
	answers    answers
	tally      *tally.Tally   // nil where nobody wants it
	watch      *silence.Watch // likewise
	hinted     hints
	muted      time.Time // when a stranger was last refused; zero when none was, in a day
}

// Follow takes one event, and reports whether the state changed.
func (f *Follower) Follow(event any, now time.Time) (changed bool) {
	return f.take(event, false, now)
}

// FollowMessage is Follow for a message of a probe, which counts as nobody's.
func (f *Follower) FollowMessage(event *events.Message, isProbe bool, now time.Time) (changed bool) {
	return f.take(event, isProbe, now)
}

func (f *Follower) take(event any, isProbe bool, now time.Time) (changed bool) {
	before := f.Account.State
	switch e := event.(type) {
	case *events.Connected:
		f.connected(now)
	case *events.Disconnected, *events.ManualLoginReconnect:
		f.gone(now)
		f.unlessFinal(Reconnecting, "disconnected", now)
	case *events.StreamError:
		f.unlessFinal(Reconnecting, "stream_error_"+short(e.Code), now)
	case *events.KeepAliveTimeout:
		// One of the connection before says nothing of this one.
		late := !e.LastSuccess.IsZero() && e.LastSuccess.Before(f.Account.LastConnected.Add(-keepAliveSlack))
		if f.Account.State == Connected && !late {
			f.answers.timedOut = now
			f.set(Degraded, "keepalive_timeout", now)
		}
	case *events.KeepAliveRestored:
		if f.Account.State == Degraded {
			f.set(Connected, "", now)
		}
	case *events.QR:
		f.set(NeedsQR, "not_paired", now)
	case *events.PairSuccess:
		f.set(Reconnecting, "paired", now)
	case *events.LoggedOut:
		reason := "logged_out"
		if e.OnConnect {
			reason = fmt.Sprintf("logged_out_%d", int(e.Reason))
		}
		f.set(NeedsQR, reason, now)
	case *events.ClientOutdated:
		f.set(Outdated, "client_outdated", now)
	case *events.StreamReplaced:
		f.replaced, f.Account.LastReplaced = remember(f.replaced, now, replacedFor, maxReplaced), now
		f.set(Stopped, "stream_replaced", now)
	case *events.TemporaryBan:
		f.banned(e, now)
		f.set(Stopped, fmt.Sprintf("temporary_ban_%d", int(e.Code)), now)
	case *events.ConnectFailure:
		f.set(Stopped, fmt.Sprintf("connect_failure_%d", int(e.Reason)), now)
	case *events.CATRefreshError:
		f.set(Stopped, "token_refresh_failed", now)
	case *events.Message:
		f.message(e, isProbe, now)
	case *events.UndecryptableMessage:
		f.unreadable(e, now)
	case *events.Receipt:
		f.receipt(e, now)
	case *events.MediaRetry:
		f.Account.PhoneSeen = now
	case *events.OfflineSyncPreview:
		if f.tally != nil && !f.Account.Tapped {
			f.tally.Announced(e.Messages, false, now)
		}
	case *events.OfflineSyncCompleted:
		if f.tally != nil && !f.Account.Tapped {
			f.tally.AllCame(now)
		}
	case *events.NotifyAccountReachoutTimelock:
		f.timelock(e, now)
	}
	return f.Account.State != before
}

// keepAliveSlack is by how much the client's own times and these may differ.
const keepAliveSlack = 5 * time.Second

// connected takes the one event that means a connection, for each one. It also
// comes after a reconnect that no Disconnected announced.
func (f *Follower) connected(now time.Time) {
	if f.ever && !(f.answers.guessed && f.Account.State == Connected) {
		f.reconnects = remember(f.reconnects, now, reconnectsFor, maxReconnects)
	}
	f.ever = true
	var ended *Account
	end := IsFinal(f.Account.State) || !f.answers.left.IsZero()
	if since := now.Sub(f.Account.Since); end && f.Account.State != Connected && since >= 0 && since < endedIn {
		ended = new(f.Account)
	}
	f.Account.LastConnected = now
	f.Account.Banned = longrun.Restriction{}
	f.answers = answers{ended: ended}
	f.set(Connected, "", now)
	if f.watch != nil {
		f.watch.Connected(now)
	}
}

// gone is the end of a connection, whatever comes after it.
func (f *Follower) gone(now time.Time) {
	f.answers.gone(now)
	if f.tally != nil {
		f.tally.Gone()
	}
}

// unlessFinal sets a state that does not take back that the client gave up: of
// an end, its parts may come in any order.
func (f *Follower) unlessFinal(s State, reason string, now time.Time) {
	if !IsFinal(f.Account.State) {
		f.set(s, reason, now)
	}
}

func (f *Follower) set(s State, reason string, now time.Time) {
	a := &f.Account
	if a.State != s {
		a.Since = now
	}
	a.State, a.Reason = s, reason
	if f.tally != nil && IsFinal(s) { // no Disconnected tells of such an end
		f.tally.Gone()
	}
	switch {
	case s == Connected:
		a.Away = time.Time{}
	case a.Away.IsZero():
		a.Away = now
	}
}

// remember adds a time to those that count for so long, and drops what is older or more
// than most.
func remember(times []uint32, now time.Time, long time.Duration, most int) []uint32 {
	times = forget(times, now, long)
	if len(times) >= most {
		times = times[1:]
	}
	return append(times, second(now))
}

// forget drops the times that count no longer.
func forget(times []uint32, now time.Time, long time.Duration) []uint32 {
	n := 0
	for n < len(times) && now.Unix()-int64(times[n]) >= int64(long/time.Second) {
		n++
	}
	if times = times[n:]; len(times) == 0 {
		return nil // a quiet account keeps nothing
	}
	return times
}

func second(t time.Time) uint32 { return uint32(min(max(t.Unix(), 0), math.MaxUint32)) } //nolint:gosec // in its bounds

func moment(second uint32) time.Time { return time.Unix(int64(second), 0).UTC() }

func short(text string) string { return text[:min(len(text), maxReason)] }

// View returns the account as it is now.
func (f *Follower) View(now time.Time) Account {
	f.reconnects, f.replaced = forget(f.reconnects, now, reconnectsFor), forget(f.replaced, now, replacedFor)
	a := f.Account
	if a.Reconnects = len(f.reconnects); a.Reconnects > 0 {
		a.FirstReconnect, a.LastReconnect = moment(f.reconnects[0]), moment(f.reconnects[a.Reconnects-1])
	}
	a.Replaced = len(f.replaced)
	a.Restricted = f.restricted(now)
	if f.tally != nil {
		a.Traffic = f.tally.Traffic(now)
		a.Suspect = f.suspect(&a.Traffic, now)
	}
	return a
}

// CatchUp looks once more at a client that has said nothing yet: it may have
// connected just before its handler was there.
func (f *Follower) CatchUp(cli any, clk clock.Clock) {
	if f.Account.Reason == notYet {
		begun := Begin(f.Account.ID, cli, clk)
		f.Account.State, f.Account.Since, f.Account.Reason, f.Account.Away = begun.Account.State, begun.Account.Since, begun.Account.Reason, begun.Account.Away
		f.Account.LastConnected, f.ever = begun.Account.LastConnected, begun.ever
	}
}

const notYet = "not_connected_yet"

// Begin is what can be said of a client before it says anything.
func Begin(id string, cli any, clk clock.Clock) Follower {
	now := clk.Now()
	f := Follower{Account: Account{ID: id, State: Reconnecting, Since: now, Reason: notYet, Away: now, PhoneSeen: now}}
	if c, ok := cli.(*whatsmeow.Client); ok {
		switch {
		case c.Store.ID == nil:
			f.Account.State, f.Account.Reason = NeedsQR, "not_paired"
		case c.IsLoggedIn() && c.IsConnected():
			f.connected(now)
		}
	}
	return f
}

// Count has the follower count the account's messages, and know its silences.
func (f *Follower) Count(now time.Time) {
	f.tally, f.watch = &tally.Tally{}, silence.New(seedOf(f.Account.ID), now)
}
