package sqlitestore_test

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

func watch(t *testing.T, ctx context.Context, st *sqlitestore.Store, id string) <-chan struct{} {
	t.Helper()
	ch, err := st.Watch(ctx, key(id))
	require.NoError(t, err)
	return ch
}

// requireSignal waits in the bubble's time, which is exact.
func requireSignal(t *testing.T, ch <-chan struct{}, within time.Duration) {
	t.Helper()
	select {
	case <-ch:
	case <-time.After(within + time.Microsecond):
		require.FailNow(t, "no signal", "within %v", within)
	}
}

// Two Stores on one file know as little of each other as two processes.
func TestAChangeByAnotherProcessIsSignalledInTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := open(t, path, nil), open(t, path, nil)
		set(t, theirs, store.Set(key("a"), noteAt(0)))
		ctx, cancel := context.WithCancel(t.Context())
		ch := watch(t, ctx, ours, "a")
		for n := range 5 {
			time.Sleep(time.Second) // no signal is under way any more
			for len(ch) > 0 {
				<-ch
			}
			set(t, theirs, store.Set(key("a"), noteAt(n+1)))
			requireSignal(t, ch, 5*time.Millisecond)
			// The file's time may be too coarse to show what follows at once.
			requireSignal(t, ch, 30*time.Millisecond)
		}
		cancel()
		for range ch {
			continue // until it is closed
		}
	})
}

func TestAnOwnChangeIsSignalledAtOnceAndForItsKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	synctest.Test(t, func(t *testing.T) {
		st := open(t, path, &sqlitestore.Options{WatchEvery: -1})
		a, b := watch(t, t.Context(), st, "a"), watch(t, t.Context(), st, "b")
		set(t, st, store.Set(key("a"), noteAt(1)), store.Set(key("c"), noteAt(1)))
		require.Len(t, a, 1)
		require.Empty(t, b)
		<-a
		_, err := st.Commit(t.Context(), store.Create(key("a"), noteAt(2)))
		require.ErrorIs(t, err, store.ErrConflict)
		require.Empty(t, a, "a refused commit changes nothing")

		other := open(t, path, nil)
		set(t, other, store.Set(key("a"), noteAt(3)))
		time.Sleep(time.Minute)
		require.Empty(t, a, "nobody looks at the file")
	})
}

// tickers counts what a Store asks of its clock.
type tickers struct {
	clock.Clock
	n atomic.Int64
}

func (c *tickers) Ticker(d time.Duration) *clock.Ticker {
	c.n.Add(1)
	return c.Clock.Ticker(d)
}

func TestNobodyLooksAtTheFileWhileNobodyWatches(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	synctest.Test(t, func(t *testing.T) {
		clk := &tickers{Clock: clock.New()}
		st := open(t, path, &sqlitestore.Options{Clock: clk})
		set(t, st, store.Set(key("a"), noteAt(1)))
		require.Zero(t, clk.n.Load())
		ctx, cancel := context.WithCancel(t.Context())
		ch := watch(t, ctx, st, "a")
		synctest.Wait()
		require.EqualValues(t, 1, clk.n.Load())
		cancel()
		_, open := <-ch
		require.False(t, open)
	})
}

func TestCloseEndsEveryWatch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	synctest.Test(t, func(t *testing.T) {
		st := open(t, path, nil)
		a, b := watch(t, t.Context(), st, "a"), watch(t, t.Context(), st, "b")
		require.NoError(t, st.Close())
		for _, ch := range []<-chan struct{}{a, b} {
			_, open := <-ch
			require.False(t, open)
		}
		_, err := st.Watch(t.Context(), key("a"))
		require.ErrorContains(t, err, "closed")
	})
}

func TestCloseWaitsForCallsUnderWayAndLeavesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	synctest.Test(t, func(t *testing.T) {
		st := open(t, path, &sqlitestore.Options{BusyTimeout: time.Hour})
		release := hold(t, path)
		committed := make(chan error, 1)
		go func() {
			_, err := st.Commit(t.Context(), store.Set(key("a"), noteAt(1)))
			committed <- err
		}()
		time.Sleep(time.Second)
		closed := make(chan error, 1)
		go func() { closed <- st.Close() }()
		time.Sleep(time.Second)
		require.Empty(t, closed, "a commit is under way")
		release()
		require.NoError(t, <-committed)
		require.NoError(t, <-closed)
		require.NoError(t, st.Close(), "closing twice is no error")

		_, err := st.Get(t.Context(), key("a"))
		require.ErrorContains(t, err, "closed")
		_, err = st.Commit(t.Context(), store.Set(key("a"), noteAt(1)))
		require.ErrorContains(t, err, "closed")
		for _, err := range st.Scan(t.Context(), store.Query{Collection: "notes"}) {
			require.ErrorContains(t, err, "closed")
		}
	})
}
