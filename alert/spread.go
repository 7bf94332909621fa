package alert

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
)

// maxHalfTaken bounds what is remembered: more messages than that are not on their
// way at once.
const maxHalfTaken = 256

// Channel is a way to people with the name that they know it by.
type Channel struct {
	// Name is what status and errors call it, such as "pagerduty" or "chat of the night
	// shift". No secret, and no telephone number.
	Name string
	// Alerter sends by it.
	Alerter Alerter
}

// spread sends by several channels at the same time, and remembers who took what.
type spread struct {
	channels []Channel
	clock    clock.Clock

	mu     sync.Mutex
	taken  map[string]map[int]bool // message → the channels that took it, while some have not
	order  []string                // of the keys of taken, oldest first
	health []health                // of each channel
}

func newSpread(channels []Channel, clk clock.Clock) *spread {
	return &spread{channels: channels, clock: clk, taken: map[string]map[int]bool{}, health: make([]health, len(channels))}
}

// sending is what became of one call.
type sending struct {
	errs  []error // of each channel; nil where it took all that it was asked, or was not
	asked []bool  // who was to get anything at all
	told  bool    // some channel took each part that had any
}

// waits is the first, by before, of the channels' requests to wait; nil where none
// asked.
func (s sending) waits(before func(a, b *RetryAfterError) bool) (first *RetryAfterError) {
	for _, err := range s.errs {
		if wait, ok := errors.AsType[*RetryAfterError](err); ok && (first == nil || before(wait, first)) {
			first = wait
		}
	}
	return first
}

// send asks each channel for the parts of m that are chosen for it and that it has
// not taken yet.
func (s *spread) send(ctx context.Context, m Message, choose func(Message) []bool) sending {
	parts := m.flat()
	chosen := make([][]bool, len(parts))
	for k, part := range parts {
		chosen[k] = choose(part)
	}
	out := sending{errs: make([]error, len(s.channels)), asked: make([]bool, len(s.channels))}
	calls := make([]<-chan error, len(s.channels))
	for i, channel := range s.channels {
		rest, any := s.open(i, parts, chosen)
		out.asked[i] = any
		if len(rest) == 0 {
			continue
		}
		message := m
		if len(rest) < len(parts) {
			message = digest(rest)
		}
		calls[i] = spawn.Start("alert", func() error { return ask(ctx, channel.Alerter, message) })
	}
	for i, done := range calls {
		if done != nil {
			out.errs[i] = <-done
		}
	}
	out.told = s.remember(parts, chosen, out.errs)
	s.note(parts, chosen, calls, out.errs)
	return out
}

// ask is called in a guard. An error that cannot be printed panics there, and not
// where somebody wants to know why.
func ask(ctx context.Context, channel Alerter, m Message) error {
	err := channel.Alert(ctx, m)
	if err != nil {
		_ = err.Error()
	}
	return err
}

// open are the parts that are chosen for a channel and that it has not taken yet,
// and whether any is chosen for it.
func (s *spread) open(channel int, parts []Message, chosen [][]bool) (rest []Message, chose bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, part := range parts {
		if !chosen[k][channel] {
			continue
		}
		chose = true
		if id, ok := part.id(); !ok || !s.taken[id][channel] {
			rest = append(rest, part)
		}
	}
	return rest, chose
}

// remember notes who took what, and forgets what all took, once the caller hears that
// nothing is left to do. It reports whether each part is with people, by one channel at
// least.
func (s *spread) remember(parts []Message, chosen [][]bool, errs []error) (told bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	told = true
	done := !slices.ContainsFunc(errs, func(err error) bool { return err != nil })
	for k, part := range parts {
		id, keyed := part.id()
		took, most, here := map[int]bool{}, 0, false
		if keyed && s.taken[id] != nil {
			took = s.taken[id]
		}
		for i, err := range errs {
			if !chosen[k][i] {
				continue
			}
			most++
			if err == nil {
				took[i] = true
			}
			here = here || took[i] || IsPartial(err)
		}
		told = told && here
		if !keyed {
			continue
		}
		if s.taken[id] == nil {
			s.taken[id] = took
			s.order = append(s.order, id)
		}
		if len(took) == 0 || len(took) == most && done {
			s.forget(slices.Index(s.order, id))
		}
	}
	for len(s.order) > maxHalfTaken {
		s.forget(0)
	}
	return told
}

func (s *spread) forget(i int) {
	delete(s.taken, s.order[i])
	s.order = slices.Delete(s.order, i, i+1)
}

// note keeps how each channel that was called is.
func (s *spread) note(parts []Message, chosen [][]bool, calls []<-chan error, errs []error) {
	now := s.clock.Now().UTC()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.channels {
		if calls[i] == nil {
			continue
		}
		if !errors.Is(errs[i], errLeftAlone) {
			s.health[i].note(now, errs[i], parts[0].Kind == Test)
		}
		for k, part := range parts {
			if id, ok := part.id(); ok && chosen[k][i] && part.Kind != Test {
				s.health[i].count(id, errs[i] == nil)
			}
		}
	}
}

// ChannelHealth is how one of several channels is, as this process saw it.
type ChannelHealth struct {
	Name string
	// LastSent and LastFailed are when it last took a message and last did not; zero
	// when never.
	LastSent, LastFailed time.Time
	// LastError is why it did not take the newest message; empty when it did.
	LastError string
	// Permanent tells that it is no use to try again before somebody mends it.
	Permanent bool
	// QuietUntil is until when it asked to be left alone; zero when it does not.
	QuietUntil time.Time
	// Undelivered counts the messages that it did not take and has not taken since, 256
	// at most, whether another channel told people or not.
	Undelivered int
}

// health is a ChannelHealth and what it is counted from.
type health struct {
	ChannelHealth
	open []string // the messages that it did not take, oldest first
}

// note keeps what became of a message. What a channel answers to a test is the test's:
// that it asks to wait holds up nothing that matters.
func (h *health) note(now time.Time, err error, test bool) {
	h.QuietUntil = time.Time{}
	if err == nil {
		h.LastSent, h.LastError, h.Permanent = now, "", false
		return
	}
	h.LastFailed, h.LastError, h.Permanent = now, err.Error(), IsPermanent(err)
	if wait, ok := errors.AsType[*RetryAfterError](err); ok && !test {
		h.QuietUntil = now.Add(max(wait.After, 0))
	}
	if IsPartial(err) {
		h.LastSent = now
	}
}

func (h *health) count(id string, took bool) {
	i := slices.Index(h.open, id)
	switch {
	case took && i >= 0:
		h.open = slices.Delete(h.open, i, i+1)
	case !took && i < 0:
		h.open = append(h.open, id)
		h.open = h.open[max(0, len(h.open)-maxHalfTaken):]
	}
	h.Undelivered = len(h.open)
}

// status tells how each channel is, in their order.
func (s *spread) status() []ChannelHealth {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]ChannelHealth, len(s.channels))
	now := s.clock.Now()
	for i := range all {
		all[i] = s.health[i].ChannelHealth
		all[i].Name = s.channels[i].Name
		if !all[i].QuietUntil.After(now) {
			all[i].QuietUntil = time.Time{}
		}
	}
	return all
}
