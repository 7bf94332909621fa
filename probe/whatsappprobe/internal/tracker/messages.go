package tracker

import (
	"time"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
)

// message takes a message that came. One that another device of the account wrote
// shows that it hears, and is nobody's message to it.
func (f *Follower) message(e *events.Message, isProbe bool, now time.Time) {
	f.alive(false, now)
	if e.Info.IsFromMe {
		f.ownDevice(e.Info.Sender, now)
	} else if e.Info.Chat != types.StatusBroadcastJID {
		f.Account.LastInbound = now
	}
	foreign := !isProbe && !e.Info.IsFromMe && e.Info.Chat != types.StatusBroadcastJID
	f.heard(isProbe && !e.Info.IsFromMe, foreign, now)
	if f.tally != nil {
		f.tally.Received(e.Info.ID, e.Info.Chat.User, foreign, e.RetryCount > 0 || e.UnavailableRequestID != "", now)
	}
}

// unreadable takes a message that could not be read. What is kept from this device on
// purpose, and what nobody misses, is none.
func (f *Follower) unreadable(e *events.UndecryptableMessage, now time.Time) {
	f.alive(false, now)
	if e.IsUnavailable || e.DecryptFailMode == events.DecryptFailHide || e.Info.IsFromMe || e.Info.Chat == types.StatusBroadcastJID {
		return
	}
	f.Account.Undecryptable++
	if f.tally != nil {
		f.tally.Unreadable(e.Info.ID, e.Info.Sender.User, now)
	}
}

// receipt takes what somebody's device says of messages, or the account's own.
func (f *Follower) receipt(e *events.Receipt, now time.Time) {
	f.alive(false, now)
	if e.IsFromMe {
		f.ownDevice(e.Sender, now)
		return
	}
	switch e.Type {
	case types.ReceiptTypeDelivered, types.ReceiptTypeInactive, types.ReceiptTypeRead, types.ReceiptTypePlayed:
		if f.tally == nil {
			return
		}
		for _, id := range e.MessageIDs {
			f.tally.Delivered(id, e.Sender.Device == 0, now)
		}
	default:
	}
}

// ownDevice takes a sign of life from one of the account's devices.
func (f *Follower) ownDevice(sender types.JID, now time.Time) {
	if sender.Device == 0 {
		f.Account.PhoneSeen = now
	}
}
