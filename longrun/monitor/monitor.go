package monitor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/chance"
	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/internal/guardstore"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/alarming"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/anchoring"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/beats"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/causes"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/closing"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/cosigning"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/measuring"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/outbox"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/probing"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/runs"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/settings"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/storehealth"
	"github.com/seed-13dc028d/longwatch/store"
)

// ErrRunning is returned by Run while another call of Run goes on, or what one
// left behind.
var ErrRunning = errors.New("monitor: already running")

// Monitor watches one host. Its methods are safe for concurrent use.
type Monitor struct {
	cfg       Config
	deps      room.Deps
	store     *storehealth.Store
	live      *settings.Live
	run       *runs.Run
	after     *hostcall.AfterBeat
	status    *hostcall.Status
	beats     *beats.Beats
	campaign  *leading.Campaign
	probes    *probing.Schedule
	alarms    *alarming.Board
	channel   *outbox.Channel
	closing   *closing.Closing
	anchors   *anchoring.Anchoring
	cosigning *cosigning.Cosigning
	measures  *measuring.Measures
	host      *leading.Host // nil without Config.Leading

	processStart time.Time
	running      atomic.Bool
	started      atomic.Pointer[time.Time]               // nil while it does not run
	accounts     atomic.Pointer[[]longrun.AccountStatus] // as the host told them last
}

// New checks the configuration and returns a Monitor that does nothing yet. The
// error is a *ConfigError with everything that is wrong.
func New(cfg Config) (*Monitor, error) {
	cfg = cfg.withDefaults()
	var invalid ConfigError
	cfg.validate(&invalid)
	m := &Monitor{cfg: cfg, processStart: cfg.Clock.Now()}
	log := hostcall.NewLog(cfg.Logger, cfg.Clock)
	m.deps = room.Deps{
		Clock: cfg.Clock, Log: log, Stop: room.NewBudget(cfg.StopTimeout, cfg.Clock),
		Self: room.Self{InstanceID: cfg.InstanceID, CommitHash: cfg.CommitHash, Version: cfg.Version, Interval: cfg.Interval, Lease: cfg.Lease},
	}
	m.store = storehealth.New(guarded(cfg), cfg.Clock, m.storeChanged, func() { m.run.Touch() })
	var err error
	if m.deps.Ledger, err = ledger.New(m.store, cfg.Root); err != nil { // Root is among the mistakes already
		m.deps.Ledger, _ = ledger.New(m.store, ledger.DefaultRoot)
	}
	m.live = settings.New(m.deps, settings.Options{Every: cfg.SettingsEvery, Watch: m.store.Watch})
	m.deps.Settings = m.live.Now

	m.status = hostcall.NewStatus(cfg.Status, cfg.StatusTimeout, cfg.Clock)
	m.after = hostcall.NewAfterBeat(cfg.AfterBeat, cfg.Interval, cfg.Clock, log)
	m.measures = measuring.New(cfg.Interval, namesOf(cfg))
	m.anchors = anchoring.New(m.deps, m.keepers()...)
	m.cosigning = cosigning.New(m.deps, m.cosigningOptions())
	m.closing = closing.New(m.deps, m.closingOptions())
	m.probes = probing.New(m.deps, probing.Options{
		Probes: probesOf(cfg), AtOnce: cfg.ProbesAtOnce, Started: m.settling,
		Holder: func() string { holder, _ := m.campaign.Holder(); return holder },
		Ready:  m.live.Ready,
		Stored: func(at time.Time) { m.closing.Changed(at) },
		Made:   m.measures.Probed,
	})
	m.channel = outbox.NewChannel(m.deps, outbox.ChannelOptions{Alerter: cfg.Alerter, Timeout: cfg.AlertTimeout, AdminURL: cfg.AdminURL, DashboardURL: cfg.DashboardURL, Service: cfg.Service, Zone: cfg.Zone, Checkpoint: m.anchors.Newest})
	m.alarms = alarming.New(m.deps, alarming.Options{
		Channel: m.channel, Started: m.startedAt, Probes: m.probes.Seen, Health: m.store.Health, Trusted: m.store.Time().Trusted,
		Answers:     func(ctx context.Context) bool { return m.campaign.Answers(ctx) },
		Holder:      func() (string, int64) { return m.campaign.Holder() },
		Waiting:     func() []longrun.Heartbeat { return m.beats.Waiting() },
		MemoryLimit: func() int64 { return max(cfg.MemoryLimit, 0) },
		Reload:      m.live.Load, KnownSlots: m.knownSlots, Older: m.measures.Filled, Changed: m.closing.Changed,
	})
	m.beats, err = beats.New(m.deps, beats.Options{
		Status: m.status, Expected: m.live.Expected, Backlog: cfg.Backlog, Journal: cfg.Journal, ProcessStart: m.processStart,
		Answers: func(ctx context.Context) bool { return m.campaign.Answers(ctx) },
		Made: func(h longrun.Heartbeat, host longrun.HostStatus) {
			m.alarms.Made(h, host)
			m.measures.Made(h, host)
			m.accounts.Store(m.shown(host.Accounts))
			if h.StatusError == "" {
				m.probes.Heard(host.Accounts)
			}
		},
		GaveUp:     m.alarms.GaveUp,
		Stored:     func(_ context.Context, h longrun.Heartbeat) { m.stored(h); m.after.Tell(h) },
		StoredLate: func(late []longrun.Heartbeat) { m.stored(late...); m.closing.Late(late) },
		Drifted:    m.measures.Drifted, Committed: m.measures.Committed,
		Lapse:    func(l longrun.Lapse) { m.run.Lapse(l) },
		Away:     func() time.Time { return m.store.Health().Since },
		EachSlot: m.alarms.LookAtStore,
		Origin:   cfg.origin(), EvidenceKey: cfg.EvidenceKey,
	})
	invalid.add("Journal", err)
	l, err := lock.New(m.store, m.deps.Ledger.LockKey(), lockOptions(cfg))
	invalid.add("Lease", err) // the only one of its options that a Config sets
	if len(invalid.Fields) > 0 {
		return nil, &invalid
	}
	m.run = runs.New(m.deps, runs.Options{Saved: m.beats.Recorded, Away: func() bool { return m.store.Health().Err != nil }, Lost: m.alarms.Died})
	tasks := []leading.Task{
		m.probes.Task(),
		m.alarms.Task(),
		m.closing.Task(),
	}
	if len(cfg.Cosigners) > 0 {
		tasks = append(tasks, m.cosigning.Task())
	}
	if cfg.Leading != nil {
		m.host = leading.NewHost(m.deps, cfg.Leading)
		tasks = append(tasks, m.host.Task())
	}
	m.campaign = leading.New(m.deps, leading.Options{
		Lock: l, Began: func(context.Context) { m.measures.Began(); m.beats.Ask() }, Write: m.beats.Write, GiveUp: m.beats.GiveUp, Replaced: m.run.Replaced, CutOff: m.run.CutOff, Expired: m.run.MarkLost,
		TookOver: func(ctx context.Context, before lock.Row, began time.Time) {
			causes.TookOver(ctx, m.deps, began, before.HolderInstanceID)
		},
		Tasks: tasks,
	})
	m.store.Follow(m.deps.Ledger.LockKey(), m.campaign.Saw)
	return m, nil
}

