package whatsapptest

import (
	"time"

	"go.mau.fi/whatsmeow/types/events"
)

// faults is what is wrong for one account, or for everybody.
type faults struct {
	refuses       bool
	stalls        bool
	losesAcks     bool
	losesMessages bool
	losesReceipts bool
	mutesPings    bool
	mutesUsync    bool
	ackDelay      time.Duration
	messageDelay  time.Duration
	messageError  int
	corrupts      int // so many messages from now
	loginFailure  events.ConnectFailureReason
}

// fault is what is wrong for the account of number: its own faults, and those
// of everybody. The caller holds mu.
func (s *Server) fault(number string) faults {
	var f faults
	if all := s.faults[""]; all != nil {
		f = *all
	}
	own := s.faults[number]
	if own == nil || number == "" {
		return f
	}
	return faults{
		refuses:       f.refuses || own.refuses,
		stalls:        f.stalls || own.stalls,
		losesAcks:     f.losesAcks || own.losesAcks,
		losesMessages: f.losesMessages || own.losesMessages,
		losesReceipts: f.losesReceipts || own.losesReceipts,
		mutesPings:    f.mutesPings || own.mutesPings,
		mutesUsync:    f.mutesUsync || own.mutesUsync,
		ackDelay:      max(f.ackDelay, own.ackDelay),
		messageDelay:  max(f.messageDelay, own.messageDelay),
		messageError:  max(f.messageError, own.messageError),
		corrupts:      f.corrupts + own.corrupts,
		loginFailure:  max(f.loginFailure, own.loginFailure),
	}
}

// spendCorruption tells whether a message to number is to be corrupted.
func (s *Server) spendCorruption(number string) bool {
	for _, scope := range []string{number, ""} {
		if f := s.faults[scope]; f != nil && f.corrupts > 0 {
			f.corrupts--
			return true
		}
	}
	return false
}

// set changes what is wrong for the accounts of numbers, or for everybody when
// none is given.
func (s *Server) set(numbers []string, change func(*faults)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(numbers) == 0 {
		numbers = []string{""}
	}
	for _, number := range numbers {
		if s.faults[number] == nil {
			s.faults[number] = new(faults)
		}
		change(s.faults[number])
	}
}

// Heal ends every lasting fault of the accounts of numbers, or every one there
// is when none is given. A fault for everybody is not healed for one account
// alone. What was held back by Stall is delivered; what was lost stays lost,
// and what is delayed is on its way already.
func (s *Server) Heal(numbers ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(numbers) == 0 {
		clear(s.faults)
	}
	for _, number := range numbers {
		delete(s.faults, number)
	}
	for _, a := range s.accounts {
		for _, d := range a.devices {
			if d.reachable() {
				d.catchUp()
			}
		}
	}
	s.notify()
}
