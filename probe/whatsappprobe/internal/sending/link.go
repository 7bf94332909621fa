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
	own      types.JID // of the account, where it is known
	hear     func(event any, now time.Time)
}

// NewLink follows a client from now on. A nil cli panics.
func NewLink(cli Client, clk clock.Clock) *Link {
	l := &Link{Client: cli, clock: clk, follower: tracker.Begin("", cli, clk)}
	if c, ok := cli.(*whatsmeow.Client); ok && c.Store.ID != nil {
		l.own = c.Store.ID.ToNonAD()
	}
	cli.AddEventHandler(l.take)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.follower.CatchUp(cli, clk)
	return l
}

// take is the client's event handler. hear is called under the lock, so that it
// is never called after Listen(nil) returned; it waits for nobody.
func (l *Link) take(event any) {
	now := l.clock.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.follower.Follow(event, now)
	if paired, ok := event.(*events.PairSuccess); ok {
		l.own = paired.ID.ToNonAD()
	}
	if l.hear != nil {
		l.hear(event, now)
	}
}

// Listen has hear called with each event from now on; nil ends that.
func (l *Link) Listen(hear func(event any, now time.Time)) {
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

// State is how the account is.
func (l *Link) State() tracker.State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.follower.Account.State
}

// Blocked returns the failure of a send that the client does not return from.
func (l *Link) Blocked() probe.Result {
	if state := l.State(); state != tracker.Connected && state != tracker.Degraded {
		return probe.Failed("not_connected", "the connection broke, and did not come back in time")
	}
	return probe.Failed("send_blocked", "an earlier send of the account has not ended and holds back all others")
}

// Incoming returns the marker of a message that the event brings.
func Incoming(event any) (Marker, bool) {
	e, ok := event.(*events.Message)
	if !ok {
		return Marker{}, false
	}
	text := e.Message.GetConversation()
	if text == "" {
		text = e.Message.GetExtendedTextMessage().GetText()
	}
	return parseMarker(text)
}

// Receipt tells what a receipt says of a message: that it arrived, or that the
// receiver could not read it and asks again.
func Receipt(event any, id types.MessageID) (delivered, unreadable bool) {
	e, ok := event.(*events.Receipt)
	if !ok {
		return false, false
	}
	for _, of := range e.MessageIDs {
		if of != id {
			continue
		}
		switch e.Type { //nolint:exhaustive // the others are the account's own, or no message's
		case types.ReceiptTypeDelivered, types.ReceiptTypeInactive, types.ReceiptTypeRead, types.ReceiptTypePlayed:
			return true, false
		case types.ReceiptTypeRetry:
			return false, true
		}
	}
	return false, false
}