// shown are the accounts as Status shows them: without a number that could be
// somebody's telephone.
func (m *Monitor) shown(accounts []longrun.AccountStatus) *[]longrun.AccountStatus {
	out := slices.Clone(accounts)
	for i := range out {
		a := &out[i]
		a.ID = m.alarms.Name(a.ID)
		for _, text := range []*string{&a.State, &a.Reason, &a.Restricted.Reason, &a.Banned.Reason, &a.Suspect.Reason} {
			if *text != "" {
				*text = hostcall.Line(*text, hostcall.MaxText)
			}
		}
	}
	return &out
}

// guarded is the host's store behind a guard; one that takes nothing where there is
// none, which is among the mistakes then.
func guarded(c Config) store.Store {
	if spawn.Nothing(c.Store) {
		return nowhere{}
	}
	return guardstore.Of(c.Store, c.Clock)
}

// nowhere stands for a store that is not there, while the other mistakes are
// looked for.
type nowhere struct{ store.Store }

// lockOptions leaves every duration but the lease itself to the lock, which
// scales them. The monitor tells of changes itself, in its own words and once.
func lockOptions(c Config) *lock.Options {
	// A follower looks seldom where the store cannot tell of a release: four times
	// in a lease at most, as the lock shortens a pause by up to a quarter. With the
	// default lease that is no more than 120 reads an hour.
	if spawn.Nothing(c.Witness) {
		c.Witness = nil // which is told of by name
	}
	return &lock.Options{
		Lease: c.Lease, Poll: max(c.Lease/3, time.Millisecond), InstanceID: c.InstanceID, Clock: c.Clock, Witness: c.Witness,
		Jitter: func() float64 { return chance.Of(c.Clock) },
	}
}

// Ledger gives typed access to the documents, on the monitor's own view of the
// store.
func (m *Monitor) Ledger() *ledger.Ledger { return m.deps.Ledger }

