package whatsapptest

import (
	"context"
	"fmt"
)

// Stats is what a Server has seen and what is the case now, of some accounts or
// devices or of all.
type Stats struct {
	Devices int // linked now
	Online  int // of them, those that are logged in and get live traffic
	Pending int // messages, receipts and notifications that wait for a device to confirm them
	Prekeys int // one-time prekeys that the devices have left here

	Connections int // websockets that were opened
	Refused     int // websockets and logins that were turned away
	Logins      int // logins that succeeded
	Replaced    int // of them, those that ended another connection of the same device
	Pings       int // keepalives that arrived
	Sent        int // messages of these accounts that the server took
	Delivered   int // copies of messages that linked devices of these accounts got, by their receipts
	Answered    int // copies of messages that the phones of these accounts got, by theirs
	Receipts    int // receipts for these accounts that were passed on
}

// count returns the counters of a place. The caller holds mu.
func (s *Server) count(at place) *Stats {
	st := s.stats[at]
	if st == nil {
		st = new(Stats)
		s.stats[at] = st
	}
	return st
}

// Stats returns the sum over the accounts and devices of numbers, or over
// everybody when none is given. None is counted twice.
func (s *Server) Stats(numbers ...string) Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sum(numbers)
}

func (s *Server) sum(numbers []string) Stats {
	var sum Stats
	for at, st := range s.stats {
		if !at.within(numbers) {
			continue
		}
		sum.Connections += st.Connections
		sum.Refused += st.Refused
		sum.Logins += st.Logins
		sum.Replaced += st.Replaced
		sum.Pings += st.Pings
		sum.Sent += st.Sent
		sum.Delivered += st.Delivered
		sum.Answered += st.Answered
		sum.Receipts += st.Receipts
	}
	for _, a := range s.accounts {
		for _, d := range a.devices {
			if !d.at().within(numbers) {
				continue
			}
			sum.Devices++
			sum.Pending += d.pending()
			sum.Prekeys += len(d.keys.oneTime)
			if d.conn != nil && d.active {
				sum.Online++
			}
		}
	}
	return sum
}

// notify wakes those who wait for a change. The caller holds mu.
func (s *Server) notify() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// Await blocks until reached is true of the Stats of numbers, or of everybody
// when none is given. It fails when ctx ends, with its cause, or the server is
// closed. reached must not wait for anything.
func (s *Server) Await(ctx context.Context, reached func(Stats) bool, numbers ...string) error {
	for {
		s.mu.Lock()
		st, changed := s.sum(numbers), s.changed
		s.mu.Unlock()
		if reached(st) {
			return nil
		}
		select {
		case <-changed:
		case <-s.life.Done():
			return ErrClosed
		case <-ctx.Done():
			return fmt.Errorf("whatsapptest: waiting, with %+v: %w", st, context.Cause(ctx))
		}
	}
}

// AwaitOnline blocks until a device of number is logged in and gets live
// traffic. The client itself may know a moment later, by its Connected event.
// A connection that was dropped or frozen does not count.
func (s *Server) AwaitOnline(ctx context.Context, number string) error {
	return s.Await(ctx, func(st Stats) bool { return st.Online > 0 }, number)
}

// AwaitOffline blocks until no device of number gets live traffic.
func (s *Server) AwaitOffline(ctx context.Context, number string) error {
	return s.Await(ctx, func(st Stats) bool { return st.Online == 0 }, number)
}
