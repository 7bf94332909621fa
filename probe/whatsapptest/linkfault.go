package whatsapptest

import (
	"strconv"

	"go.mau.fi/whatsmeow/types/events"
)

// Drop ends the open connections of these accounts, or of everybody, as a
// crashed peer does. The client sees Disconnected and connects again at once: it
// is online again milliseconds later, and a message that waited for its ack is
// sent a second time.
func (s *Server) Drop(numbers ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reset(numbers)
}

// reset breaks the open connections of numbers.
func (s *Server) reset(numbers []string) {
	for _, c := range s.open(numbers) {
		s.detach(c)
		c.wire.reset()
	}
}

// Freeze makes the open connections of these accounts, or of everybody, a hole:
// bytes vanish in both directions, and no healing brings the connection back; a
// new one works. The client sees nothing: its sends time out, its first
// KeepAliveTimeout comes within 40 seconds, and after some three minutes it
// connects anew, without Disconnected. Until then its Disconnect takes five
// seconds.
func (s *Server) Freeze(numbers ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.open(numbers) {
		s.detach(c)
		c.wire.freeze()
	}
}

// Stall makes the server of these accounts, or of everybody, read on and do
// nothing, on open connections and on new ones, until Heal. The client sees what
// Freeze shows, but KeepAliveRestored after Heal if that comes within three
// minutes. What it asked meanwhile is never answered; messages and receipts for
// it are kept.
func (s *Server) Stall(numbers ...string) {
	s.set(numbers, func(f *faults) { f.stalls = true })
}

// Refuse answers every new websocket of these accounts, or of everybody, with
// 503 until Heal. Open ones live on; use Drop for them. The client's Connect
// fails, and after a Drop it tries again by itself, two seconds later each
// time: after an outage of an hour, it may need another minute. It sees one
// Disconnected for the whole of it.
func (s *Server) Refuse(numbers ...string) {
	s.set(numbers, func(f *faults) { f.refuses = true })
}

// FailLogins answers every login of these accounts, or of everybody, with a
// failure until Heal. Those who are logged in stay so; use Drop for them. By
// the reason, the client sees
//
//	401, 403, 406      LoggedOut, and its store is deleted
//	402                TemporaryBan, for an hour, of code 101; see Ban
//	405                ClientOutdated
//	500, 503           Disconnected, and it tries again, time after time
//	others             ConnectFailure
//
// and except for 500 and 503 it does not come back by itself. Clients that are
// not paired yet are failed by a fault for everybody only.
func (s *Server) FailLogins(reason events.ConnectFailureReason, numbers ...string) {
	s.set(numbers, func(f *faults) { f.loginFailure = reason })
}

// LogOut removes all devices of these accounts, or of everybody, as a user does
// on the phone. The client sees LoggedOut and deletes its store; a client that
// is away is failed with 401 when it comes back. To return, it must be paired
// anew, as a new device with a new store.
func (s *Server) LogOut(numbers ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.open(numbers) {
		if c.device != nil {
			c.dismiss(conflict("device_removed", "401"))
		}
	}
	for _, a := range s.accounts {
		for _, d := range a.devices {
			if d.at().within(numbers) {
				s.forget(d)
			}
		}
	}
}

// Replace ends the streams of these accounts, or of everybody, as if the same
// device had connected from elsewhere. The client sees StreamReplaced, without
// Disconnected, and does not come back by itself.
func (s *Server) Replace(numbers ...string) {
	s.dismiss(conflict("replaced", ""), numbers)
}

// EndStreams ends the streams of these accounts, or of everybody, with an error
// code. The client sees Disconnected and connects again; before that, with 503,
// which is how servers restart, it sees nothing, and with a code that it does
// not know StreamError.
func (s *Server) EndStreams(code int, numbers ...string) {
	s.dismiss(node{Tag: "stream:error", Attrs: attrs{"code": strconv.Itoa(code)}}, numbers)
}

func (s *Server) dismiss(last node, numbers []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.open(numbers) {
		c.dismiss(last)
	}
}

// open are the connections of the accounts of numbers that still lead to a
// client, or could be reset, or all of them when none is given.
func (s *Server) open(numbers []string) []*conn {
	var open []*conn
	for c := range s.conns {
		if (!c.over || c.wire.frozen.Load()) && c.at.within(numbers) {
			open = append(open, c)
		}
	}
	return open
}
