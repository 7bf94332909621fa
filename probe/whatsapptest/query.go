package whatsapptest

// query answers an iq of a logged-in client. Each one gets an answer, at worst
// that it is not served: a client waits 75 seconds for one that does not come.
func (s *Server) query(c *conn, n *node) {
	kind := text(n, "type")
	if kind == "result" || kind == "error" {
		return // the answer to one of ours
	}
	switch text(n, "xmlns") + " " + kind {
	case "w:p get":
		s.ping(c, n)
	case "usync get":
		s.usync(c, n)
	case "encrypt get":
		s.servePrekeys(c, n)
	case "encrypt set":
		s.storePrekeys(c, n)
	case "passive set":
		c.answer(n)
		if _, ok := n.GetOptionalChildByTag("active"); ok {
			s.activate(c)
		} else {
			c.device.active = false
			s.notify()
		}
	case "privacy get":
		c.answer(n, c.device.account.privacy.describe())
	case "privacy set":
		s.setPrivacy(c, n)
	case "w:mex get":
		s.mex(c, n)
	case "abt get": // what this WhatsApp has switched on: nothing
		c.answer(n, node{Tag: "props", Attrs: attrs{"hash": "none", "refresh": "86400"}})
	case "blocklist get":
		c.answer(n, node{Tag: "list"})
	case "urn:xmpp:whatsapp:dirty set", "w:stats ": // told, and no more
		c.answer(n)
	case "md set":
		s.unlink(c, n)
	default:
		c.refuse(n, "501", "feature-not-implemented")
	}
}

func (s *Server) ping(c *conn, n *node) {
	s.count(c.at).Pings++
	s.notify()
	if !s.fault(c.at).mutesPings {
		c.answer(n)
	}
}

// unlink removes the device that asks for it, which is what Logout does.
func (s *Server) unlink(c *conn, n *node) {
	request, ok := n.GetOptionalChildByTag("remove-companion-device")
	if !ok {
		c.refuse(n, "501", "feature-not-implemented")
		return
	}
	if s.find(address(&request, "jid")) != c.device.account || address(&request, "jid").Device != c.device.id {
		c.refuse(n, "403", "forbidden")
		return
	}
	c.answer(n)
	s.forget(c.device)
}

// forget removes a device from its account: its next login fails. The caller
// holds mu.
func (s *Server) forget(d *device) {
	delete(d.account.devices, d.id)
	d.queue = nil
	s.tellDevices(d.account)
	s.notify()
}