// Run watches until ctx ends, and returns nil then, within Config.StopTimeout: the
// lease is given back, the run is closed, and every goroutine it started has
// ended. What hangs is left behind, and said. Troubles with the store are ridden
// out for ever. The error is ErrRunning, or tells of a fault of the monitor
// itself; it never panics.
func (m *Monitor) Run(ctx context.Context) error {
	if !m.running.CompareAndSwap(false, true) {
		return ErrRunning
	}
	m.deps.Stop.Renew()
	defer context.AfterFunc(ctx, m.stopping)()
	const ended, left = 1, 2
	var state atomic.Int32
	done := spawn.Start("the monitor", func() error {
		defer func() {
			if !state.CompareAndSwap(0, ended) {
				m.running.Store(false) // Run has returned without it
			}
		}()
		return m.watch(ctx)
	})
	select {
	case err := <-done:
		m.deps.Stop.Close()
		m.running.Store(false)
		return err
	case <-m.deps.Stop.Over().Done():
	}
	if state.CompareAndSwap(0, left) {
		return nil // whatever hangs: it ends by itself, or never
	}
	defer m.running.Store(false)
	return <-done
}

// watch is one run.
func (m *Monitor) watch(ctx context.Context) error {
	m.begin(ctx)
	group, work := spawn.NewGroup(ctx)
	group.OnFault = func(f *spawn.Fault) {
		m.deps.Log.ErrorContext(ctx, "the monitor failed", "error", f.Error(), "stack", f.Stack)
	}
	for _, part := range []struct {
		name string
		run  func(context.Context)
	}{
		{"the campaign", func(ctx context.Context) { m.live.HeadStart(ctx); m.campaign.Run(ctx) }},
		{"the pulse", m.beats.Pulse},
		{"the settings", m.live.Follow},
		{"AfterBeat", m.after.Run},
		{"the anchors", m.anchors.Run},
		{"the run's document", m.run.Keep},
	} {
		group.Go(part.name, func() error { part.run(work); return nil })
	}
	err := group.Wait()
	m.stopping()
	m.alarms.Close()
	ended := longrun.Stopped
	if err != nil {
		err, ended = fmt.Errorf("monitor: %w", err), longrun.Failed
	}
	m.end(ctx, ended)
	return err
}

// stopping begins the time of the end.
func (m *Monitor) stopping() {
	m.store.Stop()
	m.deps.Stop.Start()
}

// begin opens this run's record.
func (m *Monitor) begin(ctx context.Context) {
	m.store.Begin()
	m.store.Time().Start()
	m.after.Clear()
	m.live.Begin()
	m.beats.Begin(ctx)
	m.channel.Open(ctx)
	now := m.cfg.Clock.Now().UTC().Truncate(time.Microsecond)
	hostName, _ := os.Hostname() // for people only
	m.run.Begin(longrun.Run{
		RunID:        ledger.RunID(m.cfg.InstanceID, now),
		TS:           now,
		InstanceID:   m.cfg.InstanceID,
		CommitHash:   m.cfg.CommitHash,
		Version:      m.cfg.Version,
		Host:         hostcall.Line(hostName, maxName),
		PID:          int64(os.Getpid()),
		ProcessStart: m.processStart.UTC(),
		IntervalSec:  int64(m.cfg.Interval / time.Second),
		Lapses:       m.beats.LeftBehind(),
	})
	m.started.Store(&now)
	m.deps.Log.InfoContext(ctx, "monitor started", "instance", m.cfg.InstanceID, "commit", m.cfg.CommitHash, "interval", m.cfg.Interval, "lease", m.cfg.Lease)
}

// end closes this run's record and waits for the host's functions, side by side.
// It is called when everything else has ended, so that nothing is written behind
// it.
func (m *Monitor) end(ctx context.Context, ended string) {
	now := m.cfg.Clock.Now()
	m.store.Time().Stop()
	m.channel.Close()
	rest, cancel := m.deps.Stop.Rest(ctx)
	defer cancel()
	var group spawn.Group
	group.Go("the end of the run", func() error {
		if err := m.run.Close(rest, ended, now); err != nil {
			m.deps.Log.WarnContext(ctx, "the end of this run could not be recorded", "run", m.run.ID(), "error", spawn.Text(err))
		}
		return nil
	})
	group.Go("the host's functions", func() error { m.farewell(rest); return nil })
	group.Go("the journal", func() error { m.beats.Close(rest); return nil })
	_ = group.Wait() // each says what it could not do
	m.started.Store(nil)
	m.deps.Log.InfoContext(ctx, "monitor stopped", "instance", m.cfg.InstanceID)
	flushing, stop := deadline.With(context.WithoutCancel(ctx), m.cfg.Clock, m.deps.Stop.Share())
	defer stop()
	m.deps.Log.Flush(flushing)
}

