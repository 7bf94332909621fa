package lock_test

import (
	"context"
	"log/slog"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// harmful is a store whose Commit does harm while it is switched on.
type harmful struct {
	store.Store
	on  atomic.Bool
	how func(ctx context.Context, commit func() ([]store.Stamp, error)) ([]store.Stamp, error)
}

func (h *harmful) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	commit := func() ([]store.Stamp, error) { return h.Store.Commit(context.WithoutCancel(ctx), ops...) }
	if !h.on.Load() {
		return commit()
	}
	return h.how(ctx, commit)
}

// harms are what a Commit may do, having landed before or never. endless closes
// when the story is over.
func harms(endless <-chan struct{}) map[string]func(ctx context.Context, commit func() ([]store.Stamp, error)) ([]store.Stamp, error) {
	type how = func(ctx context.Context, commit func() ([]store.Stamp, error)) ([]store.Stamp, error)
	return map[string]how{
		"panics": func(context.Context, func() ([]store.Stamp, error)) ([]store.Stamp, error) { panic("boom") },
		"lands and panics": func(_ context.Context, commit func() ([]store.Stamp, error)) ([]store.Stamp, error) {
			_, _ = commit()
			panic("boom")
		},
		"panics a conflict": func(context.Context, func() ([]store.Stamp, error)) ([]store.Stamp, error) { panic(store.ErrConflict) },
		"exits": func(context.Context, func() ([]store.Stamp, error)) ([]store.Stamp, error) {
			runtime.Goexit()
			return nil, nil
		},
		"lands and exits": func(_ context.Context, commit func() ([]store.Stamp, error)) ([]store.Stamp, error) {
			_, _ = commit()
			runtime.Goexit()
			return nil, nil
		},
		"gives no stamp": func(context.Context, func() ([]store.Stamp, error)) ([]store.Stamp, error) { return nil, nil },
		"lands, gives no stamp": func(_ context.Context, commit func() ([]store.Stamp, error)) ([]store.Stamp, error) {
			_, _ = commit()
			return nil, nil
		},
		"lands, gives empty stamps": func(_ context.Context, commit func() ([]store.Stamp, error)) ([]store.Stamp, error) {
			stamps, err := commit()
			clear(stamps)
			return stamps, err
		},
		"ignores its context": func(ctx context.Context, _ func() ([]store.Stamp, error)) ([]store.Stamp, error) {
			<-ctx.Done()
			time.Sleep(10 * time.Second)
			return nil, ctx.Err()
		},
		"lands, ignores its context": func(ctx context.Context, commit func() ([]store.Stamp, error)) ([]store.Stamp, error) {
			_, _ = commit()
			<-ctx.Done()
			time.Sleep(10 * time.Second)
			return nil, ctx.Err()
		},
		"hangs": func(context.Context, func() ([]store.Stamp, error)) ([]store.Stamp, error) {
			<-endless
			return nil, nil
		},
		"lands and hangs": func(_ context.Context, commit func() ([]store.Stamp, error)) ([]store.Stamp, error) {
			_, _ = commit()
			<-endless
			return nil, nil
		},
	}
}

// eachHarm runs a story with each of them, in a bubble.
func eachHarm(t *testing.T, story func(t *testing.T, st *harmful)) {
	t.Helper()
	for name := range harms(nil) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				endless := make(chan struct{})
				defer time.Sleep(time.Minute) // until all have returned
				defer close(endless)
				story(t, &harmful{Store: memstore.New(nil), how: harms(endless)[name]})
			})
		})
	}
}

// tally is a handler that counts lines by their message.
type tally struct {
	slog.Handler
	mu    sync.Mutex
	lines map[string]int
}

func newTally() *tally { return &tally{Handler: slog.DiscardHandler, lines: map[string]int{}} }

func (c *tally) Enabled(context.Context, slog.Level) bool { return true }

func (c *tally) Handle(_ context.Context, r slog.Record) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines[r.Message]++
	return nil
}

func (c *tally) of(msg string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lines[msg]
}

const unusable = "lock row not reachable or not usable"

