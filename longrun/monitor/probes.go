package monitor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/store"
)

// ErrUnknownProbe is returned by RunProbe for a type that Config.Probes lacks.
var ErrUnknownProbe = errors.New("monitor: no such probe is configured")

// ErrProbeTaken is returned by RunProbe when a probe of the same ID stands in
// the store: one by hand in the same second, by another instance. The first
// result stands.
var ErrProbeTaken = errors.New("monitor: there is a probe of this second already")

// NotLeadingError says that this instance makes no probes, since another one
// leads, or none.
type NotLeadingError struct {
	// Holder is the instance that leads, as far as this one knows; may be empty.
	Holder string
}

func (e *NotLeadingError) Error() string {
	if e.Holder == "" {
		return "monitor: this instance does not lead"
	}
	return "monitor: this instance does not lead; " + e.Holder + " does"
}

// maxPendingProbes bounds the results that wait for the store.
const maxPendingProbes = 100

// maxRecentProbes is how many results of each probe the rules look at, and
// maxProbeLookBack how old the oldest may be.
const (
	maxRecentProbes  = 50
	maxProbeLookBack = 32 * 24 * time.Hour
)

// schedule makes the leader's probes, one at a time: probes share accounts, and
// two at once would measure each other. It outlives a lease, and a result that
// could not be stored waits for the next.
type schedule struct {
	m    *Monitor
	jobs []*job
	asks chan *ask // by hand

	mu      sync.Mutex
	leading <-chan struct{} // closed when the lead ends; nil without one
	loaded  bool            // what is due is known
	pending []longrun.Probe // results that are not stored
}

// job is one configured probe.
type job struct {
	Probe
	prober *hostcall.Prober

	// Written by the one goroutine that makes probes, under schedule.mu.
	last    *longrun.Probe  // the newest that the schedule asked for
	shown   *longrun.Probe  // the newest of all
	recent  []longrun.Probe // the newest of all, oldest first, for the rules
	running bool
}

// ask is one probe that a person wants.
type ask struct {
	job    *job
	answer chan askAnswer // takes one
}

type askAnswer struct {
	probe longrun.Probe
	err   error
}

func newSchedule(m *Monitor) *schedule {
	s := &schedule{m: m, asks: make(chan *ask)}
	for _, p := range m.cfg.Probes {
		s.jobs = append(s.jobs, &job{Probe: p, prober: hostcall.NewProber(p.Prober, string(p.Type), p.Deadline, m.cfg.Clock)})
	}
	return s
}

// begin has people's probes wait for run, which is about to be called: the host
// may ask for one as soon as it hears of a beat.
func (s *schedule) begin(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leading = ctx.Done()
}

// run makes probes until the lead ends.
func (s *schedule) run(ctx context.Context, lease leading.Lead) error {
	if len(s.jobs) == 0 {
		<-ctx.Done()
		return nil
	}
	defer func() {
		s.mu.Lock()
		s.leading, s.loaded = nil, false
		s.mu.Unlock()
	}()
	for !s.load(ctx) {
		if !deadline.Sleep(ctx, s.m.cfg.Clock, min(5*time.Second, s.m.cfg.Interval)) {
			return nil
		}
	}
	for ctx.Err() == nil {
		s.clampLast()
		s.flush(ctx, lease)
		j, due := s.next()
		if wait := due.Sub(s.m.cfg.Clock.Now()); wait > 0 {
			// The settings may move what is due, from the next slot on.
			s.wait(ctx, lease, min(wait, s.m.cfg.Interval))
			continue
		}
		_, _ = s.make(ctx, lease, j, longrun.Scheduled) // stored, waiting, or told in the log
	}
	return nil
}

// load reads what is known of each probe, so that a take-over neither repeats
// nor forgets one. It reports whether the store answered.
func (s *schedule) load(ctx context.Context) bool {
	ctx, cancel := deadline.With(ctx, s.m.cfg.Clock, room.StoreTimeout)
	defer cancel()
	longest := time.Duration(0)
	for _, j := range s.jobs {
		longest = max(longest, s.scheduleOf(j).Every)
	}
	// As far back as a probe may be without a result before it is overdue.
	periods := s.m.live.Now().AlertThresholds.ProbeOverduePeriods
	back := min(time.Duration(float64(longest)*periods), maxProbeLookBack) + time.Hour
	recent, err := s.m.deps.Ledger.ProbesSince(ctx, s.m.cfg.Clock.Now().Add(-back), maxRecentProbes)
	if err != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.pending {
		// Its commit may have landed unheard, and another may have made newer ones.
		same := func(o longrun.Probe) bool { return o.ProbeKey == p.ProbeKey }
		if !slices.ContainsFunc(recent[p.Type], same) {
			recent[p.Type] = append(recent[p.Type], p)
		}
	}
	for _, j := range s.jobs {
		j.last, j.recent = nil, recent[j.Type]
		slices.SortStableFunc(j.recent, func(a, b longrun.Probe) int { return a.TS.Compare(b.TS) })
		for _, p := range j.recent {
			if p.Trigger != longrun.ByHand && (j.last == nil || p.TS.After(j.last.TS)) {
				j.last = &p
			}
			if j.shown == nil || p.TS.After(j.shown.TS) {
				j.shown = &p
			}
		}
	}
	s.loaded = true
	return true
}

