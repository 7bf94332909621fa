package closing_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/closing"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leadtest"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/storehealth"
	"github.com/seed-13dc028d/longwatch/store"
)

// shifted is a clock that a test sets.
type shifted struct {
	clock.Clock
	mu    sync.Mutex
	ahead time.Duration
}

func newShifted() *shifted { return &shifted{Clock: clock.New()} }

func (s *shifted) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Clock.Now().Add(s.ahead)
}

func (s *shifted) set(ahead time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead = ahead
}

// every is the length of a slot here: days of 144 beats.
const every = 10 * time.Minute

// node is an instance that leads: a closing, a writer of beats, and a watch over
// the clock.
type node struct {
	*closing.Closing
	t     *testing.T
	deps  room.Deps
	lines *leadtest.Lines
	lead  *leadtest.Lead
	time  *storehealth.Time
	asked atomic.Int64                     // how often the time was
	keep  atomic.Pointer[map[string]int64] // retention
	head  *evidence.Head                   // of the chain; shared by the nodes of a history

	cancel context.CancelFunc
	group  *spawn.Group
	failed error // why the task ended early; read at the end
}

func newNode(t *testing.T, st store.Store, clk clock.Clock, head *evidence.Head, keep map[string]int64) *node {
	t.Helper()
	n := &node{t: t, head: head}
	n.keep.Store(&keep)
	n.deps, n.lines = leadtest.Deps(t, st, clk)
	n.deps.Self.Interval, n.deps.Self.CommitHash = every, "build"
	n.deps.Settings = func() longrun.Settings {
		s := longrun.DefaultSettings(every)
		s.RetentionDays = *n.keep.Load()
		return s
	}
	n.lead = &leadtest.Lead{Store: st, Clock: n.deps.Clock, Token: 1}
	n.time = storehealth.NewTime(n.deps.Clock)
	n.Closing = closing.New(n.deps, closing.Options{Trusted: func() (time.Time, error) {
		n.asked.Add(1)
		return n.time.Trusted()
	}})
	if n.head == nil {
		n.head = &evidence.Head{}
	}
	return n
}

// begin leads. The task is started again where it fails, as the supervisor does.
func (n *node) begin() *node {
	ctx, cancel := context.WithCancel(n.t.Context())
	n.cancel, n.group = cancel, &spawn.Group{}
	n.time.Start()
	n.group.Go("closing", func() error {
		for ctx.Err() == nil {
			task := n.Task()
			if err := spawn.Guard(task.Name, func() error { return task.Run(ctx, n.lead) }); err != nil {
				n.failed = err
			}
			deadline.Sleep(ctx, n.deps.Clock, time.Second)
		}
		return nil
	})
	n.group.Go("beats", func() error { n.beats(ctx); return nil })
	return n
}

// beats writes a beat into each slot that the clock shows.
func (n *node) beats(ctx context.Context) {
	for {
		n.beat(ctx, n.deps.Clock.Now())
		now := n.deps.Clock.Now()
		if !deadline.Sleep(ctx, n.deps.Clock, now.Truncate(every).Add(every).Sub(now)) {
			return
		}
	}
}

func (n *node) beat(ctx context.Context, at time.Time) {
	h := longrun.Beat(at, every)
	h.InstanceID, h.Epoch, h.Healthy = "a", 1, true
	h, next := n.head.Next(h)
	if _, err := n.lead.Store.Commit(ctx, n.deps.Ledger.CreateHeartbeat(h)); err == nil {
		*n.head = next
	}
}

func (n *node) end() {
	n.cancel()
	_ = n.group.Wait()
	n.time.Stop()
}

// history writes beats of [from, to), as an earlier instance did.
func (n *node) history(from, to time.Time) {
	n.t.Helper()
	var ops []store.Op
	flush := func() {
		if len(ops) > 0 {
			_, err := n.lead.Store.Commit(n.t.Context(), ops...)
			require.NoError(n.t, err)
		}
		ops = nil
	}
	for at := from; at.Before(to); at = at.Add(every) {
		h := longrun.Beat(at, every)
		h.InstanceID, h.Epoch, h.Healthy = "a", 1, true
		h, *n.head = n.head.Next(h)
		if ops = append(ops, n.deps.Ledger.CreateHeartbeat(h)); len(ops) == store.MaxOps {
			flush()
		}
	}
	flush()
}

// all are the documents of a collection.
func all[T any](t *testing.T, st store.Store, c ledger.Collection) (out []T) {
	t.Helper()
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	for e, err := range ledger.List[T](t.Context(), l, c, ledger.Page{}) {
		require.NoError(t, err)
		out = append(out, e.Value)
	}
	return out
}

func rollups(t *testing.T, st store.Store) []longrun.Rollup {
	t.Helper()
	return all[longrun.Rollup](t, st, ledger.Rollups)
}

func beats(t *testing.T, st store.Store) []longrun.Heartbeat {
	t.Helper()
	return all[longrun.Heartbeat](t, st, ledger.Heartbeats)
}

const day = 24 * time.Hour

func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, f)
}
