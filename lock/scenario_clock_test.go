package lock_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// This file has the scenarios of clocks that do not agree.

func TestScenario24TheYearOfAnInstanceDecidesNothing(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{-10 * time.Minute, -time.Minute, -time.Second, time.Second, time.Minute, 10 * time.Minute} {
		t.Run(skew.String(), func(t *testing.T) {
			t.Parallel()
			scenario(t, 24, func(t *testing.T, w *world) {
				elsewhen := func(o *lock.Options) {
					clk := &stepped{Clock: clock.New()}
					clk.step(skew)
					o.Clock = clk
				}
				a, b := w.instance("a"), w.instance("b", elsewhen)
				crashed := a.acquire()
				follower := inBackground(t, b.lock)
				time.Sleep(renew)
				require.NoError(t, crashed.Commit(t.Context(), put(crashed, "x", "a")))
				last := time.Now()
				time.Sleep(lease + jitter)
				require.NotNil(t, follower.lease())
				require.GreaterOrEqual(t, follower.began().Sub(last), lease, "early")
				require.NoError(t, follower.lease().Commit(t.Context(), put(follower.lease(), "x", "b")))

				// And the other way: a holder of another year is not succeeded early.
				third := inBackground(t, a.lock)
				require.NoError(t, follower.lease().Commit(t.Context()))
				last = time.Now()
				defer b.cut()()
				time.Sleep(lease + jitter)
				require.NotNil(t, third.lease())
				require.GreaterOrEqual(t, third.began().Sub(last), lease, "early")
				require.ErrorIs(t, follower.stop(), lock.ErrLost)
				require.NoError(t, third.stop())
			})
		})
	}
}

func TestScenario25AWallClockSetBackDoesNotLengthenTrust(t *testing.T) {
	scenario(t, 25, func(t *testing.T, w *world) {
		clk := newTwoHanded()
		a := w.instance("a", func(o *lock.Options) { o.Clock = clk })
		held := a.acquire()
		start := time.Now()
		clk.stepWall(-10 * time.Minute)
		<-held.Context().Done()
		require.Equal(t, trust, time.Since(start))
	})
}

func TestScenario25AFollowerOutlivesAStoreClockThatWasSetBack(t *testing.T) {
	scenario(t, 25, func(t *testing.T, w *world) {
		crashed := w.instance("a").acquire()
		start := time.Now()
		follower := inBackground(t, w.instance("b").lock)
		w.clock.step(-10 * time.Minute)
		time.Sleep(lease + jitter)
		require.NotNil(t, follower.lease(), "it saw no change for a whole lease")
		require.GreaterOrEqual(t, follower.began().Sub(start), lease)
		require.ErrorIs(t, crashed.Err(), lock.ErrLost)
		require.NoError(t, follower.stop())
	})
}

func TestScenario26AStoreClockSetForwardIsFenced(t *testing.T) {
	scenario(t, 26, func(t *testing.T, w *world) {
		w.clocksLie()
		held := w.instance("a").acquire()
		w.clock.step(10 * time.Minute)
		early := w.instance("b").acquire()
		require.NoError(t, held.Err(), "two believe, and")
		require.ErrorIs(t, held.Commit(t.Context(), put(held, "x", "a")), lock.ErrLost)
		require.NoError(t, early.Commit(t.Context(), put(early, "x", "b")), "one writes")
		w.release(early)
	})
}

func TestScenario27AClockFivePercentOffEndsTrustBeforeTheLease(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ holder, follower float64 }{{0.95, 1}, {1.05, 1}, {1, 0.95}, {1, 1.05}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			t.Parallel()
			scenario(t, 27, func(t *testing.T, w *world) {
				at := func(rate float64) func(*lock.Options) {
					return func(o *lock.Options) {
						o.Clock = &drifting{Clock: clock.New(), start: time.Now(), rate: rate}
					}
				}
				a, b := w.instance("a", at(c.holder)), w.instance("b", at(c.follower))
				leader, follower := inBackground(t, a.lock), inBackground(t, b.lock)
				time.Sleep(10 * lease) // nothing changes while it renews
				require.EqualValues(t, 1, w.row().Epoch)
				defer a.cut()()
				<-leader.lease().Context().Done()
				synctest.Wait()
				require.Nil(t, follower.lease(), "trust ends before the store would grant another")
				time.Sleep(lease)
				require.NotNil(t, follower.lease())
				require.ErrorIs(t, <-leader.result, lock.ErrLost)
				require.NoError(t, follower.stop())
			})
		})
	}
}

func TestScenario28SuspendEndsTheLeaseThoughTimersSlept(t *testing.T) {
	scenario(t, 28, func(t *testing.T, w *world) {
		w.clocksLie()
		clk := newTwoHanded()
		a := w.instance("a", func(o *lock.Options) { o.Clock = clk })
		held := a.acquire()
		time.Sleep(time.Second)
		require.NoError(t, held.Err())

		clk.stepWall(3 * time.Hour) // the monotonic clock, and with it every timer, stood still
		require.ErrorIs(t, held.Err(), lock.ErrLost)
		require.ErrorIs(t, held.Commit(t.Context(), put(held, "x", "a")), lock.ErrLost)
		_, wrote := w.doc("x")
		require.False(t, wrote)
	})
}

func TestScenario28SuspendIsNoticedByTheContextToo(t *testing.T) {
	scenario(t, 28, func(t *testing.T, w *world) {
		w.clocksLie()
		clk := newTwoHanded()
		a := w.instance("a", func(o *lock.Options) { o.Clock = clk })
		held := a.acquire()
		clk.stepWall(3 * time.Hour)
		start := time.Now()
		<-held.Context().Done()
		require.LessOrEqual(t, time.Since(start), margin)
	})
}

func TestScenario28AReplyAfterASuspendDoesNotBringTrustBack(t *testing.T) {
	scenario(t, 28, func(t *testing.T, w *world) {
		w.clocksLie()
		clk := newTwoHanded()
		a := w.instance("a", func(o *lock.Options) { o.Clock = clk })
		held := a.acquire()
		time.Sleep(renew)
		defer a.net.Inject(storetest.Fault{After: func(context.Context, storetest.Call) error {
			clk.stepWall(trust - renew) // no timer fires, and work goes on as if trusted
			return nil
		}})()
		require.ErrorIs(t, held.Commit(t.Context()), lock.ErrLost)
	})
}