// clampLast takes results of the future, left by a clock that was set back, as
// of now, once: else a probe would be due a period from now for ever.
func (s *schedule) clampLast() {
	now := s.m.cfg.Clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs {
		if j.last != nil && j.last.TS.After(now) {
			last := *j.last
			last.TS = now
			j.last = &last
		}
	}
}

// scheduleOf is what the job's settings say now.
func (s *schedule) scheduleOf(j *job) longrun.ProbeSchedule {
	return s.m.live.Now().ProbeSchedule(j.Type, longrun.ProbeSchedule{Every: j.Every, Retry: j.Retry})
}

// next returns the job that is due first, and when.
func (s *schedule) next() (first *job, due time.Time) {
	for _, j := range s.jobs {
		if d := s.due(j); first == nil || d.Before(due) {
			first, due = j, d
		}
	}
	return first, due
}

func (s *schedule) due(j *job) time.Time {
	now := s.m.cfg.Clock.Now()
	settled := s.m.startedAt().Add(j.Settle)
	if latest := now.Add(j.Settle); settled.After(latest) {
		settled = now // it started in the future, by a clock that was set back
	}
	if j.last == nil {
		return settled
	}
	due := s.scheduleOf(j).Due(*j.last, now)
	if due.Before(settled) {
		return settled
	}
	return due
}

// wait returns after d, or when a person's probe was made.
func (s *schedule) wait(ctx context.Context, lease leading.Lead, d time.Duration) {
	waiting, cancel := deadline.With(ctx, s.m.cfg.Clock, d)
	defer cancel()
	select {
	case <-waiting.Done():
	case a := <-s.asks:
		s.spread(ctx, a.job)
		p, err := s.make(ctx, lease, a.job, longrun.ByHand)
		a.answer <- askAnswer{p, err}
	}
}

// spread waits for the next second where a probe by hand of this one is there
// already: two of them cannot have one ID.
func (s *schedule) spread(ctx context.Context, j *job) {
	now := s.m.cfg.Clock.Now()
	if j.shown != nil && j.shown.ProbeKey == longrun.ProbeID(j.Type, now, longrun.ByHand, longrun.ProbeSchedule{}) {
		deadline.Sleep(ctx, s.m.cfg.Clock, now.Truncate(time.Second).Add(time.Second).Sub(now))
	}
}

// make makes one probe and stores it. The error says why it is not stored; a
// probe that the end of the lead interrupted says nothing, and is forgotten.
func (s *schedule) make(ctx context.Context, lease leading.Lead, j *job, trigger longrun.ProbeTrigger) (longrun.Probe, error) {
	s.setRunning(j, true)
	p := s.m.makeProbe(ctx, j, trigger, s.scheduleOf(j))
	s.setRunning(j, false)
	if ctx.Err() != nil {
		return p, s.notLeading()
	}
	p.Epoch = lease.Epoch()
	s.tell(ctx, j, p)
	s.mu.Lock()
	if trigger == longrun.Scheduled {
		j.last = &p
	}
	j.shown = &p
	j.recent = append(slices.Clone(j.recent[max(0, len(j.recent)-maxRecentProbes+1):]), p)
	s.mu.Unlock()
	return p, s.put(ctx, lease, p)
}

func (s *schedule) setRunning(j *job, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j.running = on
}

// tell logs a change, and what is not a PASS every time.
func (s *schedule) tell(ctx context.Context, j *job, p longrun.Probe) {
	level := slog.LevelDebug
	switch {
	case p.Result != longrun.Pass:
		level = slog.LevelWarn
	case j.shown == nil || j.shown.Result != longrun.Pass:
		level = slog.LevelInfo
	}
	s.m.deps.Log.Log(ctx, level, "probe", "type", string(p.Type), "result", string(p.Result), "latency_ms", p.LatencyMs,
		"class", p.ErrorClass, "error", p.Error, "attempts", len(p.Attempts), "trigger", string(p.Trigger))
}

