package alarming_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/alarming"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leadtest"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/outbox"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/storehealth"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// lines is where the log goes.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.buf.String(), text)
}

// bench is the room alone: a board over a store, with beats that the test makes,
// and leads one after another.
type bench struct {
	t        testing.TB
	st       *storetest.Faulty
	log      *lines
	rec      *alerttest.Recorder
	deps     room.Deps
	channel  *outbox.Channel
	board    *alarming.Board
	settings longrun.Settings

	mu       sync.Mutex
	health   storehealth.Health
	leader   string
	answers  bool
	distrust atomic.Bool
	probes   []rules.Probed
	changed  []time.Time
	known    map[longrun.Slot]bool

	lead *leadtest.Lead
	stop context.CancelFunc
	done chan error
}

func newBench(tb testing.TB, edit ...func(*room.Deps)) *bench {
	tb.Helper()
	clk := clock.New()
	b := &bench{t: tb, st: storetest.Wrap(memstore.New(nil)), log: &lines{}, rec: alerttest.NewRecorder(), answers: true}
	l, err := ledger.New(b.st, "")
	require.NoError(tb, err)
	b.settings = longrun.DefaultSettings(time.Minute)
	b.deps = room.Deps{
		Clock: clk, Log: hostcall.NewLog(slog.New(slog.NewTextHandler(b.log, nil)), clk), Ledger: l,
		Settings: func() longrun.Settings { b.mu.Lock(); defer b.mu.Unlock(); return b.settings },
		Self:     room.Self{InstanceID: "a", CommitHash: "c0ffee", Interval: time.Minute, Lease: 2 * time.Minute},
		Stop:     room.NewBudget(8*time.Second, clk),
	}
	for _, e := range edit {
		e(&b.deps)
	}
	b.restart()
	tb.Cleanup(func() {
		if b.stop != nil {
			b.stop()
			require.NoError(tb, <-b.done)
		}
		b.channel.Close()
		b.board.Close()
		b.deps.Stop.Close()
	})
	return b
}

// set changes the settings.
func (b *bench) set(edit func(*longrun.Settings)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	edit(&b.settings)
}

// restart is another process on the same store.
func (b *bench) restart() {
	b.channel = outbox.NewChannel(b.deps, outbox.ChannelOptions{Alerter: b.rec, Timeout: 10 * time.Second})
	started := b.deps.Clock.Now()
	b.board = alarming.New(b.deps, alarming.Options{
		Channel: b.channel,
		Started: func() time.Time { return started },
		Probes:  func(to []rules.Probed) ([]rules.Probed, bool) { return append(to, b.probes...), true },
		Health:  func() storehealth.Health { b.mu.Lock(); defer b.mu.Unlock(); return b.health },
		Trusted: func() (time.Time, error) {
			if b.distrust.Load() {
				return b.deps.Clock.Now(), &storehealth.UntrustedError{Class: "jump", Reason: "a test"}
			}
			return b.deps.Clock.Now(), nil
		},
		Answers:     func(context.Context) bool { b.mu.Lock(); defer b.mu.Unlock(); return b.answers },
		Holder:      func() (string, int64) { b.mu.Lock(); defer b.mu.Unlock(); return b.leader, 1 },
		Waiting:     func() []longrun.Heartbeat { return nil },
		MemoryLimit: func() int64 { return 0 },
		Reload: func(ctx context.Context) bool {
			_, _, err := b.deps.Ledger.Settings(ctx, b.deps.Self.Interval)
			return err == nil
		},
		KnownSlots: func(_ context.Context, _ longrun.Window, _ time.Time, filled map[longrun.Slot]bool) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.known = filled
		},
		Changed: func(at ...time.Time) { b.mu.Lock(); defer b.mu.Unlock(); b.changed = append(b.changed, at...) },
	})
}

// begin is another lead, and end ends it.
func (b *bench) begin() {
	b.lead = leadtest.New(b.st, b.deps.Clock)
	ctx, stop := context.WithCancel(context.Background())
	b.stop, b.done = stop, make(chan error, 1)
	task, lead, done := b.board.Task(), b.lead, b.done
	go func() { defer close(done); done <- task.Run(ctx, lead) }()
}

