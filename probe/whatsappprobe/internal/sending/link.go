package sending

import (
	"context"
	"sync"
	"time"

	"github.com/benbjohnson/clock"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/tracker"
)

// Client is what is needed of a client here. *whatsmeow.Client is one.
type Client interface {
	AddEventHandler(handler whatsmeow.EventHandler) uint32
	SendMessage(ctx context.Context, to types.JID, message *waE2E.Message, extra ...whatsmeow.SendRequestExtra) (whatsmeow.SendResponse, error)
	GenerateMessageID() types.MessageID
}

// Link is a client as a prober sees it: its state, and what it hears. Its handler
// is added once and never taken away: both would wait for a handler of the host
// that hangs, which is one of the things a probe is to find.
type Link struct {
	Client Client
	clock  clock.Clock

	mu       sync.Mutex
	follower tracker.Follower
	presence presence
	own, lid types.JID // the account's two addresses, where they are known
	phone    time.Time // its last sign of life
	hear     Hear
}

// Hear takes an event, with the state of the account after it.
type Hear func(event any, state tracker.State, now time.Time)

// NewLink follows a client from now on. A nil cli panics.
func NewLink(cli Client, clk clock.Clock) *Link {
	l := &Link{Client: cli, clock: clk, follower: tracker.Begin("", cli, clk)}
	if c, ok := cli.(*whatsmeow.Client); ok && c.Store.ID != nil {
		l.own, l.lid = c.Store.ID.ToNonAD(), c.Store.LID.ToNonAD()
	}
	l.presence.note(l.follower.Account.State, clk.Now())
	cli.AddEventHandler(l.take)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.follower.CatchUp(cli, clk)
	l.presence.note(l.follower.Account.State, clk.Now())
	return l
}

// take is the client's event handler. hear is called under the lock, so that it
// is never called after Listen(nil) returned; it waits for nobody.
func (l *Link) take(event any) {
	now := l.clock.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.follower.Follow(event, now)
	state := l.follower.Account.State
	l.presence.note(state, now)
	if paired, ok := event.(*events.PairSuccess); ok {
		l.own, l.lid = paired.ID.ToNonAD(), paired.LID.ToNonAD()
	}
	if sign, ok := SignOf(event, now); ok && sign.Own {
		l.phone = latest(l.phone, sign.At)
		if l.lid.IsEmpty() && sign.Phone.Server == types.HiddenUserServer {
			l.lid = sign.Phone.ToNonAD() // of a device that was paired before there were any
		}
	}
	if l.hear != nil {
		l.hear(event, state, now)
	}
}

// Listen has hear called with each event from now on; nil ends that.
func (l *Link) Listen(hear Hear) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hear = hear
}

// OwnID returns the account's address, empty when it is not known.
func (l *Link) OwnID() types.JID {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.own
}

// IsOwn reports whether an address is known to be the account's: its number, or
// its hidden identity.
func (l *Link) IsOwn(address types.JID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	address = address.ToNonAD()
	return !address.IsEmpty() && (address == l.own || address == l.lid)
}

// IsOther reports whether an address is known not to be the account's: it is
// neither of its two, and that of its kind is known.
func (l *Link) IsOther(address types.JID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.own
	if address.Server == types.HiddenUserServer {
		known = l.lid
	}
	return !known.IsEmpty() && address.ToNonAD() != known
}

// PhoneSeen returns when the account's phone last gave a sign of life; zero when
// never.
func (l *Link) PhoneSeen() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.phone
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Finished returns the failure of an account that does not come back by itself,
// so that no probe is sent in vain.
func (l *Link) Finished() (probe.Result, bool) {
	l.mu.Lock()
	account := l.follower.Account
	l.mu.Unlock()
	switch account.State {
	case tracker.NeedsQR:
		return probe.Failed("logged_out", "the account must be linked anew: "+account.Reason), true
	case tracker.Outdated:
		return probe.Failed("client_outdated", "the server refuses this version of whatsmeow"), true
	case tracker.Stopped:
		return probe.Failed("stopped", "the client has given up: "+account.Reason), true
	case tracker.Connected, tracker.Reconnecting, tracker.Degraded:
	}
	return probe.Result{}, false
}

// StateAt is how the account was at a time that is not long ago.
func (l *Link) StateAt(t time.Time) tracker.State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.presence.at(t)
}

// Stayed reports whether the account was in one of the states from one time to
// another, all the while.
func (l *Link) Stayed(from, to time.Time, states ...tracker.State) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.presence.stayed(from, to, states)
}

// Blocked returns the failure of a send that the client does not return from.
func (l *Link) Blocked(now time.Time) probe.Result {
	if state := l.StateAt(now); state != tracker.Connected && state != tracker.Degraded {
		return probe.Failed("not_connected", "the connection broke, and did not come back in time")
	}
	return probe.Failed("send_blocked", "an earlier send of the account has not ended and holds back all others")
}