// put stores a result, under the lease. What the store does not take now waits.
func (s *schedule) put(ctx context.Context, lease leading.Lead, p longrun.Probe) error {
	ctx, cancel := deadline.With(ctx, s.m.cfg.Clock, s.m.deps.Self.AsideTimeout())
	defer cancel()
	err := lease.Commit(ctx, s.m.deps.Ledger.CreateProbe(p))
	switch {
	case err == nil:
		s.m.closing.changed(p.TS)
		return nil
	case errors.Is(err, store.ErrConflict):
		s.m.closing.changed(p.TS) // it may be this one, whose reply was lost
		s.m.deps.Log.DebugContext(ctx, "a probe of this ID stands already", "probe", p.ProbeKey)
		return ErrProbeTaken
	case errors.Is(err, store.ErrInvalid):
		s.m.deps.Log.ErrorContext(ctx, "a probe cannot be stored and is dropped", "probe", p.ProbeKey, "error", err)
		return fmt.Errorf("monitor: the probe cannot be stored: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) >= maxPendingProbes {
		s.pending = slices.Delete(s.pending, 0, 1)
	}
	s.pending = append(s.pending, p)
	return nil // it will be
}

// flush stores the results that wait, as far as the store takes them.
func (s *schedule) flush(ctx context.Context, lease leading.Lead) {
	s.mu.Lock()
	pending := s.pending
	s.pending = nil
	s.mu.Unlock()
	for i, p := range pending {
		p.Epoch = lease.Epoch()
		_ = s.put(ctx, lease, p) // taken, refused for good, or waiting again
		s.mu.Lock()
		again := len(s.pending) > 0
		if again {
			s.pending = append(s.pending, pending[i+1:]...)
		}
		s.mu.Unlock()
		if again {
			return
		}
	}
}

// status is what is known of each probe.
func (s *schedule) status() []ProbeStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]ProbeStatus, len(s.jobs))
	for i, j := range s.jobs {
		sched := s.scheduleOf(j)
		out[i] = ProbeStatus{Type: j.Type, Every: sched.Every, Retry: sched.Retry, Configured: j.Prober != nil, Running: j.running}
		if j.shown != nil {
			last := *j.shown
			out[i].Last = &last
		}
		if s.loaded {
			out[i].Due = s.due(j).UTC()
		}
	}
	return out
}

// probed is what the rules see of one configured probe.
type probed struct {
	kind     longrun.ProbeType
	schedule longrun.ProbeSchedule
	settle   time.Duration
	recent   []longrun.Probe // not to be changed
}

// seen returns what the rules see of each configured probe, and whether that is
// known yet. It appends to room.
func (s *schedule) seen(room []probed) ([]probed, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.loaded {
		return room, len(s.jobs) == 0
	}
	for _, j := range s.jobs {
		if j.Prober != nil {
			room = append(room, probed{j.Type, s.scheduleOf(j), j.Settle, j.recent})
		}
	}
	return room, true
}

func (s *schedule) notLeading() error {
	holder, _ := s.m.campaign.Holder()
	if holder == s.m.cfg.InstanceID {
		holder = ""
	}
	return &NotLeadingError{Holder: holder}
}

// RunProbe makes a probe of the type now, by hand, and returns its result when
// it is stored, or waits in memory for a store that is away. It waits for a
// probe under way, and gives up with ctx; the probe itself goes on then. The
// error is ErrUnknownProbe, a *NotLeadingError on an instance that does not
// lead, or ErrProbeTaken.
func (m *Monitor) RunProbe(ctx context.Context, t longrun.ProbeType) (longrun.Probe, error) {
	s := m.probes
	i := slices.IndexFunc(s.jobs, func(j *job) bool { return j.Type == t })
	if i < 0 {
		return longrun.Probe{}, ErrUnknownProbe
	}
	s.mu.Lock()
	leading := s.leading
	s.mu.Unlock()
	if leading == nil {
		return longrun.Probe{}, s.notLeading()
	}
	a := &ask{job: s.jobs[i], answer: make(chan askAnswer, 1)}
	select {
	case s.asks <- a:
	case <-leading:
		return longrun.Probe{}, s.notLeading()
	case <-ctx.Done():
		return longrun.Probe{}, context.Cause(ctx)
	}
	select {
	case answer := <-a.answer:
		return answer.probe, answer.err
	case <-ctx.Done():
		return longrun.Probe{}, context.Cause(ctx)
	}
}
