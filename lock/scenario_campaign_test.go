package lock_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// This file has the scenarios of competing for the lock.

func TestScenario06AGrantWithoutAReplyIsFoundByItsNonce(t *testing.T) {
	scenario(t, 6, func(t *testing.T, w *world) {
		a := w.instance("a")
		a.loseReply()
		held := a.acquire()
		require.EqualValues(t, 1, held.Token().Epoch)
		require.Equal(t, 1, w.base.grants)
		w.release(held)
	})
}

func TestScenario06AGrantThatWasNotReadBackEitherIsFoundByTheNextTry(t *testing.T) {
	scenario(t, 6, func(t *testing.T, w *world) {
		a, b := w.instance("a"), w.instance("b")
		w.release(b.acquire())
		start := time.Now()
		a.loseReply()
		reads := 0
		remove := a.net.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Get {
				if reads++; reads == 2 {
					return errNet
				}
			}
			return nil
		}})
		_, err := a.lock.TryAcquire(t.Context())
		require.ErrorContains(t, err, errNet.Error())
		remove()
		time.Sleep(30 * time.Second)

		held := a.acquire()
		require.EqualValues(t, 2, held.Token().Epoch)
		require.Equal(t, 2, w.base.grants, "adopted, not granted again")
		prev, how := held.Previous()
		require.Equal(t, lock.Released, how)
		require.Equal(t, "b", prev.HolderInstanceID)
		<-held.Context().Done()
		require.Equal(t, trust, time.Since(start), "trusted from the start of the attempt that landed")
	})
}

func TestScenario06AGrantFoundTooLateIsReplacedAndItsPredecessorKept(t *testing.T) {
	scenario(t, 6, func(t *testing.T, w *world) {
		a, b := w.instance("a"), w.instance("b")
		crashed := b.acquire()
		time.Sleep(lease)
		require.ErrorIs(t, crashed.Err(), lock.ErrLost)
		deliver := a.wire.hold()
		_, err := a.lock.TryAcquire(t.Context())
		require.Error(t, err)
		time.Sleep(lease)
		deliver()

		held := a.acquire() // at once: the row is its own, and nobody worked under it
		require.EqualValues(t, 3, held.Token().Epoch)
		prev, how := held.Previous()
		require.Equal(t, lock.Expired, how)
		require.Equal(t, crashed.Token().Epoch, prev.Epoch, "the last holder that may have done work")
		w.release(held)
	})
}

func TestScenario07AReleaseWithoutAReplyIsIdempotent(t *testing.T) {
	scenario(t, 7, func(t *testing.T, w *world) {
		a, b := w.instance("a"), w.instance("b")
		held := a.acquire()
		a.loseReply()
		w.release(held)
		commits := w.base.committed()
		w.release(held)
		require.Equal(t, commits, w.base.committed())

		next := b.acquire()
		before := w.row()
		w.release(held)
		require.Equal(t, before, w.row(), "the next holder is not disturbed")
		w.release(next)
	})
}

func TestScenario12APartitionedLeaderStopsBeforeItsFollowerStarts(t *testing.T) {
	scenario(t, 12, func(t *testing.T, w *world) {
		a, b := w.instance("a"), w.instance("b")
		leader := inBackground(t, a.lock)
		follower := inBackground(t, b.lock)
		time.Sleep(renew)
		time.Sleep(time.Second) // the last renewal was a second ago
		defer a.cut()()
		renewed := w.row().RenewedAt
		<-leader.lease().Context().Done()
		require.Equal(t, trust, time.Since(renewed))
		synctest.Wait()
		require.Nil(t, follower.lease())
		time.Sleep(margin + jitter)
		require.NotNil(t, follower.lease())
		require.False(t, follower.began().Before(renewed.Add(lease)), "not early")
		_, how := follower.lease().Previous()
		require.Equal(t, lock.Expired, how)
		require.ErrorIs(t, <-leader.result, lock.ErrLost)
		require.NoError(t, follower.stop())
	})
}

func TestScenario13APartitionedFollowerChangesNothingAndAsksSeldom(t *testing.T) {
	scenario(t, 13, func(t *testing.T, w *world) {
		a, b := w.instance("a"), w.instance("b")
		leader := inBackground(t, a.lock)
		follower := inBackground(t, b.lock)
		heal := b.cut()
		calls := b.net.Calls(storetest.Get)
		time.Sleep(time.Hour)
		require.LessOrEqual(t, b.net.Calls(storetest.Get)-calls, int(time.Hour/(5*time.Second)))
		require.Error(t, b.lock.View().Err)
		heal()
		time.Sleep(lease)
		require.NoError(t, b.lock.View().Err)
		require.Equal(t, "a", b.lock.View().Row.HolderInstanceID)
		require.EqualValues(t, 1, w.row().Epoch)
		require.NoError(t, leader.stop())
		synctest.Wait()
		require.NoError(t, follower.stop())
	})
}

