package lock_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

func TestTwoGoroutinesOfOneLockNeverShareAGrant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.instance("a")
		var inside atomic.Int64
		a.net.Inject(storetest.Fault{
			Before: func(context.Context, storetest.Call) error {
				if inside.Add(1) > 1 {
					t.Error("a second attempt before the first was through")
				}
				return nil
			},
			After: func(context.Context, storetest.Call) error {
				time.Sleep(time.Millisecond)
				inside.Add(-1)
				return nil
			},
		})
		a.loseReply() // so that the grant has to be found in the row, by whoever reads it
		var mu sync.Mutex
		var won []*lock.Lease
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				l, err := a.lock.TryAcquire(t.Context())
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won = append(won, l)
				} else if !errors.Is(err, lock.ErrHeld) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.Len(t, won, 1)
		w.release(won[0])
	})
}

func TestACallThatHangsEndsByItsDeadlineAndIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.instance("a")
		hang := func(n int) func() {
			return a.net.Inject(storetest.Fault{Before: func(ctx context.Context, c storetest.Call) error {
				if n--; n >= 0 {
					return storetest.Hang(ctx, c)
				}
				return nil
			}})
		}
		start := time.Now()
		remove := hang(1)
		_, err := a.lock.TryAcquire(t.Context())
		require.ErrorContains(t, err, "no answer within 5s")
		require.Equal(t, 5*time.Second, time.Since(start))
		remove()

		held := a.acquire()
		defer hang(4)() // two attempts, and each time the reading back
		require.NoError(t, held.Commit(t.Context(), put(held, "x", "a")))
		require.NoError(t, held.Err())
		w.release(held)
	})
}

func TestAStoreThatFailsAtOnceIsAskedLessAndLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.instance("a", unspread)
		start := time.Now()
		var asked []time.Duration
		defer a.net.Inject(storetest.Fault{Before: func(context.Context, storetest.Call) error {
			asked = append(asked, time.Since(start))
			return errNet
		}})()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		_, err := a.lock.Acquire(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		s := time.Second
		require.Equal(t, []time.Duration{0, s, 3 * s, 8 * s, 13 * s, 18 * s}, asked)
	})
}

func TestReleaseDoesNotWaitForACommitThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.instance("a")
		held := a.acquire()
		heal := a.cut()
		result := make(chan error, 1)
		go func() { result <- held.Commit(t.Context(), put(held, "x", "a")) }()
		synctest.Wait()
		heal()
		start := time.Now()
		w.release(held)
		require.Equal(t, start, time.Now())
		require.ErrorIs(t, <-result, lock.ErrReleased)
		require.Empty(t, w.row().Owner)
	})
}

func TestASlowReadOfAnOldRowIsNoRestoredBackup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.instance("a")
		held := a.acquire()
		// The release's reply is lost, and so slow is the reading back that the
		// same Lock has been granted the next lease when it comes.
		defer a.net.Inject(storetest.Fault{
			Before: func(_ context.Context, c storetest.Call) error {
				if c.Method == storetest.Commit && c.N == 2 {
					return errNet
				}
				return nil
			},
			After: func(_ context.Context, c storetest.Call) error {
				if c.Method == storetest.Get && c.N == 2 {
					time.Sleep(3 * time.Second)
				}
				return nil
			},
		})()
		released := make(chan error, 1)
		go func() { released <- held.Release(t.Context()) }()
		synctest.Wait()
		row := w.row()
		row.Owner = "" // by an operator, say
		_, err := w.base.Store.Commit(t.Context(), store.Set(lockKey, row))
		require.NoError(t, err)
		w.base.mu.Lock()
		w.base.last = row
		w.base.mu.Unlock()
		next := a.acquire()
		require.NoError(t, <-released)
		require.NoError(t, a.lock.View().Err)
		require.NoError(t, next.Commit(t.Context()))
		w.release(next)
	})
}

func TestTroubleIsLoggedOnceForEachClass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var log bytes.Buffer
		a := w.instance("a", func(o *lock.Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
		heal := a.cut()
		waiting := inBackground(t, a.lock)
		time.Sleep(time.Hour)
		require.Equal(t, 1, strings.Count(log.String(), "level=WARN"), log.String())
		require.Contains(t, log.String(), "class=store")

		_, err := w.base.Store.Commit(t.Context(), store.Set(lockKey, map[string]any{"owner": 5}))
		require.NoError(t, err)
		heal()
		time.Sleep(time.Hour)
		require.Equal(t, 2, strings.Count(log.String(), "level=WARN"), log.String())
		require.Contains(t, log.String(), "class=corrupt")
		require.Error(t, a.lock.View().Err)

		_, err = w.base.Store.Commit(t.Context(), store.Delete(lockKey))
		require.NoError(t, err)
		time.Sleep(time.Minute)
		require.NoError(t, a.lock.View().Err)
		require.Equal(t, 1, strings.Count(log.String(), "usable again"), log.String())
		require.Contains(t, log.String(), "lock acquired")
		require.NoError(t, waiting.stop())
		require.Contains(t, log.String(), "lock released")
	})
}

