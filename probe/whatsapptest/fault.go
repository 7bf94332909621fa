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
// of everybody.
func (s *Server) fault(number string) faults {
	var f faults
	if all := s.faults[""]; all != nil {
		f = *all
	}
	if own := s.faults[number]; own != nil && number != "" {
		f = faults{
			refuses:       f.refuses || own.refuses,
			stalls:        f.stalls || own.stalls,
			losesAcks:     f.losesAcks || own.losesAcks,
			losesMessages: f.losesMessages || own.losesMessages,
			losesReceipts: f.losesReceipts || own.losesReceipts,
			mutesPings:    f.mutesPings || own.mutesPings,
			mutesUsync:    f.mutesUsync || own.mutesUsync,
			ackDelay:      max(f.ackDelay, own.ackDelay),
			messageDelay:  max(f.messageDelay, own.messageDelay),
			messageError:  either(own.messageError, f.messageError),
			corrupts:      f.corrupts + own.corrupts,
			loginFailure:  either(own.loginFailure, f.loginFailure),
		}
	}
	return f
}

func either[T comparable](first, second T) T {
	var none T
	if first != none {
		return first
	}
	return second
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
