package monitor

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/alarming"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/outbox"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/probing"
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
	// StoreMoved tells that the store's name shows another one, or none: a file that
	// was moved, replaced or deleted. It does not answer until it is put back, or the
	// host opens it anew.
	StoreMoved bool
	// StoreError is why the store does not answer or takes no writes; empty when
	// it is well.
	StoreError string

	// Tasks are what a leader does beside its beats, and how each of it is: one that
	// failed is started again, later and later. Config.Leading is "leading" there.
	Tasks []TaskStatus

	// Probes are the configured probes, in the order of Config.
	Probes []ProbeStatus

	// NextRollup is when the next day is rolled up and logged; zero on an
	// instance that does not lead, and until all earlier days are.
	NextRollup time.Time

	// Alerts are where the rules stand.
	Alerts AlertsStatus

	// Cosigners are the witnesses of Config, in its order, as this instance heard them
	// while it led.
	Cosigners []CosignerStatus

	// Accounts are the host's accounts as it told them for the last beat that this
	// instance made; none where it could not say. They are shared: nobody changes them.
	Accounts []longrun.AccountStatus

	// Settings are the live settings in force.
	Settings longrun.Settings
}

// TaskStatus is how one of a leader's tasks is. Its states are "idle" on an
// instance that does not lead, "running" and "failed".
type TaskStatus = leading.TaskStatus

// The states of a task.
const (
	TaskIdle    = leading.Idle
	TaskRunning = leading.Working
	TaskFailed  = leading.Failed
)

// ProbeStatus is what an instance knows of one probe.
type ProbeStatus = probing.Status

// AlertsStatus is what an instance knows of its rules and of the way to people.
type AlertsStatus = alarming.Status

// AlarmStatus is where a rule stands for one target.
type AlarmStatus = alarming.AlarmStatus

// QuietError says that a test message was not sent, since the channel has asked
// to be left alone, and until when.
type QuietError = outbox.QuietError

// ChannelStatus is how the way to people is, as this instance saw it.
type ChannelStatus = outbox.ChannelStatus

// Status returns what this instance knows. It makes no store call.
func (m *Monitor) Status() Status {
	s := Status{
		InstanceID: m.cfg.InstanceID,
		RunID:      m.run.ID(),
		CommitHash: m.cfg.CommitHash,
		Version:    m.cfg.Version,
		Root:       m.cfg.Root,
		Interval:   m.cfg.Interval,
		Lease:      m.cfg.Lease,
		State:      Stopped,
		Started:    m.startedAt(),
		Settings:   m.live.Now().Clone(),
		Tasks:      m.campaign.TaskStatus(),
	}
	campaign := m.campaign.State()
	s.Since = campaign.Since
	switch {
	case s.Started.IsZero():
	case campaign.Leading:
		s.State, s.Epoch, s.Holder = Leading, campaign.Epoch, m.cfg.InstanceID
	default:
		s.State = Standby
	}
	b := m.beats.Status()
	s.LastHeartbeat, s.Stored, s.Waiting, s.Dropped = b.Last, b.Stored, b.Waiting, b.Dropped
	s.Probes = m.probes.Status()
	if said := m.accounts.Load(); said != nil {
		s.Accounts = *said
	}
	s.NextRollup = m.closing.Next()
	s.Alerts = m.alarms.Status()
	s.Cosigners = m.cosigning.Status()
	h := m.store.Health()
	s.StoreReachable, s.StoreReadOnly, s.StoreMoved, s.StoreAnswered = h.Reachable, h.ReadOnly, h.Moved, h.Answered
	if h.Err != nil {
		s.StoreError = hostcall.Text(h.Err)
	}
	if s.State != Leading {
		s.Holder, s.Epoch = m.campaign.Holder()
	}
	return s
}
