package whatsappprobe

import (
	"context"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/tracker"
)

// State is how an account is, by its client's own events.
type State = tracker.State

// The states of an account.
const (
	// Connected: logged in, and ready for messages.
	Connected = tracker.Connected
	// Reconnecting: not connected, and the client tries, or has not tried yet.
	Reconnecting = tracker.Reconnecting
	// Degraded: connected by its own account, but keepalives go unanswered.
	Degraded = tracker.Degraded
	// NeedsQR: not paired, or logged out. A person must link it anew.
	NeedsQR = tracker.NeedsQR
	// Outdated: the server refuses this version of whatsmeow, for all accounts
	// alike. The program must be built anew with a newer one.
	Outdated = tracker.Outdated
	// Stopped: the client gave up and does not try: its stream was replaced, or
	// the account is banned. Account.Reason says which.
	Stopped = tracker.Stopped
)

// Account is what is known of one account: its ID, its State with Since and Reason,
// its Reconnects of the last hour, when it last connected and last got a message.
type Account = tracker.Account

// Events is what is needed of a client to follow it. *whatsmeow.Client is one.
type Events interface {
	AddEventHandler(whatsmeow.EventHandler) uint32
	RemoveEventHandler(uint32) bool
}

// Client is what a probe needs of a client. *whatsmeow.Client is one.
type Client interface {
	Events
	SendMessage(ctx context.Context, to types.JID, message *waE2E.Message, extra ...whatsmeow.SendRequestExtra) (whatsmeow.SendResponse, error)
	GenerateMessageID() types.MessageID
}
