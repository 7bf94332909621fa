package whatsapptest

import (
	"strconv"
	"time"

	"go.mau.fi/whatsmeow/types/events"
)

// login answers a client that says which device it is.
func (s *Server) login(c *conn, hello *greeting) {
	c.name = hello.payload.GetPushName()
	fault := s.fault(c.at)
	switch {
	case fault.loginFailure != 0:
		s.turnAway(c, fault.loginFailure)
		return
	case !fault.ban.over():
		s.turnAway(c, events.ConnectFailureTempBanned)
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
		s.count(c.at).Replaced++
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
		b := s.fault(c.at).ban
		if b.over() {
			b = &ban{events.TempBanSentToTooManyPeople, time.Now().Add(time.Hour)}
		}
		b.describe(failure.Attrs)
	}
	c.dismiss(failure)
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