// Faults A5, in the foreground: what such a commit did is unknown until the next
// one settles it, and the lease goes on.
func TestAHarmfulCommitIsOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	eachHarm(t, func(t *testing.T, st *harmful) {
		log := newTally()
		l, err := lock.New(st, lockKey, &lock.Options{Logger: slog.New(log)})
		require.NoError(t, err)
		held, err := l.TryAcquire(t.Context())
		require.NoError(t, err)
		st.on.Store(true)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		start := time.Now()
		err = held.Commit(ctx, put(held, "x", "first"))
		require.LessOrEqual(t, time.Since(start), 21*time.Second)
		if err != nil { // else it was found by reading back
			require.ErrorIs(t, err, lock.ErrUnknown)
			require.NotErrorIs(t, err, store.ErrConflict)
			require.Equal(t, 1, log.of(unusable))
		}
		require.NoError(t, held.Err())
		st.on.Store(false)
		require.NoError(t, held.Commit(t.Context(), put(held, "x", "second")), "it is settled first")
		require.NoError(t, held.Err())
		rec, err := st.Get(t.Context(), docKey("x"))
		require.NoError(t, err)
		var d doc
		require.NoError(t, rec.Decode(&d))
		require.Equal(t, "second", d.By)
		require.NoError(t, held.Release(t.Context()))
	})
}

// … and in the background: a while of it costs no lease, and is said once.
func TestARenewalOutlivesAHarmfulStore(t *testing.T) {
	t.Parallel()
	eachHarm(t, func(t *testing.T, st *harmful) {
		log := newTally()
		l, err := lock.New(st, lockKey, &lock.Options{Logger: slog.New(log)})
		require.NoError(t, err)
		ran := inBackground(t, l)
		time.Sleep(renew)
		st.on.Store(true)
		time.Sleep(trust - renew - (5*time.Second + time.Second + retryMax)) // one last attempt, and the pause behind it
		st.on.Store(false)
		time.Sleep(3 * lease)
		require.NoError(t, ran.lease().Err())
		require.LessOrEqual(t, log.of(unusable), 1)
		require.EqualValues(t, 1, ran.lease().Token().Epoch)
		require.NoError(t, ran.stop())
	})
}

// A store that does harm for good costs the lease, and nothing else: Run returns
// within its bounds.
func TestRunReturnsFromAHarmfulStore(t *testing.T) {
	t.Parallel()
	eachHarm(t, func(t *testing.T, st *harmful) {
		log := newTally()
		l, err := lock.New(st, lockKey, &lock.Options{Logger: slog.New(log)})
		require.NoError(t, err)
		ran := inBackground(t, l)
		synctest.Wait()
		st.on.Store(true)
		time.Sleep(10 * lease)
		start := time.Now()
		err = ran.stop()
		require.Equal(t, 1, log.of(unusable))
		if err != nil { // a store that lands what it does keeps the lease
			require.ErrorIs(t, err, lock.ErrLost)
		}
		require.LessOrEqual(t, time.Since(start), 5*time.Second+2*time.Second)
	})
}

// A stop right in the middle of a renewal that hangs.
func TestRunStopsInTheMiddleOfAHarmfulRenewal(t *testing.T) {
	t.Parallel()
	eachHarm(t, func(t *testing.T, st *harmful) {
		l, err := lock.New(st, lockKey, nil)
		require.NoError(t, err)
		ran := inBackground(t, l)
		time.Sleep(renew)
		st.on.Store(true)
		time.Sleep(retryMax + time.Second)
		start := time.Now()
		require.NoError(t, ran.stop())
		require.LessOrEqual(t, time.Since(start), 5*time.Second+2*time.Second)
	})
}

// The host's logger and jitter are code of the host's too. They are called from
// timers and from the renewal.
func TestAHarmfulLoggerOrJitterHarmsNobody(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*lock.Options){
		"logger":          func(o *lock.Options) { o.Logger = slog.New(panicking{slog.DiscardHandler}) },
		"jitter panics":   func(o *lock.Options) { o.Jitter = func() float64 { panic("boom") } },
		"jitter is NaN":   func(o *lock.Options) { o.Jitter = math.NaN },
		"jitter is 10":    func(o *lock.Options) { o.Jitter = func() float64 { return 10 } },
		"jitter is -1000": func(o *lock.Options) { o.Jitter = func() float64 { return -1000 } },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				a := w.instance("a", edit)
				ran := inBackground(t, a.lock)
				synctest.Wait()
				heal := a.cut()
				time.Sleep(lease)
				require.ErrorIs(t, ran.lease().Err(), lock.ErrLost)
				heal()
				require.ErrorIs(t, ran.stop(), lock.ErrLost)
				start := time.Now()
				again, err := a.lock.Acquire(t.Context())
				require.NoError(t, err)
				require.LessOrEqual(t, time.Since(start), lease+jitter)
				w.release(again)
			})
		})
	}
}

type panicking struct{ slog.Handler }

func (panicking) Enabled(context.Context, slog.Level) bool  { return true }
func (panicking) Handle(context.Context, slog.Record) error { panic("logger") }
