package monitor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
)

// ErrRunning is returned by Run while another call of Run goes on.
var ErrRunning = errors.New("monitor: already running")

// Monitor watches one host. Its methods are safe for concurrent use.
type Monitor struct {
	cfg          Config
	ledger       *ledger.Ledger
	lock         lock.Lock
	reach        *reach
	host         *host
	backlog      *backlog
	record       *record
	once         *once
	after        *after
	stats        stats
	probes       *schedule
	alarms       *alarms
	outages      *outages
	names        *names
	closing      *closing
	settings     atomic.Pointer[longrun.Settings]
	processStart time.Time
	leftBehind   []longrun.Lapse // from the journal of an earlier process

	beatNow chan struct{} // the lease was granted: do not wait for the next slot
	running atomic.Bool

	// claimed is the epoch under which this instance answers for the slots: it
	// leads, or nobody is known to lead after it. 0 when it does not.
	claimed atomic.Int64
}

// New checks the configuration and returns a Monitor that does nothing yet. The
// error is a *ConfigError with everything that is wrong.
func New(cfg Config) (*Monitor, error) {
	cfg = cfg.withDefaults()
	var invalid ConfigError
	cfg.validate(&invalid)
	j, left, err := openJournal(cfg.Journal, cfg.Backlog)
	invalid.add("Journal", err)
	m := &Monitor{
		cfg:          cfg,
		once:         newOnce(cfg.Logger),
		host:         newHost(cfg.Status, cfg.StatusTimeout, cfg.Clock),
		backlog:      newBacklog(cfg.Backlog, cfg.Interval, j),
		beatNow:      make(chan struct{}, 1),
		processStart: cfg.Clock.Now().UTC(),
	}
	m.after = newAfter(cfg.AfterBeat, cfg.Interval, cfg.Clock, m.once)
	m.probes = newSchedule(m)
	m.closing = newClosing(m)
	m.alarms, m.outages, m.names = newAlarms(m), &outages{m: m}, &names{clean: make(map[string]string)}
	m.reach = newReach(cfg.Store, cfg.Clock, m.storeChanged, func() { m.record.touch() })
	settings := longrun.DefaultSettings(cfg.Interval)
	m.settings.Store(&settings)
	if m.ledger, err = ledger.New(m.reach, cfg.Root); err != nil { // Root is among the mistakes already
		m.ledger, _ = ledger.New(m.reach, ledger.DefaultRoot)
	}
	m.reach.follow(m.ledger.LockKey(), m.sawRow)
	m.lock, err = lock.New(m.reach, m.ledger.LockKey(), lockOptions(cfg))
	invalid.add("Lease", err) // the only one of its options that a Config sets
	if len(invalid.Fields) > 0 {
		return nil, &invalid
	}
	m.leftBehind = lapsesOf(left, cfg.Interval)
	m.record = &record{
		ledger: m.ledger, clock: cfg.Clock, once: m.once, logger: cfg.Logger, wake: make(chan struct{}, 1),
		saved: m.recorded, away: func() bool { return m.reach.health().err != nil },
	}
	return m, nil
}

// Ledger gives typed access to the documents, on the monitor's own view of the
// store.
func (m *Monitor) Ledger() *ledger.Ledger { return m.ledger }

// Run watches until ctx ends, and returns nil then: the lease is given back,
// the run is closed, and every goroutine it started has ended. Troubles with
// the store are ridden out for ever. The error is ErrRunning, or tells of a
// fault of the monitor itself; it never panics.
func (m *Monitor) Run(ctx context.Context) (err error) {
	if !m.running.CompareAndSwap(false, true) {
		return ErrRunning
	}
	defer m.running.Store(false)
	m.begin(ctx)

	work, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var group sync.WaitGroup
	var fault atomic.Pointer[error]
	for _, task := range []func(context.Context){m.campaign, m.pulse, m.followSettings, m.after.run, m.record.keep} {
		group.Go(func() {
			if err := guardTask(func() { task(work) }); err != nil {
				fault.CompareAndSwap(nil, &err)
				stop(err)
			}
		})
	}
	group.Wait()

	ended := longrun.Stopped
	if f := fault.Load(); f != nil {
		err, ended = fmt.Errorf("monitor: %w", *f), longrun.Failed
		m.cfg.Logger.ErrorContext(ctx, "the monitor failed", "error", err)
	}
	m.end(ctx, ended)
	return err
}

