package sending

import (
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/tracker"
)

// presence remembers the last states of an account, so that a probe can ask how
// it was at the end of its time, and not how it is when it asks.
type presence struct {
	kept [8]state // in a ring
	n    int      // how many there ever were
}

type state struct {
	state tracker.State
	since time.Time
}

// note takes the state that an account is in from now on.
func (p *presence) note(s tracker.State, now time.Time) {
	if p.n > 0 && p.kept[(p.n-1)%len(p.kept)].state == s {
		return
	}
	p.kept[p.n%len(p.kept)] = state{s, now}
	p.n++
}

// at returns the state at a time; of a time before all that is kept, the oldest.
func (p *presence) at(t time.Time) tracker.State {
	var s tracker.State
	for i := range min(p.n, len(p.kept)) {
		kept := p.kept[(p.n-1-i)%len(p.kept)]
		if s = kept.state; !kept.since.After(t) {
			break
		}
	}
	return s
}

// stayed reports whether the account was in one of the states all the time. Of
// one that changed too often to be remembered, it says no.
func (p *presence) stayed(from, to time.Time, states []tracker.State) bool {
	for i := range min(p.n, len(p.kept)) {
		kept := p.kept[(p.n-1-i)%len(p.kept)]
		if kept.since.After(to) {
			continue
		}
		if !slices.Contains(states, kept.state) {
			return false
		}
		if !kept.since.After(from) {
			return true
		}
	}
	return p.n > 0 && p.n <= len(p.kept)
}
