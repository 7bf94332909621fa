package whatsapptest

import (
	"go.mau.fi/whatsmeow/types"
)

// A letter is a copy of a message that a phone has got, and what it answers.
type letter struct {
	from    *device // who wrote it, and is to have the receipt
	receipt node
}

// reach hands a phone its copy of a message. It can read none: it says so of
// each that it got, as phones do that are on and have a network, and keeps those
// that come while it is off until it is on again.
func (s *Server) reach(c *conn, n *node, to types.JID, receiver *account) {
	fault := s.fault(placeOf(receiver.number, 0))
	if fault.losesMessages || fault.companionOnly {
		return
	}
	l := letter{from: c.device, receipt: node{Tag: "receipt", Attrs: attrs{
		"id": text(n, "id"), "from": receiver.jid(to.Server, 0),
	}}}
	if receiver == c.device.account {
		l.receipt.Attrs["type"] = string(types.ReceiptTypeSender)
		if text(n, "category") == "peer" {
			l.receipt.Attrs["type"] = string(types.ReceiptTypePeerMsg)
		}
		l.receipt.Attrs["recipient"] = address(n, "to").ToNonAD()
	}
	s.after(fault.messageDelay, func() {
		receiver.phone.letters = append(receiver.phone.letters, l)
		s.wake(receiver)
	})
}

// wake makes a phone answer what it has got, unless it is off.
func (s *Server) wake(a *account) {
	at := placeOf(a.number, 0)
	if f := s.fault(at); f.phoneOff || f.stalls {
		return
	}
	for _, l := range a.phone.letters {
		s.count(at).Answered++
		s.passOn(l.from, l.receipt)
	}
	a.phone.letters = nil
}
