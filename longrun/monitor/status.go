package monitor

import (
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// State is what an instance does at a moment.
type State string

// The states of an instance.
const (
	// Stopped: Run was not called, or has returned.
	Stopped State = "stopped"
	// Standby: another instance leads, or none, and this one waits for its turn.
	Standby State = "standby"
	// Leading: this instance holds the lease and writes the beats.
	Leading State = "leading"
)

// Status is what an instance knows, from memory alone: asking costs the store
// nothing.
type Status struct {
	InstanceID string
	RunID      string
	CommitHash string
	Version    string
	Root       string
	Interval   time.Duration
	Lease      time.Duration
	// Started is when Run was called; zero when it does not run.
	Started time.Time

	State State
	// Since is when the state began.
	Since time.Time
	// Epoch is the lease's fencing token while leading, else the last one that
	// this instance saw.
	Epoch int64
	// Holder is the instance that leads, as far as this one saw; empty when it
	// saw none.
	Holder string
	// LastHeartbeat is the last beat that this instance stored in its slot, nil
	// when it stored none.
	LastHeartbeat *longrun.Heartbeat
	// Stored counts the beats that this instance stored since Started, Waiting
	// those that wait for the store, and Dropped those that no longer fitted
	// among them, or whose time had not come when the clock was set back.
	Stored, Waiting, Dropped int

	// StoreReachable tells whether the store answers, and StoreAnswered when it
	// last did.
	StoreReachable bool
	StoreAnswered  time.Time
	// StoreReadOnly tells that the store answers but, as far as this instance
	// knows, takes no writes: its disk is full, or it denies them.
	StoreReadOnly bool
	// StoreError is why the store does not answer or takes no writes; empty when
	// it is well.
	StoreError string

	// Probes are the configured probes, in the order of Config.
	Probes []ProbeStatus

	// NextRollup is when the next day is rolled up and sealed; zero on an
	// instance that does not lead, and until all earlier days are.
	NextRollup time.Time

	// Alerts are where the rules stand.
	Alerts AlertsStatus

	// Settings are the live settings in force.
	Settings longrun.Settings
}

// ProbeStatus is what an instance knows of one probe.
type ProbeStatus struct {
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

// AlertsStatus is what an instance knows of its rules and of the way to people.
type AlertsStatus struct {
	// Judged is the slot in which the rules were last judged; zero on an instance
	// that does not lead, which judges store_unreachable alone.
	Judged time.Time
	// Alarms are the rules and targets that ever fired, as they stand; in the
	// order of longrun.Rules. What is not among them is inactive.
	Alarms []AlarmStatus
	// Waiting counts the messages in the outbox that are not sent.
	Waiting int
	Channel ChannelStatus
}

// AlarmStatus is where a rule stands for one target.
type AlarmStatus struct {
	rules.State
	// Muted says why it is not told though it fires; empty when it is.
	Muted string
	// Summary says what was seen, while it fires.
	Summary string
}

// ChannelStatus is how the way to people is, as this instance saw it.
type ChannelStatus struct {
	// Configured is false where there is no Alerter: messages stand in the log.
	Configured bool
	// LastSent and LastFailed are when a message was last taken and last was not;
	// zero when never.
	LastSent, LastFailed time.Time
	// LastError is why the newest message was not sent; empty when it was.
	LastError string
	// Permanent tells that it is no use to try again before somebody mends it.
	Permanent bool
	// QuietUntil is until when the channel asked to be left alone.
	QuietUntil time.Time
}

// Status returns what this instance knows. It makes no store call.
func (m *Monitor) Status() Status {
	s := Status{
		InstanceID: m.cfg.InstanceID,
		RunID:      m.record.id(),
		CommitHash: m.cfg.CommitHash,
		Version:    m.cfg.Version,
		Root:       m.cfg.Root,
		Interval:   m.cfg.Interval,
		Lease:      m.cfg.Lease,
		Settings:   *m.settings.Load(),
	}
	m.stats.fill(&s)
	s.Waiting, s.Dropped = m.backlog.size()
	s.Probes = m.probes.status()
	s.NextRollup = m.closing.status()
	s.Alerts = m.alarms.status()
	h := m.reach.health()
	s.StoreReachable, s.StoreReadOnly, s.StoreAnswered = h.reachable, h.readOnly, h.answered
	if h.err != nil {
		s.StoreError = publicText(h.err)
	}
	if s.State != Leading {
		s.Holder, s.Epoch = m.holder()
	}
	return s
}

// stats is the part of Status that the engine's goroutines write.
type stats struct {
	mu     sync.Mutex
	status Status
}

func (s *stats) set(state State, epoch int64, holder string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.State, s.status.Epoch, s.status.Holder, s.status.Since = state, epoch, holder, now.UTC()
}

func (s *stats) start(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = Status{State: Standby, Since: now.UTC(), Started: now.UTC()}
}

func (s *stats) beat(h longrun.Heartbeat) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Stored++
	s.status.LastHeartbeat = &h
}

func (s *stats) add(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Stored += n
}

func (s *stats) state() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status.State
}

func (s *stats) startedAt() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status.Started
}

func (s *stats) fill(out *Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out.State, out.Since, out.Started = s.status.State, s.status.Since, s.status.Started
	out.Epoch, out.Holder = s.status.Epoch, s.status.Holder
	out.LastHeartbeat, out.Stored = s.status.LastHeartbeat, s.status.Stored
	if out.State == "" {
		out.State = Stopped
	}
}