// farewell waits for the host's functions, for all of them together.
func (m *Monitor) farewell(ctx context.Context) {
	callers := []*hostcall.Caller{m.status.Caller(), m.after.Caller()}
	callers = append(callers, m.channel.Callers()...)
	callers = append(callers, m.anchors.Callers()...)
	callers = append(callers, m.cosigning.Callers()...)
	callers = append(callers, m.probes.Callers()...)
	if m.host != nil {
		callers = append(callers, m.host.Caller())
	}
	for _, c := range callers {
		if err := c.Wait(ctx); err != nil {
			m.deps.Log.ErrorContext(ctx, "a function of the host did not return", "error", spawn.Text(err))
		}
	}
}

// stored tells of beats that were.
func (m *Monitor) stored(beats ...longrun.Heartbeat) {
	m.alarms.Stored(beats...)
	m.measures.Stored(beats...)
	m.run.Wrote(beats...)
}

// storeChanged is told what becomes of the store.
func (m *Monitor) storeChanged(c storehealth.Change, o storehealth.Outage) {
	ctx := context.Background()
	switch c {
	case storehealth.Lost:
		m.deps.Log.WarnContext(ctx, "store unreachable", "since", o.From.UTC().Format(time.RFC3339), "error", spawn.Text(o.Err))
	case storehealth.ReadOnly:
		m.deps.Log.WarnContext(ctx, "store answers but takes no writes", "since", o.From.UTC().Format(time.RFC3339), "error", spawn.Text(o.Err))
	case storehealth.Moved:
		m.deps.Log.ErrorContext(ctx, "the store was moved, replaced or deleted: nothing is written until its name shows it again, or the host opens it anew", "error", spawn.Text(o.Err))
	case storehealth.Back:
		m.deps.Log.InfoContext(ctx, "store reachable again", "after", o.To.Sub(o.From).Round(time.Millisecond))
		// Only a whole slot can stay empty for want of the store: one that lies
		// behind its last good sign. An old sign tells nothing, of a process
		// that asks seldom or did not run.
		good := room.Latest(o.Good, o.From.Add(-m.cfg.Interval))
		first := longrun.SlotAt(good, m.cfg.Interval) + 1
		if !(first + 1).Start(m.cfg.Interval).After(o.To) {
			m.run.Lapse(longrun.Lapse{From: o.From, To: o.To, Cause: longrun.StoreDown, ReadOnly: o.ReadOnly()})
		}
	}
}

// Settings reads the live settings from the store, and the version they are at,
// for PutSettings.
func (m *Monitor) Settings(ctx context.Context) (longrun.Settings, string, error) {
	return m.live.Read(ctx)
}

// PutSettings stores the live settings on the condition that they are still at
// version; otherwise the error is a *store.ConflictError. They are in force on
// this instance from its next slot, and on the others as soon as they see them:
// at once where the store can tell, else within Config.SettingsEvery.
func (m *Monitor) PutSettings(ctx context.Context, s longrun.Settings, version string) (string, error) {
	return m.live.Put(ctx, s, version)
}

func (m *Monitor) startedAt() time.Time {
	if t := m.started.Load(); t != nil {
		return *t
	}
	return time.Time{}
}

// settling is since when the host has had time to connect: since the run began, or,
// where it connects for as long as it leads, since it leads.
func (m *Monitor) settling() time.Time {
	started := m.startedAt()
	if lead := m.campaign.State(); m.host != nil && lead.Leading {
		return room.Latest(started, lead.Since)
	}
	return started
}

// TestAlert sends a message that says it is a test, now and from this instance,
// whether it leads or not. The error is the channel's: the message was not
// sent, or it is not known. A channel that asked to be left alone is not asked:
// that is a *QuietError. No test holds a real message up.
func (m *Monitor) TestAlert(ctx context.Context) error { return m.channel.Test(ctx) }

// Silence keeps matching alerts from being told, on every instance, from s.From
// (now, where it is zero) to s.Until, and returns it as it was stored. What
// fires is recorded as ever, and told when the silence ends, if it still fires
// then. The error names what is wrong with s, or is the store's.
func (m *Monitor) Silence(ctx context.Context, s longrun.Silence) (longrun.Silence, error) {
	return m.alarms.Silence(ctx, s)
}

// EndSilence ends a silence now and returns it. A missing one is
// store.ErrNotFound.
func (m *Monitor) EndSilence(ctx context.Context, id string) (longrun.Silence, error) {
	return m.alarms.EndSilence(ctx, id)
}

// Silences returns those that hold now or begin later.
func (m *Monitor) Silences(ctx context.Context) ([]longrun.Silence, error) {
	return m.alarms.Silences(ctx)
}
