package sqlitestore_test

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
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
			time.Sleep(time.Second)
			require.Empty(t, ch, "nothing has changed")
			set(t, theirs, store.Set(key("a"), noteAt(n+1)))
			requireSignal(t, ch, 5*time.Millisecond)
			// The file's time may be too coarse to show what follows at once.
			set(t, theirs, store.Set(key("a"), noteAt(n+2)))
			requireSignal(t, ch, 30*time.Millisecond)
		}
		cancel()
		for range ch {
			continue // until it is closed
		}
	})
}

// An ID is any text, and each kind of change counts.
func TestAChangeByAnotherProcessIsSignalledForItsKeyAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	ids := []string{"a", "a\x00b", "a\x00c", `"',[]{}\%`, "ü👋", "\u2028", " a", "A", "0x41", "null"}
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := open(t, path, nil), open(t, path, nil)
		chans := make([]<-chan struct{}, len(ids))
		for i, id := range ids {
			chans[i] = watch(t, t.Context(), ours, id)
		}
		elsewhere, err := ours.Watch(t.Context(), store.Key{Collection: "notes/a/notes", ID: "a"})
		require.NoError(t, err)
		for i, id := range ids {
			for _, op := range []store.Op{store.Create(key(id), noteAt(1)), store.Set(key(id), noteAt(2)), store.Delete(key(id)), store.Set(key(id), noteAt(3))} {
				set(t, theirs, op)
				requireSignal(t, chans[i], 5*time.Millisecond)
				time.Sleep(2 * time.Second)
				for j, ch := range chans {
					require.Empty(t, ch, "%q for %q", ids[j], id)
				}
			}
		}
		require.Empty(t, elsewhere)
		set(t, theirs, store.Delete(key(ids[1])), store.Set(key(ids[3]), noteAt(4)))
		requireSignal(t, chans[1], 5*time.Millisecond)
		requireSignal(t, chans[3], 0)
	})
}

// Whoever comes second must not take the change for what was before.
func TestASecondWatchOfAKeyHidesNoChangeFromTheFirst(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := open(t, path, nil), open(t, path, nil)
		first := watch(t, t.Context(), ours, "a")
		time.Sleep(time.Second)
		set(t, theirs, store.Set(key("a"), noteAt(1)))
		watch(t, t.Context(), ours, "a")
		requireSignal(t, first, 5*time.Millisecond)
	})
}

// Commits of both sides, in any order, and never two of one key before it was
// looked at: each is signalled, and nothing else is.
func TestNoChangeIsMissedAmongThoseOfOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	synctest.Test(t, func(t *testing.T) {
		sides := []*sqlitestore.Store{open(t, path, nil), open(t, path, nil)}
		const keys = 8
		chans := make([]<-chan struct{}, keys)
		for i := range chans {
			chans[i] = watch(t, t.Context(), sides[0], string(rune('a'+i)))
		}
		random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test that repeats itself
		there := map[int]bool{}
		for range 60 {
			want := map[int]bool{}
			for range 1 + random.IntN(4) {
				i := random.IntN(keys)
				op := store.Set(key(string(rune('a'+i))), noteAt(i))
				if there[i] && random.IntN(3) == 0 {
					op = store.Delete(op.Key)
				}
				if want[i] || random.IntN(4) == 0 {
					op = store.Set(key("unwatched"), noteAt(i))
				} else {
					want[i], there[i] = true, op.Value != nil
				}
				set(t, sides[random.IntN(2)], op)
				if random.IntN(2) == 0 {
					time.Sleep(time.Duration(random.IntN(9)) * time.Millisecond)
				}
			}
			time.Sleep(50 * time.Millisecond)
			for i, ch := range chans {
				got := len(ch) > 0
				if got {
					<-ch
				}
				require.Equal(t, want[i], got, "key %d", i)
			}
		}
	})
}

// A change by hand gives the document a new version, and may not count it.
func TestAChangeByHandIsSignalledToo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	synctest.Test(t, func(t *testing.T) {
		st := open(t, path, nil)
		set(t, st, store.Set(key("a"), noteAt(1)), store.Set(key("b"), noteAt(1)))
		a, b := watch(t, t.Context(), st, "a"), watch(t, t.Context(), st, "b")
		time.Sleep(time.Minute)
		run(t, raw(t, path), "UPDATE documents SET version = version + 1000 WHERE id = 'a'")
		requireSignal(t, a, 2*time.Second+10*time.Millisecond)
		require.Empty(t, b)
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
		for round := range 3 {
			ctx, cancel := context.WithCancel(t.Context())
			var chans []<-chan struct{}
			for i := range 100 {
				chans = append(chans, watch(t, ctx, st, string(rune('a'+i%7))))
			}
			synctest.Wait()
			require.EqualValues(t, round+1, clk.n.Load(), "one looks for all")
			cancel()
			for _, ch := range chans {
				for range ch {
					continue // until it is closed
				}
			}
			time.Sleep(time.Hour) // a watcher that is left would look 720,000 times
		}
	})
}

// broken is a clock that panics when it is asked for its first ticker.
type broken struct {
	clock.Clock
	asked atomic.Bool
}

func (c *broken) Ticker(d time.Duration) *clock.Ticker {
	if !c.asked.Swap(true) {
		panic("this clock is broken")
	}
	return c.Clock.Ticker(d)
}

// A watch that breaks is closed, and does no harm to the next.
func TestAWatcherThatPanicsEndsItsWatches(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	synctest.Test(t, func(t *testing.T) {
		st, other := open(t, path, &sqlitestore.Options{Clock: &broken{Clock: clock.New()}}), open(t, path, nil)
		for range watch(t, t.Context(), st, "a") {
			continue // until it is closed
		}
		ch := watch(t, t.Context(), st, "a")
		set(t, other, store.Set(key("a"), noteAt(1)))
		requireSignal(t, ch, 5*time.Millisecond)
	})
}

func TestAWatchWhoseContextHasEndedIsClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	synctest.Test(t, func(t *testing.T) {
		st := open(t, path, nil)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range watch(t, ctx, st, "a") {
			continue // until it is closed
		}
	})
}

// The end of a watch by its context and by Close may come together.
func TestWatchesMayEndInAnyWay(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	for range 20 {
		st := open(t, path, nil)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for {
					ch, err := st.Watch(ctx, key("a"))
					if err != nil {
						return // it is closed
					}
					wg.Go(func() {
						for range ch {
							continue
						}
					})
					if ctx.Err() != nil {
						return
					}
					if _, err := st.Commit(t.Context(), store.Set(key("a"), noteAt(1))); err != nil {
						if !strings.Contains(err.Error(), "store is closed") {
							t.Error(err)
						}
						return
					}
				}
			})
		}
		wg.Go(cancel)
		wg.Go(func() { require.NoError(t, st.Close()) })
		wg.Wait()
	}
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
