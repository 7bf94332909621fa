package whatsapptest

import "maps"

// receipt takes what a device says of a message that it was given: that it has
// it, could not read it, or that its user read it. The sender is told, by all of
// its devices if none is named. What a device sends along is what the sender
// needs to resend, and passes unread.
func (s *Server) receipt(c *conn, n *node) {
	id, to, kind := text(n, "id"), address(n, "to"), text(n, "type")
	if id == "" {
		return
	}
	c.send(node{Tag: "ack", Attrs: attrs{"class": "receipt", "id": id, "from": to, "type": kind}})
	confirmed := c.device.confirm(n)
	if kind != "retry" {
		s.count(c.at).Delivered += confirmed
	}
	s.notify()

	target := s.find(to)
	if target == nil {
		return
	}
	stanza := node{
		Tag: "receipt",
		Attrs: attrs{
			"id": id, "type": kind,
			"from": c.device.account.jid(to.Server, c.device.id),
		},
	}
	if recipient := address(n, "recipient"); !recipient.IsEmpty() {
		stanza.Attrs["recipient"] = recipient
	}
	if children := n.GetChildren(); len(children) > 0 {
		stanza.Content = children
	}
	for _, d := range target.sorted() {
		if d != c.device && (to.Device == 0 || to.Device == d.id) {
			s.passOn(d, stanza)
		}
	}
}

// passOn gives a receipt to the device that it is for, unless it is lost.
func (s *Server) passOn(d *device, receipt node) {
	if s.fault(d.at()).losesReceipts {
		return
	}
	receipt.Attrs = maps.Clone(receipt.Attrs)
	receipt.Attrs["t"] = now()
	d.push(receipt)
	s.count(d.at()).Receipts++
	s.notify()
}
