//go:build unix

package monitor_test

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// BenchmarkAThousandMonitors has many monitors live in one process on one SQLite
// file, each on a root of its own, and shows what a slot of all of them costs,
// beside a bare loop that commits as often on such a file. No lease may be lost
// and no slot late, and a slot of all takes less than 3 s of CPU.
//
// A slot takes its time, so the number of slots is what -benchtime says: with
// -benchtime 20x the thousand live for ten minutes; without, only the hundred do,
// for two slots.
func BenchmarkAThousandMonitors(b *testing.B) {
	asked := 1
	if n, isCount := strings.CutSuffix(flag.Lookup("test.benchtime").Value.String(), "x"); isCount {
		var err error
		asked, err = strconv.Atoi(n)
		require.NoError(b, err)
	}
	for _, c := range []crowd{{monitors: 100, interval: 5 * time.Second}, {monitors: 1000, interval: 30 * time.Second}} {
		b.Run(fmt.Sprintf("%d_each_%v", c.monitors, c.interval), func(b *testing.B) {
			switch {
			case c.monitors == 1000 && asked == 1:
				b.Skip("takes minutes: ask for its slots by -benchtime")
			case b.N < asked:
				return // the trial before the run
			}
			c.live(b, max(2, asked))
		})
	}
}

// crowd is many monitors on one file.
type crowd struct {
	monitors int
	interval time.Duration
}

// live has them lead, settle, and then live through so many slots.
func (c crowd) live(b *testing.B, slots int) {
	inner, err := sqlitestore.Open(b.Context(), filepath.Join(b.TempDir(), "crowd.db"), nil)
	require.NoError(b, err)
	defer func() { require.NoError(b, inner.Close()) }()
	st, troubles := &counted{Store: inner}, &warnings{}
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	var group sync.WaitGroup
	all := make([]*monitor.Monitor, c.monitors)
	for i := range all {
		all[i], err = monitor.New(monitor.Config{
			Store: st, Root: rootOf(i), InstanceID: "one", CommitHash: "c1", Interval: c.interval, Logger: slog.New(troubles),
			Status: func(context.Context) (longrun.HostStatus, error) {
				return longrun.HostStatus{Connected: 1, Healthy: true, Accounts: []longrun.AccountStatus{{ID: "ops"}}}, nil
			},
		})
		require.NoError(b, err)
		group.Go(func() {
			if err := all[i].Run(ctx); err != nil {
				b.Error(err)
			}
		})
	}
	c.awaitMiddle(3) // what comes with a grant is over then
	for _, m := range all {
		require.Equal(b, monitor.Leading, m.Status().State)
	}
	st.reset()
	first, cpu := longrun.SlotAt(time.Now(), c.interval)+1, cpuSeconds()
	c.awaitMiddle(slots)
	cpu = cpuSeconds() - cpu
	commits, reads, took := st.sum()
	lost := 0
	for _, m := range all {
		if s := m.Status(); s.State != monitor.Leading || s.Epoch != 1 {
			lost++
		}
	}
	b.StopTimer()
	said := troubles.all()
	stop()
	group.Wait()

	late, slowest := c.late(b, inner, first, slots)
	per := func(n float64, unit string) { b.ReportMetric(n/float64(slots), unit+"/slot") }
	per(cpu, "CPU-s")
	per(c.bare(b, commits), "bare-CPU-s")
	per(float64(commits), "commits")
	per(float64(reads), "reads")
	b.ReportMetric(float64(lost), "leases-lost")
	b.ReportMetric(float64(late), "late-slots")
	b.ReportMetric(slowest.Seconds(), "s-until-stored")
	b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "ms-commit-p99")
	b.ReportMetric(0, "ns/op")
	require.Zero(b, lost)
	require.Zero(b, late)
	require.Empty(b, said)
}

func rootOf(i int) string { return fmt.Sprintf("wa_metrics/longrun%03d", i) }

// awaitMiddle returns in the middle of the slot that is the n-th from now.
func (c crowd) awaitMiddle(n int) {
	then := (longrun.SlotAt(time.Now(), c.interval) + longrun.Slot(n)).Start(c.interval).Add(c.interval / 2)
	time.Sleep(time.Until(then))
}

// late counts the slots from first on that are empty, or whose beat was made or
// stored late, and says how long after a slot's start its beat was stored at most.
func (c crowd) late(b *testing.B, st store.Store, first longrun.Slot, slots int) (late int, slowest time.Duration) {
	for i := range c.monitors {
		late += slots
		for rec, err := range st.Scan(b.Context(), store.Query{Collection: rootOf(i) + "/" + string(ledger.Heartbeats)}) {
			require.NoError(b, err)
			var h longrun.Heartbeat
			require.NoError(b, rec.Decode(&h))
			slot := h.Slot(c.interval)
			if slot < first || slot >= first+longrun.Slot(slots) {
				continue
			}
			after := rec.UpdateTime.Sub(slot.Start(c.interval))
			slowest = max(slowest, after)
			if !h.Late && time.Duration(h.DriftSec)*time.Second <= c.interval/2 && after <= c.interval/2 {
				late--
			}
		}
	}
	return late, slowest
}

// bare returns the CPU that as many commits of a lease and a beat take, one after
// the other, on a file of their own.
func (c crowd) bare(b *testing.B, commits int) float64 {
	st, err := sqlitestore.Open(b.Context(), filepath.Join(b.TempDir(), "bare.db"), nil)
	require.NoError(b, err)
	defer func() { require.NoError(b, st.Close()) }()
	cpu, now := cpuSeconds(), time.Now()
	for i := range commits {
		l, err := ledger.New(st, rootOf(i%c.monitors))
		require.NoError(b, err)
		h := longrun.Beat(now.Add(time.Duration(i/c.monitors)*c.interval), c.interval)
		_, err = st.Commit(b.Context(), store.Set(l.LockKey(), h), l.CreateHeartbeat(h))
		require.NoError(b, err)
	}
	return cpuSeconds() - cpu
}

func cpuSeconds() float64 {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // cannot fail for oneself
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}

// counted counts what goes to a store.
type counted struct {
	*sqlitestore.Store
	reads atomic.Int64
	mu    sync.Mutex
	took  []time.Duration // by each commit
}

func (s *counted) Get(ctx context.Context, key store.Key) (store.Record, error) {
	s.reads.Add(1)
	return s.Store.Get(ctx, key)
}

func (s *counted) Scan(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	s.reads.Add(1)
	return s.Store.Scan(ctx, q)
}

func (s *counted) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	began := time.Now()
	stamps, err := s.Store.Commit(ctx, ops...)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.took = append(s.took, time.Since(began))
	return stamps, err
}

func (s *counted) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.took = nil
	s.reads.Store(0)
}

func (s *counted) sum() (commits, reads int, took []time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.took), int(s.reads.Load()), slices.Sorted(slices.Values(s.took))
}

// warnings are what a log says from a warning on.
type warnings struct {
	mu    sync.Mutex
	lines []string
}

// Enabled implements slog.Handler.
func (w *warnings) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }

// Handle implements slog.Handler.
func (w *warnings) Handle(_ context.Context, r slog.Record) error {
	line := r.Message
	r.Attrs(func(a slog.Attr) bool {
		line += " " + a.String()
		return true
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, line)
	return nil
}

// WithAttrs implements slog.Handler.
func (w *warnings) WithAttrs([]slog.Attr) slog.Handler { return w }

// WithGroup implements slog.Handler.
func (w *warnings) WithGroup(string) slog.Handler { return w }

func (w *warnings) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.lines[:min(len(w.lines), 20)])
}
