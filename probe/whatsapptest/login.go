package whatsapptest

import (
	"strconv"
	"time"

	"go.mau.fi/whatsmeow/types/events"
)

// login answers a client that says which device it is.
func (s *Server) login(c *conn, hello *greeting) {
	c.name = hello.payload.GetPushName()
	if reason := s.fault(c.at).loginFailure; reason != 0 {
		s.turnAway(c, reason)
		return
	}
	var d *device
	if a := s.accounts[string(c.at.account())]; a != nil {
		d = a.devices[uint16(hello.payload.GetDevice())]
	}
	if d == nil || d.noise != hello.key {
		s.turnAway(c, events.ConnectFailureLoggedOut)
		return
	}
	if d.conn != nil {
		d.conn.dismiss(conflict("replaced", ""))
	}
	c.device, d.conn, d.active = d, c, false
	s.count(c.at).Logins++
	s.notify()
	c.send(node{Tag: "success", Attrs: attrs{"t": now(), "lid": d.lid(), "location": "test"}})
}

// turnAway answers a login with a failure.
func (s *Server) turnAway(c *conn, reason events.ConnectFailureReason) {
	s.count(c.at).Refused++
	failure := node{Tag: "failure", Attrs: attrs{"reason": strconv.Itoa(int(reason)), "location": "test"}}
	if reason == events.ConnectFailureTempBanned {
		failure.Attrs["code"] = strconv.Itoa(int(events.TempBanSentToTooManyPeople))
		failure.Attrs["expire"] = strconv.Itoa(int(time.Hour.Seconds()))
	}
	c.dismiss(failure)
	s.notify()
}

// activate begins live traffic: first what came while the device was away, then
// all else as it comes.
func (s *Server) activate(c *conn) {
	d := c.device
	d.active = true
	waiting := d.unsent()
	if len(waiting) > 0 {
		kinds := map[string]int{}
		for _, item := range waiting {
			kinds[item.node.Tag]++
		}
		c.send(node{Tag: "ib", Content: []node{{Tag: "offline_preview", Attrs: attrs{
			"count":        strconv.Itoa(len(waiting)),
			"message":      strconv.Itoa(kinds["message"]),
			"receipt":      strconv.Itoa(kinds["receipt"]),
			"notification": strconv.Itoa(kinds["notification"]),
			"appdata":      "0",
		}}}})
	}
	for i, item := range waiting {
		d.sendOffline(item, i)
	}
	c.send(node{Tag: "ib", Content: []node{{Tag: "offline", Attrs: attrs{"count": strconv.Itoa(len(waiting))}}}})
	s.notify()
}

// conflict is the error that ends a stream in favour of another.
func conflict(kind, code string) node {
	return node{
		Tag:     "stream:error",
		Attrs:   attrs{"code": code},
		Content: []node{{Tag: "conflict", Attrs: attrs{"type": kind}}},
	}
}

// now is the time as stanzas carry it.
func now() string { return strconv.FormatInt(time.Now().Unix(), 10) }