func TestFollowersSpreadOutByTheirJitter(t *testing.T) {
	for _, c := range []struct {
		lease, jitter time.Duration
	}{
		{10 * time.Second, 100 * time.Millisecond}, // half of lease/50
		{lease, 500 * time.Millisecond},            // half of a second
		{time.Hour, 500 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			short := func(o *lock.Options) { o.Lease = c.lease; o.Jitter = func() float64 { return 0.5 } }
			crashed := w.instance("a", short).acquire()
			start := time.Now()
			follower := inBackground(t, w.instance("b", short).lock)
			time.Sleep(c.lease + c.jitter)
			synctest.Wait()
			require.Equal(t, c.lease+c.jitter, follower.began().Sub(start))
			require.ErrorIs(t, crashed.Err(), lock.ErrLost)
			require.NoError(t, follower.stop())
		})
	}
}

// frail is a store whose watches can be made to break.
type frail struct {
	store.Store
	mu     sync.Mutex
	breaks []context.CancelFunc
	opened int
	err    error
}

func (f *frail) Watch(ctx context.Context, key store.Key) (<-chan struct{}, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.opened++
	if f.err != nil {
		return nil, f.err
	}
	ctx, cancel := context.WithCancel(ctx)
	f.breaks = append(f.breaks, cancel)
	return f.Store.(store.Watcher).Watch(ctx, key)
}

func (f *frail) asked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.opened
}

func (f *frail) breakAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, cancel := range f.breaks {
		cancel()
	}
}

func TestABrokenWatchIsOpenedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		held := w.instance("a").acquire()
		f := &frail{Store: w.base}
		b, err := lock.New(f, lockKey, nil)
		require.NoError(t, err)
		follower := inBackground(t, watched{b, w})
		time.Sleep(20 * time.Second)
		require.Equal(t, 1, f.asked())
		f.breakAll()
		time.Sleep(6 * time.Second)
		require.Equal(t, 2, f.asked())
		released := time.Now()
		w.release(held)
		synctest.Wait()
		require.Equal(t, released, follower.began())
		require.NoError(t, follower.stop())
	})
}

func TestAWatchThatCannotBeIsNotAskedForAgain(t *testing.T) {
	for _, c := range []struct {
		err  error
		most int
	}{
		{errors.ErrUnsupported, 1},
		{errNet, int(time.Minute/(5*time.Second)) + 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			held := w.instance("a", func(o *lock.Options) { o.Lease = time.Hour }).acquire()
			f := &frail{Store: w.base, err: c.err}
			b, err := lock.New(f, lockKey, nil)
			require.NoError(t, err)
			follower := inBackground(t, watched{b, w})
			time.Sleep(time.Minute)
			require.LessOrEqual(t, f.asked(), c.most)
			w.release(held)
			time.Sleep(6 * time.Second)
			require.NotNil(t, follower.lease(), "it polls instead")
			require.NoError(t, follower.stop())
		})
	}
}

func TestAReleaseBetweenTheReadAndTheWatchIsNotMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		held := w.instance("a").acquire()
		b := w.instance("b")
		b.net.Inject(storetest.Fault{Before: func(ctx context.Context, c storetest.Call) error {
			if c.Method == storetest.Watch {
				return held.Release(ctx)
			}
			return nil
		}})
		start := time.Now()
		next, err := b.lock.Acquire(t.Context())
		require.NoError(t, err)
		require.Equal(t, start, time.Now())
		w.release(next)
	})
}

func TestTheMockClockDrivesALock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mock := clock.NewMock()
		w := newWorldOn(t, memstore.New(&memstore.Options{Clock: mock}))
		leader := inBackground(t, w.instance("a", func(o *lock.Options) { o.Clock = mock }).lock)
		for range 60 {
			mock.Add(time.Minute)
			synctest.Wait()
		}
		require.NoError(t, leader.lease().Err())
		require.EqualValues(t, 1, w.row().Epoch)
		require.Greater(t, w.base.committed(), 50)
		require.NoError(t, leader.stop())
	})
}