func TestScenario14AfterAnOutageForAllThereIsOneNewLeader(t *testing.T) {
	scenario(t, 14, func(t *testing.T, w *world) {
		var all []*instance
		var runs []*running
		for i := range 5 {
			n := w.instance(fmt.Sprintf("n%d", i))
			all, runs = append(all, n), append(runs, inBackground(t, n.lock))
		}
		time.Sleep(renew)
		var heal []func()
		for _, n := range all {
			heal = append(heal, n.cut())
		}
		time.Sleep(10 * time.Minute)
		require.Zero(t, w.trusted())
		for _, f := range heal {
			f()
		}
		time.Sleep(30 * time.Second)
		require.Equal(t, 1, w.trusted())
		require.EqualValues(t, 2, w.row().Epoch)
		for _, r := range runs {
			r.cancel()
		}
		lost := 0
		for _, r := range runs {
			if err := <-r.result; err != nil {
				require.ErrorIs(t, err, lock.ErrLost)
				lost++
			}
		}
		require.Equal(t, 1, lost, "the leader before")
	})
}

func TestScenario15OfManyFirstOneWins(t *testing.T) {
	t.Parallel()
	race(t, 15, 0)
}

func TestScenario16OfManyTakeoversOneWins(t *testing.T) {
	t.Parallel()
	race(t, 16, 1)
}

func race(t *testing.T, scene int, epoch int64) {
	for _, n := range []int{2, 8, 50} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			scenario(t, scene, func(t *testing.T, w *world) {
				if epoch > 0 {
					crashed := w.instance("crashed").acquire()
					time.Sleep(lease)
					require.ErrorIs(t, crashed.Err(), lock.ErrLost)
				}
				var mu sync.Mutex
				var won []*lock.Lease
				var wg sync.WaitGroup
				for i := range n {
					l := w.instance(fmt.Sprintf("n%d", i))
					// All have read before the first of them writes.
					l.net.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
						if c.Method == storetest.Commit {
							time.Sleep(time.Second)
						}
						return nil
					}})
					wg.Go(func() {
						got, err := l.lock.TryAcquire(t.Context())
						mu.Lock()
						defer mu.Unlock()
						if err == nil {
							won = append(won, got)
							return
						}
						var held *lock.HeldError
						if !errorsAs(err, &held) || held.Epoch != epoch+1 {
							t.Errorf("the losers learn who won: %v", err)
						}
					})
				}
				wg.Wait()
				require.Len(t, won, 1)
				require.Equal(t, epoch+1, won[0].Token().Epoch)
				w.release(won[0])
			})
		})
	}
}

func TestScenario17ACrashIsSucceededAfterALeaseAndNeverBefore(t *testing.T) {
	scenario(t, 17, func(t *testing.T, w *world) {
		for i := range w.few(60) {
			phase := time.Duration(i) * time.Minute / time.Duration(w.few(60))
			a, b := w.instance("a"), w.instance("b")
			crashed := a.acquire()
			follower := inBackground(t, b.lock)
			time.Sleep(phase + 17*time.Millisecond)
			require.NoError(t, crashed.Commit(t.Context()))
			last := time.Now()
			time.Sleep(lease + jitter)
			require.NotNil(t, follower.lease())
			took := follower.began().Sub(last)
			require.GreaterOrEqual(t, took, lease)
			require.LessOrEqual(t, took, lease+jitter)
			require.NoError(t, follower.stop())
		}
	})
}

func TestScenario18ACleanHandoverIsImmediateWhereTheStoreWatches(t *testing.T) {
	scenario(t, 18, func(t *testing.T, w *world) {
		a, b := w.instance("a"), w.instance("b")
		held := a.acquire()
		follower := inBackground(t, b.lock)
		time.Sleep(7 * time.Second)
		released := time.Now()
		w.release(held)
		synctest.Wait()
		require.NotNil(t, follower.lease())
		require.Equal(t, released, follower.began())
		_, how := follower.lease().Previous()
		require.Equal(t, lock.Released, how)
		require.NoError(t, follower.stop())
	})
}

func TestScenario19ACleanHandoverTakesAPollWhereTheStoreDoesNot(t *testing.T) {
	scenario(t, 19, func(t *testing.T, w *world) {
		held := w.instance("a").acquire()
		b, err := lock.New(polling{w.base}, lockKey, nil)
		require.NoError(t, err)
		follower := inBackground(t, watched{b, w})
		time.Sleep(7 * time.Second)
		released := time.Now()
		w.release(held)
		time.Sleep(5 * time.Second)
		require.NotNil(t, follower.lease())
		require.LessOrEqual(t, follower.began().Sub(released), 5*time.Second)
		require.NoError(t, follower.stop())
	})
}
