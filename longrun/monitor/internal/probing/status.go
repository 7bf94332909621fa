package probing

import (
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// Status is what is known of one probe.
type Status struct {
	Type longrun.ProbeType
	// Name is which of several of the type, and Account the account that it is about;
	// empty where that is not said.
	Name, Account string
	// Every and Retry are the schedule in force.
	Every, Retry time.Duration
	// Configured is false where there is no prober.
	Configured bool
	// Last is the newest result that this instance made or, as leader, read from
	// the store; nil when there is none.
	Last *longrun.Probe
	// Due is when the schedule asks next; zero on an instance that does not lead.
	Due time.Time
	// Running tells whether one is under way.
	Running bool
	// Off says why none is made now but by hand: its account is restricted or banned.
	// Empty where they are made.
	Off string
	// Suspect is why its account is to be probed early with it, and Early when that
	// may be, at the earliest. Both are zero where nothing is suspected, and when it
	// was done.
	Suspect longrun.Suspect
	Early   time.Time
}

// Status is what is known of each probe.
func (s *Schedule) Status() []Status {
	started := s.Started()
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Clock.Now()
	out := make([]Status, len(s.jobs))
	for i, j := range s.jobs {
		sched := s.scheduleOf(j)
		out[i] = Status{Type: j.Type, Name: j.Name, Account: j.Account, Every: sched.Every, Retry: sched.Retry, Configured: j.Prober != nil, Running: j.running}
		if j.shown != nil {
			last := own(*j.shown)
			out[i].Last = &last
		}
		if s.loaded {
			out[i].Due = s.due(j, started, now).UTC()
		}
		if j.about == nil {
			continue
		}
		out[i].Off = j.about.off(now)
		if early, at := j.about.early(now); early == j && s.loaded {
			out[i].Suspect, out[i].Early = j.about.suspect, at.UTC()
		}
	}
	return out
}

// own is a copy of a result whose lists may be changed.
func own(p longrun.Probe) longrun.Probe {
	p.Stages, p.Attempts = slices.Clone(p.Stages), slices.Clone(p.Attempts)
	return p
}

// Seen returns what the rules see of each configured probe, and whether that is
// known yet. It appends to room.
func (s *Schedule) Seen(room []rules.Probed) ([]rules.Probed, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.loaded {
		return room, len(s.jobs) == 0
	}
	now := s.Clock.Now()
	for _, j := range s.jobs {
		if j.Prober != nil {
			seen := rules.Probed{
				Type: j.Type, Name: j.Name, Target: j.target, Account: j.Account,
				Schedule: s.scheduleOf(j), Settle: j.Settle, Recent: j.recent,
			}
			if j.about != nil {
				seen.Off, seen.Back = j.about.off(now) != "", j.about.wasOff
			}
			room = append(room, seen)
		}
	}
	return room, true
}
