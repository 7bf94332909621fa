package monitor_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// node is one instance under test, inside a bubble.
type node struct {
	*monitor.Monitor
	t    *testing.T
	stop context.CancelFunc
	done chan error
	log  *lines
}

// start runs a monitor over st with the given name; edit may change its
// configuration.
func start(t *testing.T, st store.Store, name string, edit ...func(*monitor.Config)) *node {
	t.Helper()
	n := &node{t: t, done: make(chan error, 1), log: &lines{}}
	cfg := monitor.Config{
		Store: st, InstanceID: name, CommitHash: "c1",
		Status: func(context.Context) (longrun.HostStatus, error) {
			return longrun.HostStatus{Connected: 2, QueueDepth: 3, Healthy: true}, nil
		},
		Logger: slog.New(slog.NewTextHandler(n.log, nil)),
	}
	for _, e := range edit {
		e(&cfg)
	}
	m, err := monitor.New(cfg)
	require.NoError(t, err)
	n.Monitor = m
	ctx, cancel := context.WithCancel(t.Context())
	n.stop = cancel
	go func() { n.done <- m.Run(ctx) }()
	t.Cleanup(cancel)
	return n
}

// end asks the node to stop and waits until it has.
func (n *node) end() {
	n.t.Helper()
	n.stop()
	require.NoError(n.t, <-n.done)
	require.NotContains(n.t, n.log.String(), "runtime error", "a part of the monitor panicked")
}

// lines is a log that tests can read.
type lines struct {
	mu      sync.Mutex
	text    strings.Builder
	changed chan struct{}
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
	return l.text.Write(p)
}

// await returns when a line holds the text: for tests outside a bubble.
func (l *lines) await(t *testing.T, text string) {
	t.Helper()
	for {
		l.mu.Lock()
		if strings.Contains(l.text.String(), text) {
			l.mu.Unlock()
			return
		}
		if l.changed == nil {
			l.changed = make(chan struct{})
		}
		changed := l.changed
		l.mu.Unlock()
		select {
		case <-changed:
		case <-t.Context().Done():
			t.Fatalf("no line holds %q", text)
		}
	}
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// count returns how many lines hold the message.
func (l *lines) count(msg string) int { return strings.Count(l.String(), msg) }

// beats reads all heartbeats, oldest first, and checks what holds of every
// history: one document a slot, each in its slot, in one unbroken chain.
func beats(t *testing.T, st store.Store) []longrun.Heartbeat {
	t.Helper()
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	var out []longrun.Heartbeat
	for e, err := range l.Heartbeats(t.Context(), ledger.Page{}) {
		require.NoError(t, err)
		interval := time.Duration(e.Value.ExpectedIntervalSec) * time.Second
		require.Equal(t, e.Key.ID, e.Value.BucketID)
		require.Equal(t, e.Key.ID, e.Value.Slot(interval).ID(interval), "a beat lies in its slot")
		out = append(out, e.Value)
	}
	requireChain(t, out)
	return out
}

// requireChain checks that the beats, in the order of their commits, form one
// chain from its beginning.
func requireChain(t *testing.T, beats []longrun.Heartbeat) {
	t.Helper()
	bySeq := make(map[int64]longrun.Heartbeat)
	for _, h := range beats {
		_, twice := bySeq[h.ChainSeq]
		require.False(t, twice, "a chain does not fork")
		bySeq[h.ChainSeq] = h
	}
	var head evidence.Head
	for seq := int64(1); seq <= int64(len(beats)); seq++ {
		var err error
		head, err = head.Check(bySeq[seq])
		require.NoError(t, err)
	}
}

func runs(t *testing.T, st store.Store) map[string]longrun.Run {
	t.Helper()
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	out := make(map[string]longrun.Run)
	for e, err := range l.Runs(t.Context(), ledger.Page{}) {
		require.NoError(t, err)
		out[e.Value.InstanceID] = e.Value
	}
	return out
}

// cover measures what the store holds from the bubble's beginning until now.
func cover(t *testing.T, st store.Store, from time.Time) longrun.Coverage {
	t.Helper()
	var all []longrun.Run
	for _, r := range runs(t, st) {
		all = append(all, r)
	}
	return coverage.Of(beats(t, st), longrun.Window{From: from, To: time.Now()}, time.Minute, time.Now(), all...)
}

func TestALeaderFillsEverySlotOnTheGrid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(17 * time.Second) // not on the grid
		began := time.Now()
		st := memstore.New(nil)
		n := start(t, st, "a")
		time.Sleep(time.Hour)
		n.end()

		c := cover(t, st, began)
		require.Equal(t, 60, c.Expected)
		require.Equal(t, 60, c.Written)
		require.Empty(t, c.Gaps)
		require.InDelta(t, 1, c.Availability(), 0)
		all := beats(t, st)
		require.InDelta(t, 17, all[0].DriftSec, 0.001, "the first beat comes at the grant")
		for _, h := range all[1:] {
			require.Zero(t, h.DriftSec, "all others come at the slot's start")
			require.Equal(t, int64(1), h.Epoch, "its lease's")
			require.Equal(t, int64(2), h.ConnectedCount)
			require.Equal(t, int64(3), h.QueueDepth)
			require.Positive(t, h.MemoryRSS)
			require.False(t, h.Late)
		}
		r := runs(t, st)["a"]
		require.Equal(t, longrun.Stopped, r.Ended)
		require.Equal(t, monitor.Stopped, n.Status().State)
	})
}

func TestACleanStopHandsOverWithoutAnEmptySlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		st := memstore.New(nil)
		a := start(t, st, "a")
		time.Sleep(10 * time.Minute)
		b := start(t, st, "b", func(c *monitor.Config) { c.CommitHash = "c2" })
		time.Sleep(10*time.Minute + 30*time.Second)
		require.Equal(t, monitor.Leading, a.Status().State)
		require.Equal(t, monitor.Standby, b.Status().State)
		require.Equal(t, "a", b.Status().Holder)
		require.Equal(t, 1, b.log.count(`msg="standing by" holder=a`))
		a.end()
		time.Sleep(10 * time.Minute)
		require.Equal(t, monitor.Leading, b.Status().State)
		b.end()

		c := cover(t, st, began)
		require.Equal(t, c.Expected, c.Written)
		all := beats(t, st)
		require.Equal(t, "b", all[21].InstanceID, "the next slot is the successor's")
		require.Greater(t, all[21].Epoch, all[20].Epoch)
		require.Equal(t, longrun.Stopped, runs(t, st)["a"].Ended)
	})
}

func TestTheRightOfASlotIsNotTheNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		a := start(t, st, "same")
		time.Sleep(10*time.Minute + time.Second)
		b := start(t, st, "same")
		time.Sleep(10 * time.Minute)
		require.Equal(t, monitor.Leading, a.Status().State)
		require.Equal(t, monitor.Standby, b.Status().State)
		require.Len(t, beats(t, st), 21)
		a.end()
		b.end()
	})
}
