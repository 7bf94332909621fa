package lock_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
)

// This file has the scenarios of Run.

func errorsAs[T error](err error, target *T) bool { return errors.As(err, target) }

func TestScenario34TheLeaseIsKeptUntilSlowWorkHasEnded(t *testing.T) {
	scenario(t, 34, func(t *testing.T, w *world) {
		a, b := w.instance("a"), w.instance("b")
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error)
		go func() {
			result <- lock.Run(ctx, a.lock, func(ctx context.Context, l *lock.Lease) error {
				<-ctx.Done()
				time.Sleep(3 * lease) // deaf
				// Only Run's ctx has ended: a last fenced write still works.
				return l.Commit(context.WithoutCancel(ctx), put(l, "last", "a"))
			})
		}()
		synctest.Wait()
		follower := inBackground(t, b.lock)
		cancel()
		time.Sleep(3*lease - time.Second)
		require.Nil(t, follower.lease(), "not handed out early")
		require.NoError(t, <-result)
		synctest.Wait()
		require.NotNil(t, follower.lease())
		_, how := follower.lease().Previous()
		require.Equal(t, lock.Released, how)
		_, wrote := w.doc("last")
		require.True(t, wrote)
		require.NoError(t, follower.stop())
	})
}

func TestScenario35APanicReleasesTheLeaseAndGoesOn(t *testing.T) {
	scenario(t, 35, func(t *testing.T, w *world) {
		a, b := w.instance("a"), w.instance("b")
		require.PanicsWithValue(t, "boom", func() {
			_ = lock.Run(t.Context(), a.lock, func(context.Context, *lock.Lease) error { panic("boom") })
		})
		held := b.acquire()
		_, how := held.Previous()
		require.Equal(t, lock.Released, how)
		w.release(held)
	})
}

func TestRunRenewsAfterTheLastCommitWhoeverMadeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.instance("a")
		leader := inBackground(t, a.lock)
		start := w.base.committed()
		time.Sleep(65*time.Minute + time.Second)
		require.Equal(t, 60, w.base.committed()-start, "one renewal each Renew and RetryMax")
		start = w.base.committed()
		for range 120 {
			time.Sleep(renew + time.Second)
			require.NoError(t, leader.lease().Commit(t.Context(), put(leader.lease(), "x", "a")))
		}
		require.Equal(t, 120, w.base.committed()-start, "who commits every Renew, even a little late, needs no others")
		require.NoError(t, leader.stop())
	})
}

func TestRunTellsWhyTheLeaseWasLost(t *testing.T) {
	boom := errors.New("boom")
	for name, c := range map[string]struct{ fn, want error }{
		"work that just stops":      {nil, lock.ErrLost},
		"work that says cancelled":  {context.Canceled, lock.ErrLost},
		"work that has more to say": {boom, boom},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				a := w.instance("a")
				var cause error
				err := lock.Run(t.Context(), a.lock, func(ctx context.Context, l *lock.Lease) error {
					time.Sleep(time.Second)
					a.net.Inject(hanging)
					<-ctx.Done()
					cause = context.Cause(ctx)
					return c.fn
				})
				require.ErrorIs(t, err, lock.ErrLost)
				require.ErrorIs(t, err, c.want)
				require.ErrorIs(t, cause, lock.ErrLost)
				var lost *lock.LostError
				require.ErrorAs(t, err, &lost)
				require.ErrorContains(t, lost.Err, "no answer within 5s", "what stood in the way")
			})
		})
	}
}

func TestRunReturnsNilWhenAskedToStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.instance("a"), w.instance("b")
		leader, standby := inBackground(t, a.lock), inBackground(t, b.lock)
		require.NoError(t, standby.stop())
		require.NoError(t, leader.stop())
		require.Empty(t, w.row().Owner)

		boom := errors.New("boom")
		err := lock.Run(t.Context(), a.lock, func(context.Context, *lock.Lease) error { return boom })
		require.Equal(t, boom, err)
		require.Empty(t, w.row().Owner)
	})
}

func TestRunStopsThoughTheStoreHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.instance("a")
		leader := inBackground(t, a.lock)
		a.cut()
		start := time.Now()
		require.NoError(t, leader.stop())
		require.LessOrEqual(t, time.Since(start), 5*time.Second)
	})
}

func TestTheSameLockTakesItsOwnLeaseAgainAtOnceOnceTheWorkHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.instance("a"), w.instance("b")
		held := a.acquire()
		heal := a.cut()
		<-held.Context().Done()
		heal()
		_, err := a.lock.TryAcquire(t.Context())
		require.ErrorIs(t, err, lock.ErrHeld, "work may still be under way")

		heal = a.cut()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.Error(t, held.Release(ctx))
		heal()
		_, err = b.lock.TryAcquire(t.Context())
		require.ErrorIs(t, err, lock.ErrHeld, "it is nobody else's")
		again := a.acquire()
		require.EqualValues(t, 2, again.Token().Epoch)
		prev, how := again.Previous()
		require.Equal(t, lock.Regained, how)
		require.Equal(t, held.Token().Owner, prev.Owner)
		w.release(again)
	})
}
