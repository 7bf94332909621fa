package lock_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// The numbers are those of the project's list of fault scenarios. This file has
// what befalls a holder between its renewals.

func TestScenario01APausedHolderStopsBeforeItsWorkGoesOn(t *testing.T) {
	scenario(t, 1, func(t *testing.T, w *world) {
		a, b := w.instance("a"), w.instance("b")
		held := a.acquire()
		time.Sleep(lease) // the pause; b takes over in it
		taken := b.acquire()
		time.Sleep(time.Minute)

		select {
		case <-held.Context().Done():
		default:
			require.Fail(t, "the work goes on")
		}
		require.ErrorIs(t, held.Err(), lock.ErrLost)
		require.ErrorIs(t, held.Commit(t.Context(), put(held, "x", "a")), lock.ErrLost)
		_, wrote := w.doc("x")
		require.False(t, wrote)
		w.release(taken)
	})
}

func TestScenario02APauseBetweenTheCheckAndTheCallIsFenced(t *testing.T) {
	scenario(t, 2, func(t *testing.T, w *world) {
		a, b := w.instance("a"), w.instance("b")
		held := a.acquire()
		// The hook looks at no context: the process is frozen in it.
		remove := a.net.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Commit {
				time.Sleep(lease + time.Minute)
			}
			return nil
		}})
		result := make(chan error)
		go func() { result <- held.Commit(t.Context(), put(held, "x", "a")) }()
		time.Sleep(lease)
		taken := b.acquire()

		require.ErrorIs(t, <-result, lock.ErrLost)
		remove()
		time.Sleep(2 * lease) // until the last of the frozen calls has been made
		_, wrote := w.doc("x")
		require.False(t, wrote, "the row refuses what the check let pass")
		require.Equal(t, taken.Token().Epoch, w.row().Epoch)
		w.release(taken)
	})
}

func TestScenario03AWriteDeliveredAfterTheTakeoverIsRefused(t *testing.T) {
	scenario(t, 3, func(t *testing.T, w *world) {
		a, b := w.instance("a"), w.instance("b")
		held := a.acquire()
		deliver := a.wire.hold()
		require.ErrorIs(t, held.Commit(t.Context(), put(held, "x", "a")), lock.ErrLost)
		time.Sleep(margin)
		taken := b.acquire()
		before := w.row()
		deliver()

		_, wrote := w.doc("x")
		require.False(t, wrote)
		require.Equal(t, before, w.row())
		w.release(taken)
	})
}

func TestScenario04AWriteDeliveredBeforeTheTakeoverIsOrderedBeforeIt(t *testing.T) {
	scenario(t, 4, func(t *testing.T, w *world) {
		a, b := w.instance("a", func(o *lock.Options) { o.Timeout = lease }), w.instance("b") // one attempt
		held := a.acquire()
		deliver := a.wire.hold()
		require.ErrorIs(t, held.Commit(t.Context(), put(held, "x", "a")), lock.ErrLost)
		time.Sleep(margin) // expired, and nobody came
		deliver()
		_, wrote := w.doc("x")
		require.True(t, wrote, "ErrLost leaves open whether it landed before the end")

		// It was a renewal too, so the next holder waits for another lease.
		_, err := b.lock.TryAcquire(t.Context())
		require.ErrorIs(t, err, lock.ErrHeld)
		time.Sleep(lease)
		taken := b.acquire()
		require.NoError(t, taken.Commit(t.Context(), put(taken, "x", "b")))
		d, _ := w.doc("x")
		require.Equal(t, doc{By: "b", Epoch: 2}, d)
		w.release(taken)
	})
}

func TestScenario05ARenewalWithoutAReplyIsNoLoss(t *testing.T) {
	scenario(t, 5, func(t *testing.T, w *world) {
		a := w.instance("a")
		held := a.acquire()
		for range 5 {
			time.Sleep(renew)
			commits := w.base.committed()
			a.loseReply()
			require.NoError(t, held.Commit(t.Context(), put(held, "x", "a")))
			require.Equal(t, commits+1, w.base.committed(), "found by reading, not by writing again")
		}
		require.NoError(t, held.Err())
		require.EqualValues(t, 1, w.row().Epoch)
		w.release(held)
	})
}

func TestScenario08ASlowSuccessDoesNotRenewTrust(t *testing.T) {
	scenario(t, 8, func(t *testing.T, w *world) {
		a := w.instance("a", func(o *lock.Options) { o.Timeout = lease })
		held := a.acquire()
		time.Sleep(renew)
		// It lands at once, and its reply comes when trust has ended.
		defer a.net.Inject(storetest.Fault{After: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Commit {
				time.Sleep(trust - renew + time.Second)
			}
			return nil
		}})()
		require.ErrorIs(t, held.Commit(t.Context()), lock.ErrLost)
		require.ErrorIs(t, held.Err(), lock.ErrLost)
	})
}

func TestScenario08TrustCountsFromTheStartOfTheAttempt(t *testing.T) {
	scenario(t, 8, func(t *testing.T, w *world) {
		a := w.instance("a", func(o *lock.Options) { o.Timeout = lease })
		held := a.acquire()
		start := time.Now()
		remove := a.net.Inject(storetest.Fault{After: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Commit {
				time.Sleep(50 * time.Second)
			}
			return nil
		}})
		require.NoError(t, held.Commit(t.Context()))
		remove()
		<-held.Context().Done()
		require.Equal(t, trust, time.Since(start), "not from the moment of the reply")
	})
}

