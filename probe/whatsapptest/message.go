package whatsapptest

import (
	"slices"
	"strconv"

	"go.mau.fi/whatsmeow/types"
)

// relay takes a message: it acks it to the sender, and passes on what the
// sender encrypted for each device. The two are independent, as they are with
// WhatsApp: an ack says that the server has the message, and no more.
func (s *Server) relay(c *conn, n *node) {
	id, to := text(n, "id"), address(n, "to")
	if id == "" {
		return
	}
	fault := s.fault(c.at)
	ack := node{Tag: "ack", Attrs: attrs{"class": "message", "id": id, "from": to, "t": now()}}
	target := s.find(to)
	if code := s.objection(c, target); code != 0 {
		ack.Attrs["error"], target = strconv.Itoa(code), nil
	}
	if !fault.losesAcks {
		s.after(fault.ackDelay, func() { c.send(ack) })
	}
	if target != nil {
		s.count(c.at).Sent++
		target.known[c.device.account] = true
		s.fanOut(c, n, target)
	}
	s.notify()
}

// objection is the code of the error with which a message is refused, or 0.
func (s *Server) objection(c *conn, target *account) int {
	switch fault := s.fault(c.at); {
	case fault.messageError != 0:
		return fault.messageError
	case target == nil:
		return 404
	case !fault.restriction.over() && target != c.device.account && !c.device.account.known[target]:
		return 463
	default:
		return 0
	}
}

// fanOut delivers a message to the devices that it is encrypted for: those of
// the target, and the sender's own others.
func (s *Server) fanOut(c *conn, n *node, target *account) {
	participants, ok := n.GetOptionalChildByTag("participants")
	if !ok { // resent to one device that could not read it
		s.deliver(c, n, address(n, "to"), n)
		return
	}
	served := make(map[types.JID]bool) // whatsmeow encrypts a note to oneself twice
	for _, copied := range participants.GetChildren() {
		to := address(&copied, "jid")
		if a := s.find(to); copied.Tag == "to" && (a == target || a == c.device.account) && !served[to] {
			served[to] = true
			s.deliver(c, n, to, &copied)
		}
	}
}

// deliver passes on the copy of a message that is for the device to.
func (s *Server) deliver(c *conn, n *node, to types.JID, copied *node) {
	receiver := s.find(to)
	if to.Device == 0 {
		s.reach(c, n, to, receiver)
		return
	}
	d := receiver.devices[to.Device]
	if d == nil {
		return // it is gone
	}
	fault := s.fault(d.at())
	encrypted := slices.Clone(copied.GetChildrenByTag("enc"))
	if len(encrypted) == 0 || fault.losesMessages {
		return
	}
	stanza := node{Tag: "message", Attrs: s.envelope(c, n, to)}
	if fault.unavailable != "" {
		stanza.Content = []node{{Tag: "unavailable", Attrs: attrs{"type": fault.unavailable}}}
	} else {
		stanza.Content = append(s.spoil(d, text(n, "id"), encrypted), n.GetChildrenByTag("device-identity")...)
	}
	if fault.messageDelay <= 0 {
		d.push(stanza)
		s.notify()
		return
	}
	d.delayed = append(d.delayed, stanza)
	s.after(fault.messageDelay, func() {
		// The oldest, and not this one: two timers of one instant come in any order.
		d.push(d.delayed[0])
		d.delayed = d.delayed[1:]
		s.notify()
	})
}

// envelope is what the receiver is told about a message. Receivers are
// addressed in one of two forms, and the sender is named in the same.
func (s *Server) envelope(c *conn, n *node, to types.JID) attrs {
	sender := c.device.account
	envelope := attrs{
		"id": text(n, "id"), "type": text(n, "type"), "edit": text(n, "edit"), "notify": c.name, "t": now(),
		"from": sender.jid(to.Server, c.device.id),
	}
	if to.Server == types.HiddenUserServer {
		envelope["sender_pn"] = sender.jid(types.DefaultUserServer, 0)
	} else {
		envelope["sender_lid"] = sender.jid(types.HiddenUserServer, 0)
	}
	if s.find(to) == sender { // an own device learns whom the message was for
		envelope["recipient"] = address(n, "to").ToNonAD()
		if pn := address(n, "peer_recipient_pn"); !pn.IsEmpty() {
			envelope["peer_recipient_pn"] = pn
		}
	}
	return envelope
}
