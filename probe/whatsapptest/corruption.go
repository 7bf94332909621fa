package whatsapptest

import (
	"maps"
	"slices"
)

// CorruptMessages spoils the encryption of the next n messages to the linked
// devices of these accounts, or of everybody, counting each device's copy. The
// receiving client sees UndecryptableMessage and asks for it again; the sender's
// sees a Receipt of type "retry" and sends anew, by itself. A copy that arrives
// whole in the end is a Message with a RetryCount, and the same ID. After the
// fifth failure of one message the receiver gives up.
func (s *Server) CorruptMessages(n int, numbers ...string) {
	s.set(numbers, func(f *faults) { f.corrupts = n })
}

// RuinMessages spoils the next n messages to the linked devices of these
// accounts, or of everybody, counting each device's copy, however often they are
// sent again. The receiving client sees five UndecryptableMessage for each, and
// never a Message; the sender's four Receipts of type "retry" and no other of that
// device. What is sent after them can be read.
func (s *Server) RuinMessages(n int, numbers ...string) {
	s.set(numbers, func(f *faults) { f.ruins = n })
}

// CorruptHidden is CorruptMessages for messages that nobody misses: reactions,
// edits and the like, whose senders say that a failure shall not be shown. The
// receiving client sees UndecryptableMessage with the DecryptFailMode "hide".
func (s *Server) CorruptHidden(n int, numbers ...string) {
	s.set(numbers, func(f *faults) { f.corruptsHidden = n })
}

// MakeUnavailable sends the linked devices of these accounts, or of everybody,
// the envelopes of messages without their contents, until Heal, as WhatsApp does
// with what is for the phone alone: kind is "view_once", "hosted" or the like. The
// receiving client sees UndecryptableMessage, IsUnavailable, with that
// UnavailableType, and no error is meant by it. The sender's client gets no
// receipt of that device, and that of the phone as ever.
func (s *Server) MakeUnavailable(kind string, numbers ...string) {
	s.set(numbers, func(f *faults) { f.unavailable = kind })
}

// spoil takes the encrypted parts of a device's copy of a message, and returns
// them as they arrive.
func (s *Server) spoil(d *device, id string, encrypted []node) []node {
	hidden := false
	switch {
	case d.ruined[id]:
	case s.spend(d.at(), func(f *faults) *int { return &f.ruins }):
		d.ruined[id] = true
	case s.spend(d.at(), func(f *faults) *int { return &f.corrupts }):
	case s.spend(d.at(), func(f *faults) *int { return &f.corruptsHidden }):
		hidden = true
	default:
		return encrypted
	}
	for i := range encrypted {
		encrypted[i].Content = corrupted(encrypted[i])
		if hidden {
			marked := make(attrs)
			maps.Copy(marked, encrypted[i].Attrs) // which may be none
			marked["decrypt-fail"] = "hide"
			encrypted[i].Attrs = marked
		}
	}
	return encrypted
}

// corrupted is the content of an encrypted part with one bit wrong: in the
// authentication code, which is at the end but for a short field that the first
// messages of a session have.
func corrupted(enc node) any {
	const fromEnd = 8
	sealed, ok := enc.Content.([]byte)
	if !ok || len(sealed) < fromEnd {
		return enc.Content
	}
	sealed = slices.Clone(sealed)
	sealed[len(sealed)-fromEnd] ^= 1
	return sealed
}
