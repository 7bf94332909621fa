package sending

import (
	"time"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
)

// Receipt is what a receipt says of one message: whose device has it, or could not
// read it.
type Receipt struct {
	// From is the device: 0 is the phone of its account.
	From types.JID
	// Unreadable tells that the device asks for the message again.
	Unreadable bool
}

// ReceiptOf returns what an event says of a message that this account sent to
// another.
func ReceiptOf(event any, id types.MessageID) (Receipt, bool) {
	e, ok := event.(*events.Receipt)
	if !ok || e.IsFromMe {
		return Receipt{}, false
	}
	for _, of := range e.MessageIDs {
		if of != id {
			continue
		}
		switch e.Type { //nolint:exhaustive // the others are the account's own, or no message's
		case types.ReceiptTypeDelivered, types.ReceiptTypeInactive, types.ReceiptTypeRead, types.ReceiptTypePlayed:
			return Receipt{From: e.Sender}, true
		case types.ReceiptTypeRetry:
			return Receipt{From: e.Sender, Unreadable: true}, true
		}
	}
	return Receipt{}, false
}

// Incoming returns the marker of a message that the event brings.
func Incoming(event any) (Marker, bool) {
	e, ok := event.(*events.Message)
	if !ok {
		return Marker{}, false
	}
	return ParseMarker(textOf(e))
}

// IsMessage reports whether a message is a probe's, at little cost for one that is not.
func IsMessage(e *events.Message) bool { return IsMarked(textOf(e)) }

// textOf is what a message says, where it is a text.
func textOf(e *events.Message) string {
	if text := e.Message.GetConversation(); text != "" {
		return text
	}
	return e.Message.GetExtendedTextMessage().GetText()
}

// A Sign is a sign of life of a phone, which is device 0 of its account.
type Sign struct {
	Phone types.JID // empty where the event only says that it is the own one
	Own   bool      // of the client's own account
	At    time.Time
}

// stale is how much older than its arrival a sign may be, clocks not being one,
// before it counts as old: what waited while the client was away says nothing of
// the phone now.
const stale = time.Minute

// SignOf returns the sign of life that an event is.
func SignOf(event any, now time.Time) (Sign, bool) {
	var s Sign
	switch e := event.(type) {
	case *events.Receipt:
		s = Sign{Phone: e.Sender, Own: e.IsFromMe, At: e.Timestamp}
	case *events.Message:
		s = Sign{Phone: e.Info.Sender, Own: e.Info.IsFromMe, At: e.Info.Timestamp}
	case *events.MediaRetry:
		return Sign{Own: true, At: atMost(now, e.Timestamp)}, true // nobody else answers those
	default:
		return Sign{}, false
	}
	if s.Phone.IsEmpty() || s.Phone.Device != 0 {
		return Sign{}, false
	}
	s.At = atMost(now, s.At)
	return s, true
}

// atMost returns when something that is told now happened, as the server says.
func atMost(now, stamp time.Time) time.Time {
	if !stamp.IsZero() && now.Sub(stamp) > stale {
		return stamp
	}
	return now
}
