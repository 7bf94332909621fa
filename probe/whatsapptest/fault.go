package whatsapptest

import (
	"cmp"
	"slices"
	"time"

	"go.mau.fi/whatsmeow/types/events"
)

// faults is what is wrong at one place.
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
	storeDelay    time.Duration
	messageError  int
	prekeyError   int
	loginFailure  events.ConnectFailureReason

	phoneOff          bool
	companionOnly     bool
	withholdsPhoneKey bool
	noOfflineEnd      bool
	unavailable       string // the kind
	ban               *ban
	restriction       *restriction

	// So many from now; see spend.
	corrupts       int
	corruptsHidden int
	ruins          int
	losesOffline   int
}

// and is what is wrong where both are: what can be added up is, of what cannot,
// the narrower place's counts, which is g. What is spent is not merged.
func (f faults) and(g *faults) faults {
	return faults{
		refuses:       f.refuses || g.refuses,
		stalls:        f.stalls || g.stalls,
		losesAcks:     f.losesAcks || g.losesAcks,
		losesMessages: f.losesMessages || g.losesMessages,
		losesReceipts: f.losesReceipts || g.losesReceipts,
		mutesPings:    f.mutesPings || g.mutesPings,
		mutesUsync:    f.mutesUsync || g.mutesUsync,
		ackDelay:      max(f.ackDelay, g.ackDelay),
		messageDelay:  max(f.messageDelay, g.messageDelay),
		storeDelay:    max(f.storeDelay, g.storeDelay),
		messageError:  max(f.messageError, g.messageError),
		prekeyError:   max(f.prekeyError, g.prekeyError),
		loginFailure:  max(f.loginFailure, g.loginFailure),

		phoneOff:          f.phoneOff || g.phoneOff,
		companionOnly:     f.companionOnly || g.companionOnly,
		withholdsPhoneKey: f.withholdsPhoneKey || g.withholdsPhoneKey,
		noOfflineEnd:      f.noOfflineEnd || g.noOfflineEnd,
		unavailable:       cmp.Or(g.unavailable, f.unavailable),
		ban:               cmp.Or(g.ban, f.ban),
		restriction:       cmp.Or(g.restriction, f.restriction),
	}
}

// fault is what is wrong at a place: there, and wherever else that is part of.
// The caller holds mu.
func (s *Server) fault(at place) faults {
	var f faults
	for _, p := range at.wider() {
		if here := s.faults[p]; here != nil {
			f = f.and(here)
		}
	}
	return f
}

// spend takes one from a number of things that are still to go wrong at a place,
// if there is one left: from the narrowest place that has some.
func (s *Server) spend(at place, left func(*faults) *int) bool {
	wider := at.wider()
	for _, where := range slices.Backward(wider) {
		if f := s.faults[where]; f != nil && *left(f) > 0 {
			*left(f)--
			return true
		}
	}
	return false
}

// set changes what is wrong at the places named by numbers, or everywhere when
// none is given.
func (s *Server) set(numbers []string, change func(*faults)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.change(numbers, change)
}

func (s *Server) change(numbers []string, change func(*faults)) {
	if len(numbers) == 0 {
		numbers = []string{""}
	}
	for _, number := range numbers {
		at := place(number)
		if s.faults[at] == nil {
			s.faults[at] = new(faults)
		}
		change(s.faults[at])
	}
}

// Heal ends every lasting fault of numbers, or every one there is when none is
// given. What was said of an account's devices one by one ends with what was
// said of the account; a fault for everybody is not healed for one account
// alone, nor one of an account for one of its devices. What was held back is
// delivered; what was lost stays lost, and what is delayed is on its way
// already.
func (s *Server) Heal(numbers ...string) {
	for _, c := range s.clientsOf(numbers) {
		c.store.unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for at, f := range s.faults {
		if at.within(numbers) {
			delete(s.faults, at)
			if !f.restriction.over() {
				s.announce(at.numbers(), nil)
			}
		}
	}
	for _, c := range s.open(numbers) {
		c.holds = false
		c.endReplay()
	}
	for _, a := range s.accounts {
		s.wake(a)
		for _, d := range a.devices {
			if d.at().within(numbers) {
				clear(d.ruined)
			}
			if d.reachable() {
				d.catchUp()
			}
		}
	}
	s.notify()
}
