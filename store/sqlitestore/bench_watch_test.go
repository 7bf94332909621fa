package sqlitestore

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
)

// counting counts what a watcher asks.
type counting struct {
	file
	looks, numbers, comparisons atomic.Int64
}

func (c *counting) look() (fileState, error) {
	c.looks.Add(1)
	return c.file.look()
}

func (c *counting) last(ctx context.Context) (int64, error) {
	c.numbers.Add(1)
	return c.file.last(ctx)
}

func (c *counting) versions(ctx context.Context, keys []store.Key) ([]int64, int64, error) {
	c.comparisons.Add(1)
	return c.file.versions(ctx, keys)
}

// crowd is a Store with many keys that are watched, by one watcher whose reads
// are counted.
type crowd struct {
	st    *Store
	asked *counting
	wakes atomic.Int64
	woken []chan struct{} // of each key
}

func crowdKey(i int) store.Key {
	return store.Key{Collection: "wa_metrics/longrun/locks", ID: fmt.Sprint("monitor-", i)}
}

// newCrowd watches, on the clock clk, until ctx ends; the caller waits for end.
func newCrowd(ctx context.Context, tb testing.TB, path string, clk clock.Clock, size int) (c *crowd, end func()) {
	tb.Helper()
	st, err := Open(ctx, path, &Options{Clock: clk, WatchEvery: -1})
	require.NoError(tb, err)
	c = &crowd{st: st, asked: &counting{file: st}, woken: make([]chan struct{}, size)}
	ctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	keys := make([]store.Key, size)
	for i := range size {
		keys[i] = crowdKey(i)
		ch, err := st.Watch(ctx, keys[i])
		require.NoError(tb, err)
		c.woken[i] = make(chan struct{}, 1)
		watching.Go(func() {
			for range ch {
				c.wakes.Add(1)
				select {
				case c.woken[i] <- struct{}{}:
				default:
				}
			}
		})
	}
	versions, last, err := st.versions(ctx, keys)
	require.NoError(tb, err)
	st.watches.found(keys, versions, last, false)
	watching.Go(func() {
		(&watcher{file: c.asked, watches: st.watches}).run(ctx, clk, defaultWatchEvery)
	})
	return c, func() {
		cancel()
		watching.Wait()
		require.NoError(tb, st.Close())
	}
}

// BenchmarkThousandWatches commits to one of 1,000 watched documents after
// another, and waits each time for whom that wakes. Target: one wake a commit;
// no comparison for commits of this Store, and one for each of others.
func BenchmarkThousandWatches(b *testing.B) {
	const size = 1000
	for _, own := range []bool{true, false} {
		b.Run(fmt.Sprintf("own=%v", own), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "bench.db")
			c, end := newCrowd(b.Context(), b, path, clock.New(), size)
			defer end()
			by := c.st
			if !own {
				var err error
				by, err = Open(b.Context(), path, nil)
				require.NoError(b, err)
				defer func() { require.NoError(b, by.Close()) }()
			}
			n := 0
			for b.Loop() {
				_, err := by.Commit(b.Context(), store.Set(crowdKey(n%size), leaseRow{Seq: int64(n)}))
				require.NoError(b, err)
				<-c.woken[n%size]
				n++
			}
			commits := float64(n)
			b.ReportMetric(float64(c.wakes.Load())/commits, "wakes/commit")
			b.ReportMetric(float64(c.asked.numbers.Load())/commits, "numbers/commit")
			b.ReportMetric(float64(c.asked.comparisons.Load())/commits, "comparisons/commit")
			b.ReportMetric(float64(c.asked.looks.Load())/commits, "looks/commit")
		})
	}
	b.Run("comparison", func(b *testing.B) {
		c, end := newCrowd(b.Context(), b, filepath.Join(b.TempDir(), "bench.db"), clock.New(), size)
		defer end()
		keys := c.st.watches.all()
		for b.Loop() {
			_, _, err := c.st.versions(b.Context(), keys)
			require.NoError(b, err)
		}
	})
	b.Run("number", func(b *testing.B) {
		st := openBench(b)
		for b.Loop() {
			_, err := st.last(b.Context())
			require.NoError(b, err)
		}
	})
	b.Run("look", func(b *testing.B) {
		st := openBench(b)
		for b.Loop() {
			_, err := st.look()
			require.NoError(b, err)
		}
	})
}

// A commit of this Store wakes whom it concerns without a read of what others
// watch, and one of another Store costs one.
func TestAWatcherReadsNoMoreThanItMust(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	synctest.Test(t, func(t *testing.T) {
		const size, commits = 50, 100
		c, end := newCrowd(t.Context(), t, path, clock.New(), size)
		defer end()
		other, err := Open(t.Context(), path, nil)
		require.NoError(t, err)
		defer func() { require.NoError(t, other.Close()) }()
		commit := func(by *Store, i int) {
			_, err := by.Commit(t.Context(), store.Set(crowdKey(i%size), leaseRow{Seq: int64(i)}))
			require.NoError(t, err)
		}
		commit(other, 0)
		time.Sleep(2 * time.Minute)
		wakes, comparisons := c.wakes.Load(), c.asked.comparisons.Load()
		for i := range commits {
			commit(c.st, i)
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(2 * time.Minute)
		require.EqualValues(t, commits, c.wakes.Load()-wakes)
		const seconds = commits*50/1000 + 2
		require.LessOrEqual(t, c.asked.comparisons.Load()-comparisons, int64(seconds), "one a second, for changes by hand")

		wakes, comparisons = c.wakes.Load(), c.asked.comparisons.Load()
		for i := range commits {
			commit(other, i)
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(2 * time.Minute)
		require.EqualValues(t, commits, c.wakes.Load()-wakes)
		require.LessOrEqual(t, c.asked.comparisons.Load()-comparisons, int64(commits+seconds))

		numbers, comparisons := c.asked.numbers.Load(), c.asked.comparisons.Load()
		time.Sleep(2 * time.Minute)
		require.Equal(t, numbers, c.asked.numbers.Load(), "a file at rest is not read")
		require.Equal(t, comparisons, c.asked.comparisons.Load())
	})
}