// begin opens this run's record.
func (m *Monitor) begin(ctx context.Context) {
	m.reach.begin()
	m.alarms.open(ctx)
	now := m.cfg.Clock.Now().UTC().Truncate(time.Microsecond)
	hostName, _ := os.Hostname() // for people only
	m.record.reset(longrun.Run{
		RunID:        ledger.RunID(m.cfg.InstanceID, now),
		TS:           now,
		InstanceID:   m.cfg.InstanceID,
		CommitHash:   m.cfg.CommitHash,
		Version:      m.cfg.Version,
		Host:         publicLine(hostName, maxName),
		PID:          int64(os.Getpid()),
		ProcessStart: m.processStart,
		IntervalSec:  int64(m.cfg.Interval / time.Second),
		Lapses:       slices.Clone(m.leftBehind),
	})
	m.stats.start(now)
	m.cfg.Logger.InfoContext(ctx, "monitor started", "instance", m.cfg.InstanceID, "commit", m.cfg.CommitHash, "interval", m.cfg.Interval, "lease", m.cfg.Lease)
}

// end closes this run's record. It is called when everything else has ended, so
// that nothing is written behind it.
func (m *Monitor) end(ctx context.Context, ended string) {
	ctx, now := context.WithoutCancel(ctx), m.cfg.Clock.Now()
	m.alarms.close()
	m.farewell(ctx)
	closing, cancel := deadline.With(ctx, m.cfg.Clock, min(storeTimeout, m.cfg.Lease))
	defer cancel()
	if err := m.record.close(closing, ended, now); err != nil {
		m.cfg.Logger.WarnContext(ctx, "the end of this run could not be recorded", "run", m.record.id(), "error", err)
	}
	m.claimed.Store(0)
	m.stats.set(Stopped, 0, "", now)
	m.cfg.Logger.InfoContext(ctx, "monitor stopped", "instance", m.cfg.InstanceID)
}

// farewell waits for the host's functions, for all of them together no longer
// than maxFarewell.
func (m *Monitor) farewell(ctx context.Context) {
	waiting, cancel := deadline.With(ctx, m.cfg.Clock, maxFarewell)
	defer cancel()
	callers := []*caller{m.host.caller, m.after.caller, m.alarms.channel.caller, m.alarms.channel.tests}
	for _, j := range m.probes.jobs {
		callers = append(callers, j.caller)
	}
	for _, c := range callers {
		if err := c.wait(waiting); err != nil {
			m.cfg.Logger.ErrorContext(ctx, "a function of the host did not return", "error", err)
		}
	}
}

// asideTimeout bounds a store call that the leader makes beside its beats: short,
// since a beat may wait behind it for its turn.
func (m *Monitor) asideTimeout() time.Duration { return min(storeTimeout, m.cfg.Interval/2) }

// stored takes note of a beat that was stored in its slot.
func (m *Monitor) stored(ctx context.Context, h longrun.Heartbeat) {
	m.stats.beat(h)
	m.cfg.Logger.DebugContext(ctx, "heartbeat stored", "slot", h.BucketID, "epoch", h.Epoch)
	m.after.tell(h)
}

// forget drops beats from the backlog: they are stored, or never will be.
func (m *Monitor) forget(ctx context.Context, slots []longrun.Slot) {
	if err := m.backlog.remove(slots...); err != nil {
		m.journalFailed(ctx, err)
	}
}

// storeChanged is told what becomes of the store.
func (m *Monitor) storeChanged(c change, o outage) {
	ctx := context.Background()
	switch c {
	case lost:
		m.cfg.Logger.WarnContext(ctx, "store unreachable", "since", o.from.UTC().Format(time.RFC3339), "error", o.err)
	case readOnly:
		m.cfg.Logger.WarnContext(ctx, "store answers but takes no writes", "since", o.from.UTC().Format(time.RFC3339), "error", o.err)
	case back:
		m.cfg.Logger.InfoContext(ctx, "store reachable again", "after", o.to.Sub(o.from).Round(time.Millisecond))
		// Only a whole slot can stay empty for want of the store: one that lies
		// behind its last good sign. An old sign tells nothing, of a process
		// that asks seldom or did not run.
		good := latest(o.good, o.from.Add(-m.cfg.Interval))
		first := longrun.SlotAt(good, m.cfg.Interval) + 1
		if !(first + 1).Start(m.cfg.Interval).After(o.to) {
			m.record.lapse(longrun.Lapse{From: o.from, To: o.to, Cause: longrun.StoreDown})
		}
	}
}

func (m *Monitor) journalFailed(ctx context.Context, err error) {
	m.once.report(ctx, slog.LevelError, "journal", "unwritable", "journal not written, waiting beats are kept in memory only", "error", err)
}

// recorded is told that the run's document was written. What an earlier process
// left in the journal stands in it now.
func (m *Monitor) recorded() {
	if err := m.backlog.recorded(); err != nil {
		m.journalFailed(context.Background(), err)
	}
}

// guardTask turns a panic of the engine into an error that carries its stack.
func guardTask(fn func()) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	fn()
	return nil
}
