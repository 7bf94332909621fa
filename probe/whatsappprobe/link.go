package whatsappprobe

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
)

// Client is what a probe needs of a client. *whatsmeow.Client is one.
type Client interface {
	Events
	SendMessage(ctx context.Context, to types.JID, message *waE2E.Message, extra ...whatsmeow.SendRequestExtra) (whatsmeow.SendResponse, error)
	GenerateMessageID() types.MessageID
}

// link is a client as a prober sees it: its state, and what it hears. Its handler
// is added once and never taken away: both would wait for a handler of the host
// that hangs, which is one of the things a probe is to find.
type link struct {
	client Client
	clock  clock.Clock

	mu       sync.Mutex
	follower follower
	own      types.JID // of the account, where it is known
	hear     func(event any, now time.Time)
}

func newLink(cli Client, clk clock.Clock) *link {
	l := &link{client: cli, clock: clk, follower: begin("", cli, clk)}
	if c, ok := cli.(*whatsmeow.Client); ok && c.Store.ID != nil {
		l.own = c.Store.ID.ToNonAD()
	}
	cli.AddEventHandler(l.take)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.follower.catchUp(cli, clk)
	return l
}

// take is the client's event handler. hear is called under the lock, so that it
// is never called after listen(nil) returned; it waits for nobody.
func (l *link) take(event any) {
	now := l.clock.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.follower.follow(event, now)
	if paired, ok := event.(*events.PairSuccess); ok {
		l.own = paired.ID.ToNonAD()
	}
	if l.hear != nil {
		l.hear(event, now)
	}
}

// listen has hear called with each event from now on; nil ends that.
func (l *link) listen(hear func(event any, now time.Time)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hear = hear
}

// ownID returns the account's address, empty when it is not known.
func (l *link) ownID() types.JID {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.own
}

// finished returns the failure of an account that does not come back by itself,
// so that no probe is sent in vain.
func (l *link) finished() (probe.Result, bool) {
	l.mu.Lock()
	account := l.follower.account
	l.mu.Unlock()
	switch account.State {
	case NeedsQR:
		return probe.Failed("logged_out", "the account must be linked anew: "+account.Reason), true
	case Outdated:
		return probe.Failed("client_outdated", "the server refuses this version of whatsmeow"), true
	case Stopped:
		return probe.Failed("stopped", "the client has given up: "+account.Reason), true
	case Connected, Reconnecting, Degraded:
	}
	return probe.Result{}, false
}

// state is how the account is.
func (l *link) state() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.follower.account.State
}

// blocked returns the failure of a send that the client does not return from.
func (l *link) blocked() probe.Result {
	if state := l.state(); state != Connected && state != Degraded {
		return probe.Failed("not_connected", "the connection broke, and did not come back in time")
	}
	return probe.Failed("send_blocked", "an earlier send of the account has not ended and holds back all others")
}

// incoming returns the marker of a message that the event brings.
func incoming(event any) (marker, bool) {
	e, ok := event.(*events.Message)
	if !ok {
		return marker{}, false
	}
	text := e.Message.GetConversation()
	if text == "" {
		text = e.Message.GetExtendedTextMessage().GetText()
	}
	return parseMarker(text)
}

// receipt tells what a receipt says of a message: that it arrived, or that the
// receiver could not read it and asks again.
func receipt(event any, id types.MessageID) (delivered, unreadable bool) {
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