func (b *bench) end() {
	b.t.Helper()
	b.stop()
	require.NoError(b.t, <-b.done)
}

// beat makes the beat of the slot that now lies in.
func (b *bench) beat(s longrun.HostStatus) {
	h := longrun.Beat(b.deps.Clock.Now(), b.deps.Self.Interval)
	h.Healthy, h.QueueDepth, h.ConnectedCount = s.Healthy, s.QueueDepth, s.Connected
	b.board.Made(h, s)
	b.board.LookAtStore(context.Background())
}

// slots makes a beat for each of so many slots, each at its start, and lets the
// rest of it pass. status says what the host says in the n-th.
func (b *bench) slots(n int, status func(n int) longrun.HostStatus) {
	for i := range n {
		b.beat(status(i))
		next := longrun.SlotAt(time.Now(), b.deps.Self.Interval) + 1
		time.Sleep(time.Until(next.Start(b.deps.Self.Interval)))
	}
}

func calm(int) longrun.HostStatus { return accounts(1, nil) }

// accounts are so many, of which those are out that out says.
func accounts(n int, out func(int) bool) longrun.HostStatus {
	s := longrun.HostStatus{Healthy: true, Connected: int64(n), Accounts: make([]longrun.AccountStatus, n)}
	for i := range s.Accounts {
		s.Accounts[i] = longrun.AccountStatus{ID: name(i)}
		if out != nil && out(i) {
			s.Accounts[i].LoggedOut = true
		}
	}
	return s
}

func name(i int) string { return fmt.Sprintf("account-%05d", i) }

func all(int) bool { return true }

func (b *bench) put(c ledger.Collection, id string, doc any) {
	b.t.Helper()
	_, err := b.st.Commit(context.Background(), store.Set(b.deps.Ledger.Key(c, id), doc))
	require.NoError(b.t, err)
}

func documents[T any](b *bench, c ledger.Collection) map[string]T {
	b.t.Helper()
	out := map[string]T{}
	for e, err := range ledger.List[T](context.Background(), b.deps.Ledger, c, ledger.Page{}) {
		if err == nil {
			out[e.Key.ID] = e.Value
		}
	}
	return out
}

func (b *bench) states() map[string]rules.State { return documents[rules.State](b, ledger.Rules) }

func (b *bench) statesOf(r longrun.RuleID) (n int) {
	for _, s := range b.states() {
		if s.Rule == r {
			n++
		}
	}
	return n
}

func (b *bench) firing() (n int) {
	for _, s := range b.board.Status().Alarms {
		if s.Phase == rules.Firing {
			n++
		}
	}
	return n
}

// said are the messages as kinds, rules and targets, digests taken apart.
func (b *bench) said() (out []string) {
	for _, m := range b.rec.Messages() {
		parts := m.Parts
		if len(parts) == 0 {
			parts = []alert.Message{m}
		}
		for _, p := range parts {
			out = append(out, strings.TrimSpace(string(p.Kind)+" "+p.Rule+" "+p.Target))
		}
	}
	return out
}

// slow has each read cost so long, and each hundred documents of a Scan.
func (b *bench) slow(d time.Duration) (remove func(), reads *atomic.Int64) {
	reads = &atomic.Int64{}
	wait := func(ctx context.Context) error {
		reads.Add(1)
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return b.st.Inject(storetest.Fault{
		Before: func(ctx context.Context, c storetest.Call) error {
			if c.Method == storetest.Commit {
				return nil
			}
			return wait(ctx)
		},
		Record: func(ctx context.Context, _ storetest.Call, n int) error {
			if n%100 == 0 {
				return wait(ctx)
			}
			return nil
		},
	}), reads
}

// slowly is an instance whose slots are two hours.
func slowly(d *room.Deps) { d.Self.Interval, d.Self.Lease = 2*time.Hour, 4*time.Hour }

func leadtestOf(b *bench) *leadtest.Lead { return leadtest.New(b.st, b.deps.Clock) }

// noReads is a store that answers no read.
func noReads() storetest.Fault {
	return storetest.Fault{Before: func(ctx context.Context, c storetest.Call) error {
		if c.Method == storetest.Commit {
			return nil
		}
		return storetest.Hang(ctx, c)
	}}
}
