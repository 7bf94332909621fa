package probing

import (
	"context"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/probe"
)

// Probe is one configured probe. Its fields are those of the engine's
// configuration, with the defaults filled in.
type Probe struct {
	// Type and Name say which it is; there is one of each.
	Type longrun.ProbeType
	Name string
	// Account is the account that it is about; empty where that is not said. Those of
	// one account take turns.
	Account string
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

// Named says which probe it is.
func (p *Probe) Named() longrun.NamedProbe {
	return longrun.NamedProbe{Type: p.Type, Name: p.Name}
}

// Options are what a Schedule is made of. Each field is required where it names no
// default.
type Options struct {
	Probes []Probe
	// AtOnce is how many attempts are under way together at most.
	AtOnce int
	// Started is when this instance began to run.
	Started func() time.Time
	// Holder is the instance that leads, as far as this one knows; may be empty.
	Holder func() string
	// Ready reads the settings where that was not done yet, and reports whether the store
	// answered: when a probe is due is in them.
	Ready func(ctx context.Context) bool
	// Stored is told of each time at which a result was stored: it is counted in
	// that day. It is called by several goroutines.
	Stored func(at time.Time)
	// Made is told of each result when it is made, by several goroutines. Default:
	// nobody is.
	Made func(longrun.Probe)
}

// Schedule makes the leader's probes. It outlives a lease, and a result that could
// not be stored waits for the next. It is safe for concurrent use.
type Schedule struct {
	room.Deps
	Options
	jobs    []*job
	woken   chan struct{} // told when there may be something to begin
	asks    chan *ask     // by hand
	places  chan struct{} // holds a token for each attempt under way
	storing chan struct{} // holds a token while somebody stores results

	// Of whoever has the token of storing.
	put room.Backoff

	mu      sync.Mutex
	leading <-chan struct{} // closed when the lead ends; nil before the first
	down    chan struct{}   // closed when Run of this lead has ended
	loaded  bool            // what is due is known
	base    time.Time       // since when it is
	pending []longrun.Probe // results that are not stored; at most mostPending
	next    time.Time       // when the next attempt may begin
	// accounts are those that have probes, by their IDs; heard says that this lead's
	// host has told of them.
	accounts map[string]*account
	order    []*account // the same, as they were configured
	heard    bool
}

// job is one configured probe.
type job struct {
	Probe
	named  longrun.NamedProbe
	target string   // what incidents call it
	about  *account // nil where that is not said
	prober *hostcall.Prober

	// Under Schedule.mu. The lists of these results, their stages and attempts, are
	// never changed.
	last    *longrun.Probe  // the newest that nobody asked for by hand
	shown   *longrun.Probe  // the newest of all
	recent  []longrun.Probe // the newest of all, oldest first, for the rules; at most maxRecent and one more
	running bool
}

// New returns a Schedule that makes nothing yet.
func New(d room.Deps, o Options) *Schedule {
	s := &Schedule{
		Deps: d, Options: o, woken: make(chan struct{}, 1), asks: make(chan *ask), places: make(chan struct{}, max(o.AtOnce, 1)),
		storing: make(chan struct{}, 1), accounts: make(map[string]*account),
	}
	s.put = room.Backoff{Shortest: min(minLoadPause, d.Self.Interval), Longest: maxPutPause, Clock: d.Clock}
	for _, p := range o.Probes {
		j := &job{Probe: p, named: p.Named()}
		j.target = j.named.String()
		j.prober = hostcall.NewProber(p.Prober, j.target, p.Deadline, d.Clock)
		if p.Account != "" {
			if j.about = s.accounts[p.Account]; j.about == nil {
				j.about = &account{id: p.Account}
				s.accounts[p.Account] = j.about
				s.order = append(s.order, j.about)
			}
			j.about.jobs = append(j.about.jobs, j)
		}
		s.jobs = append(s.jobs, j)
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
	s.loaded, s.heard = false, false
	close(s.down)
}

// wake has the round look for what may begin.
func (s *Schedule) wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}