func TestScenario09ErrorsShorterThanTrustChangeNothing(t *testing.T) {
	for name, c := range map[string]struct {
		jitter func() float64
		before time.Duration // the errors stop so long before the end of trust
	}{
		"the longest pauses":  {func() float64 { return 0 }, 2 * time.Second},
		"the shortest pauses": {func() float64 { return math.Nextafter(1, 0) }, retryMax},
		"any pauses":          {nil, retryMax},
	} {
		t.Run(name, func(t *testing.T) {
			scenario(t, 9, func(t *testing.T, w *world) {
				a, b := w.instance("a", func(o *lock.Options) { o.Jitter = c.jitter }), w.instance("b")
				ran := inBackground(t, a.lock)
				follower := inBackground(t, b.lock)
				time.Sleep(renew - time.Second)
				for _, method := range []string{storetest.Commit, storetest.Get} {
					defer a.net.Inject(storetest.Fault{Before: func(_ context.Context, call storetest.Call) error {
						if call.Method == method && time.Since(ran.began()) < trust-c.before {
							return errNet
						}
						return nil
					}})()
				}
				time.Sleep(10 * lease)
				require.NoError(t, ran.lease().Err())
				require.EqualValues(t, 1, w.row().Epoch)
				require.Nil(t, follower.lease())
				require.NoError(t, ran.stop())
				time.Sleep(time.Second)
				require.NotNil(t, follower.lease())
				require.NoError(t, follower.stop())
			})
		})
	}
}

func TestScenario10AHungStoreDoesNotDelayTheEndOfTrust(t *testing.T) {
	scenario(t, 10, func(t *testing.T, w *world) {
		// The call looks at no context and the deadline is far: as hung as can be.
		a := w.instance("a", func(o *lock.Options) { o.Timeout = 10 * lease })
		held := a.acquire()
		start := time.Now()
		time.Sleep(renew)
		remove := a.net.Inject(storetest.Fault{Before: func(context.Context, storetest.Call) error {
			time.Sleep(5 * lease)
			return errNet
		}})
		result := make(chan error)
		go func() { result <- held.Commit(t.Context()) }()
		<-held.Context().Done()
		require.Equal(t, trust, time.Since(start))
		var lost *lock.LostError
		require.ErrorAs(t, context.Cause(held.Context()), &lost)
		require.Equal(t, held.Token(), lost.Token)
		require.ErrorIs(t, <-result, lock.ErrLost)
		require.Equal(t, trust+time.Second, time.Since(start), "the call is left behind")
		remove()
		time.Sleep(5 * lease) // until it comes back
	})
}

func TestScenario11ReleaseInABlackHoleEndsTheWorkFirst(t *testing.T) {
	scenario(t, 11, func(t *testing.T, w *world) {
		a := w.instance("a")
		held := a.acquire()
		heal := a.cut()
		defer heal()
		go func() { _ = held.Commit(held.Context()) }()
		time.Sleep(time.Second)

		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		ended := make(chan time.Time, 1)
		context.AfterFunc(held.Context(), func() { ended <- time.Now() })
		start := time.Now()
		require.ErrorIs(t, held.Release(ctx), context.DeadlineExceeded)
		require.Equal(t, 2*time.Second, time.Since(start))
		require.Equal(t, start, <-ended)
		require.ErrorIs(t, held.Err(), lock.ErrReleased)
	})
}

func TestScenario33RefusedOperationsCostNoLeadership(t *testing.T) {
	type bad struct {
		N uint64 `json:"n" firestore:"n"`
	}
	forbidden := docKey("forbidden")
	for name, c := range map[string]struct {
		op   store.Op
		want error
	}{
		"an invalid value":        {store.Set(docKey("x"), bad{}), store.ErrInvalid},
		"a precondition":          {store.Update(docKey("x"), doc{}, "17"), store.ErrConflict},
		"a denial of the store's": {store.Set(forbidden, doc{}), errNet},
	} {
		t.Run(name, func(t *testing.T) {
			scenario(t, 33, func(t *testing.T, w *world) {
				a := w.instance("a")
				defer a.net.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
					for _, op := range c.Ops {
						if op.Key == forbidden {
							return errNet
						}
					}
					return nil
				}})()
				held := a.acquire()
				start := time.Now()
				for range 5 {
					time.Sleep(renew)
					commits, asked := w.base.committed(), time.Now()
					err := held.Commit(t.Context(), put(held, "y", "a"), c.op)
					if errors.Is(c.want, errNet) {
						require.ErrorContains(t, err, errNet.Error())
					} else {
						require.ErrorIs(t, err, c.want)
						require.Equal(t, asked, time.Now(), "what the store refuses needs no second try")
					}
					require.Greater(t, w.base.committed(), commits, "renewed all the same")
					require.NoError(t, held.Err())
				}
				require.Greater(t, time.Since(start), 2*lease)
				_, wrote := w.doc("y")
				require.False(t, wrote, "all or nothing")
				require.NoError(t, held.Commit(t.Context(), put(held, "y", "a")), "a good commit goes through")
				w.release(held)
			})
		})
	}
}
