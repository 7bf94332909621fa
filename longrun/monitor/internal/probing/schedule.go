package probing

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/probe"
)

// Probe is one configured probe. Its fields are those of the engine's
// configuration, with the defaults filled in.
type Probe struct {
	// Type is its name, of which there is one.
	Type longrun.ProbeType
	// Every and Retry are its schedule, where the settings give no other.
	Every, Retry time.Duration
	// Deadline is how long one attempt may take.
	Deadline time.Duration
	// Confirm is the pause before what failed is tried once more.
	Confirm time.Duration
	// Settle is how long the host needs after its start.
	Settle time.Duration
	// Prober asks; nil means that the probe is not configured.
	Prober probe.Prober
}

// Options are what a Schedule is made of. Each function is required.
type Options struct {
	Probes []Probe
	// Started is when this instance began to run.
	Started func() time.Time
	// Holder is the instance that leads, as far as this one knows; may be empty.
	Holder func() string
	// Stored is told of each time at which a result was stored: it is counted in
	// that day.
	Stored func(at time.Time)
}

// Schedule makes the leader's probes, one at a time. It outlives a lease, and a
// result that could not be stored waits for the next. It is safe for concurrent
// use.
type Schedule struct {
	room.Deps
	Options
	jobs []*job
	asks chan *ask // by hand

	// Of the one goroutine that makes probes.
	put room.Backoff // of storing results

	mu      sync.Mutex
	leading <-chan struct{} // closed when the lead ends; nil before the first
	down    chan struct{}   // closed when Run of this lead has ended
	loaded  bool            // what is due is known
	pending []longrun.Probe // results that are not stored; at most maxPending
}

// job is one configured probe.
type job struct {
	Probe
	prober *hostcall.Prober

	// Written by the one goroutine that makes probes, under Schedule.mu.
	last    *longrun.Probe  // the newest that the schedule asked for
	shown   *longrun.Probe  // the newest of all
	recent  []longrun.Probe // the newest of all, oldest first, for the rules; at most maxRecent and one more
	running bool
}

// New returns a Schedule that makes nothing yet.
func New(d room.Deps, o Options) *Schedule {
	s := &Schedule{Deps: d, Options: o, asks: make(chan *ask)}
	s.put = room.Backoff{Shortest: min(minLoadPause, d.Self.Interval), Longest: maxPutPause}
	for _, p := range o.Probes {
		s.jobs = append(s.jobs, &job{Probe: p, prober: hostcall.NewProber(p.Prober, string(p.Type), p.Deadline, d.Clock)})
	}
	return s
}

// Task is what the leader runs.
func (s *Schedule) Task() leading.Task {
	return leading.Task{Name: "probes", Begin: s.begin, Run: s.run}
}

// Callers are for whoever waits for the end of the probers' calls.
func (s *Schedule) Callers() []*hostcall.Caller {
	out := make([]*hostcall.Caller, len(s.jobs))
	for i, j := range s.jobs {
		out[i] = j.prober.Caller()
	}
	return out
}

// begin has people's probes wait for run, which is about to be called: the host
// may ask for one as soon as it hears of a beat.
func (s *Schedule) begin(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leading, s.down = ctx.Done(), make(chan struct{})
}

// up and ended surround each call of run. Whoever waits for a probe hears of an
// end, also of one by a panic.
func (s *Schedule) up() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.down: // started again in the same lead
		s.down = make(chan struct{})
	default:
	}
}

func (s *Schedule) ended() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loaded = false
	close(s.down)
}

// run makes probes until the lead ends.
func (s *Schedule) run(ctx context.Context, lead leading.Lead) error {
	s.up()
	defer s.ended()
	if len(s.jobs) == 0 {
		<-ctx.Done()
		return nil
	}
	s.put.Well()
	s.load(ctx, lead)
	for ctx.Err() == nil {
		s.clampLast()
		s.flush(ctx, lead)
		j, due := s.next()
		if wait := due.Sub(s.Clock.Now()); wait > 0 {
			// The settings may move what is due, from the next slot on.
			s.wait(ctx, lead, min(wait, s.Self.Interval))
			continue
		}
		_, _ = s.make(ctx, lead, j, longrun.Scheduled) // stored, waiting, or told in the log
	}
	s.finish(ctx, lead)
	return nil
}

// wait returns after d, or when a person's probe was made.
func (s *Schedule) wait(ctx context.Context, lead leading.Lead, d time.Duration) {
	waiting, cancel := deadline.With(ctx, s.Clock, d)
	defer cancel()
	select {
	case <-waiting.Done():
	case a := <-s.asks:
		s.spread(ctx, a.job)
		p, err := s.make(ctx, lead, a.job, longrun.ByHand)
		a.answer <- answer{p, err}
	}
}

// Status is what is known of one probe.
type Status struct {
	Type longrun.ProbeType
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
}

// Status is what is known of each probe.
func (s *Schedule) Status() []Status {
	started := s.Started()
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Status, len(s.jobs))
	for i, j := range s.jobs {
		sched := s.scheduleOf(j)
		out[i] = Status{Type: j.Type, Every: sched.Every, Retry: sched.Retry, Configured: j.Prober != nil, Running: j.running}
		if j.shown != nil {
			last := own(*j.shown)
			out[i].Last = &last
		}
		if s.loaded {
			out[i].Due = s.due(j, started).UTC()
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
	for _, j := range s.jobs {
		if j.Prober != nil {
			room = append(room, rules.Probed{Type: j.Type, Schedule: s.scheduleOf(j), Settle: j.Settle, Recent: j.recent})
		}
	}
	return room, true
}
