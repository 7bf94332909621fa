package lock_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// This file has the scenarios of who may write the row, and of rows that are not
// as they should be.

func TestScenario20ARenewalInFlightCannotUndoARelease(t *testing.T) {
	scenario(t, 20, func(t *testing.T, w *world) {
		a := w.instance("a")
		held := a.acquire()
		deliver := a.wire.hold()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, held.Commit(ctx, put(held, "x", "a")), lock.ErrUnknown)
		// The release takes another way and is there first.
		a.wire.mu.Lock()
		a.wire.gate = nil
		a.wire.mu.Unlock()
		w.release(held)
		before := w.row()
		deliver()
		require.Equal(t, before, w.row())
		require.Empty(t, w.row().Owner)
		_, wrote := w.doc("x")
		require.False(t, wrote)
	})
}

func TestScenario20ARenewalThatLandedFirstDoesNotStopTheRelease(t *testing.T) {
	scenario(t, 20, func(t *testing.T, w *world) {
		a := w.instance("a")
		held := a.acquire()
		deliver := a.wire.hold()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, held.CommitNote(ctx, held.Note(), "head", put(held, "x", "a")), lock.ErrUnknown)
		deliver()
		w.release(held)
		require.Empty(t, w.row().Owner)
		require.Equal(t, "head", w.row().Note, "what landed is kept")
		_, wrote := w.doc("x")
		require.True(t, wrote)
	})
}

func TestScenario21ALateReleaseLeavesTheNextHolderAlone(t *testing.T) {
	scenario(t, 21, func(t *testing.T, w *world) {
		a, b := w.instance("a"), w.instance("b")
		held := a.acquire()
		time.Sleep(lease)
		taken := b.acquire()
		before := w.row()
		w.release(held)
		require.Equal(t, before, w.row())
		require.ErrorIs(t, held.Err(), lock.ErrLost, "a release does not rewrite history")
		w.release(taken)
	})
}

func TestScenario22ADeletedRowIsALossAndEpochsGoOn(t *testing.T) {
	scenario(t, 22, func(t *testing.T, w *world) {
		a, b := w.instance("a"), w.instance("b")
		w.release(b.acquire())
		held := a.acquire()
		_, err := b.lock.TryAcquire(t.Context())
		require.ErrorIs(t, err, lock.ErrHeld)
		_, err = w.base.Store.Commit(t.Context(), store.Delete(lockKey))
		require.NoError(t, err)
		require.ErrorIs(t, held.Commit(t.Context(), put(held, "x", "a")), lock.ErrLost)
		next := b.acquire()
		require.EqualValues(t, 3, next.Token().Epoch, "an instance that remembers goes on from there")
		w.release(next)
		w.release(held)
	})
}

func TestScenario23ARestoredBackupIsLeftAlone(t *testing.T) {
	scenario(t, 23, func(t *testing.T, w *world) {
		a, b := w.instance("a"), w.instance("b")
		w.release(a.acquire())
		backup := w.row()
		w.release(b.acquire())
		_, err := w.base.Store.Commit(t.Context(), store.Set(lockKey, backup))
		require.NoError(t, err)

		_, err = b.lock.TryAcquire(t.Context())
		var corrupt *lock.CorruptError
		require.ErrorAs(t, err, &corrupt)
		require.Equal(t, lockKey, corrupt.Key)
		require.Equal(t, backup, w.row())

		waiting := inBackground(t, b.lock)
		time.Sleep(time.Hour)
		require.Nil(t, waiting.lease())
		backup.Epoch = 7      // mended by hand
		w.base.meddle(backup) // first: b may look at this very instant
		_, err = w.base.Store.Commit(t.Context(), store.Set(lockKey, backup))
		require.NoError(t, err)
		time.Sleep(6 * time.Second) // a poll
		require.NotNil(t, waiting.lease())
		require.EqualValues(t, 8, waiting.lease().Token().Epoch)
		require.NoError(t, waiting.stop())
	})
}

func TestScenario23TwoOwnersOfOneEpochAreLeftAlone(t *testing.T) {
	scenario(t, 23, func(t *testing.T, w *world) {
		a, b := w.instance("a"), w.instance("b")
		held := a.acquire()
		_, err := b.lock.TryAcquire(t.Context())
		require.ErrorIs(t, err, lock.ErrHeld)
		other := w.row() // a backup restored on a fork of history
		other.Owner, other.HolderInstanceID = "another", "c"
		_, err = w.base.Store.Commit(t.Context(), store.Set(lockKey, other))
		require.NoError(t, err)

		for range 2 {
			_, err = b.lock.TryAcquire(t.Context())
			var corrupt *lock.CorruptError
			require.ErrorAs(t, err, &corrupt)
			require.ErrorContains(t, err, "two owners of epoch 1")
			time.Sleep(2 * lease) // nor once it has expired
		}
		require.Equal(t, other, w.row())
		require.ErrorIs(t, held.Commit(t.Context()), lock.ErrLost)
		require.NoError(t, held.Release(t.Context()))
	})
}

func TestScenario29ALockIsNotReentrant(t *testing.T) {
	scenario(t, 29, func(t *testing.T, w *world) {
		a := w.instance("a")
		held := a.acquire()
		_, err := a.lock.TryAcquire(t.Context())
		var by *lock.HeldError
		require.ErrorAs(t, err, &by)
		require.Equal(t, lock.HeldError{Holder: "a", Epoch: 1, Remaining: lease}, *by)

		second := inBackground(t, a.lock)
		time.Sleep(time.Second)
		require.Nil(t, second.lease())
		w.release(held)
		synctest.Wait()
		require.EqualValues(t, 2, second.lease().Token().Epoch)
		require.NoError(t, second.stop())
	})
}

func TestScenario30TheSameInstanceIDTwiceIsTwoOwners(t *testing.T) {
	scenario(t, 30, func(t *testing.T, w *world) {
		before, after := w.instance("a"), w.instance("a")
		crashed := before.acquire()
		_, err := after.lock.TryAcquire(t.Context())
		require.ErrorIs(t, err, lock.ErrHeld, "a restarted process waits like anyone")
		time.Sleep(lease)
		held := after.acquire()
		require.NotEqual(t, crashed.Token().Owner, held.Token().Owner)
		require.ErrorIs(t, crashed.Commit(t.Context(), put(crashed, "x", "old")), lock.ErrLost)
		w.release(held)
	})
}

func TestScenario31TheHoldersLeaseCounts(t *testing.T) {
	scenario(t, 31, func(t *testing.T, w *world) {
		for _, mine := range []time.Duration{lease / 4, lease, 4 * lease} {
			a := w.instance("a", func(o *lock.Options) { o.Lease = mine })
			b := w.instance("b")
			crashed := a.acquire()
			start := time.Now()
			follower := inBackground(t, b.lock)
			time.Sleep(mine + jitter)
			require.NotNil(t, follower.lease())
			require.GreaterOrEqual(t, follower.began().Sub(start), mine)
			require.ErrorIs(t, crashed.Err(), lock.ErrLost)
			require.NoError(t, follower.stop())
		}
	})
}

func TestScenario32ASlotWrittenByTwoLeadersIsOneDocument(t *testing.T) {
	scenario(t, 32, func(t *testing.T, w *world) {
		a, b := w.instance("a"), w.instance("b")
		crashed := a.acquire()
		slot := docKey("2025-12-29T23-07-00")
		beat := func(l *lock.Lease, by string) store.Op {
			return store.Create(slot, doc{By: by, Epoch: l.Token().Epoch})
		}
		// The beat lands, and the process dies before it knows.
		ctx, die := context.WithCancel(t.Context())
		a.net.Inject(storetest.Fault{After: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Commit {
				die()
				return errNet
			}
			return nil
		}})
		require.ErrorIs(t, crashed.Commit(ctx, beat(crashed, "a")), lock.ErrUnknown)
		time.Sleep(lease)
		held := b.acquire()
		require.ErrorIs(t, held.Commit(t.Context(), beat(held, "b")), store.ErrConflict)
		require.NoError(t, held.Err())
		d, _ := w.doc(slot.ID)
		require.Equal(t, doc{By: "a", Epoch: 1}, d, "the first one's stands")
		w.release(held)
	})
}

func TestScenario41AForcedStealFencesTheOldHolderAtOnce(t *testing.T) {
	scenario(t, 41, func(t *testing.T, w *world) {
		a, b := w.instance("a"), w.instance("b")
		leader := inBackground(t, a.lock)
		time.Sleep(time.Second)
		// What the package comment has an operator write: the row, free, with an epoch
		// that nobody has used.
		free := w.row()
		free.Owner, free.Epoch = "", free.Epoch+1
		w.base.meddle(free)
		_, err := w.base.Store.Commit(t.Context(), store.Set(lockKey, free))
		require.NoError(t, err)
		w.clocksLie() // the old one believes until its next call
		taken := b.acquire()
		require.EqualValues(t, 3, taken.Token().Epoch)

		require.NoError(t, leader.lease().Err())
		require.ErrorIs(t, leader.lease().Commit(t.Context(), put(leader.lease(), "x", "a")), lock.ErrLost)
		_, wrote := w.doc("x")
		require.False(t, wrote)
		require.ErrorIs(t, leader.lease().Err(), lock.ErrLost)
		require.ErrorIs(t, <-leader.result, lock.ErrLost)
		require.NoError(t, taken.Commit(t.Context(), put(taken, "x", "b")))
		w.release(taken)
	})
}

func TestScenario36AnEndedContextAsksNothing(t *testing.T) {
	scenario(t, 36, func(t *testing.T, w *world) {
		a := w.instance("a")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errNet)
		_, err := a.lock.Acquire(ctx)
		require.ErrorIs(t, err, errNet)
		_, err = a.lock.TryAcquire(ctx)
		require.ErrorIs(t, err, errNet)
		for _, method := range []string{storetest.Get, storetest.Commit, storetest.Watch} {
			require.Zero(t, a.net.Calls(method))
		}
	})
}

func TestScenario39AThousandFlapsLeaveOneRowAndNoGapsOfEpochs(t *testing.T) {
	scenario(t, 39, func(t *testing.T, w *world) {
		for i := range w.few(1000) {
			crashed := w.instance("a").acquire()
			require.EqualValues(t, i+1, crashed.Token().Epoch)
			time.Sleep(lease)
			require.ErrorIs(t, crashed.Err(), lock.ErrLost)
		}
	})
}

func TestALeaseThatEndedIsRegainedHoweverManyGrantsFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.instance("a")
		held := a.acquire()
		heal := a.net.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Commit {
				return errNet // it answers, and takes nothing
			}
			return nil
		}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.Error(t, held.Release(ctx))
		for range 500 {
			_, err := a.lock.TryAcquire(t.Context())
			require.ErrorContains(t, err, errNet.Error())
			time.Sleep(time.Second)
		}
		heal()
		again := a.acquire()
		_, how := again.Previous()
		require.Equal(t, lock.Regained, how)
		w.release(again)
	})
}

// Epochs may lie between two terms of one instance and be nobody's: of its own grants, of
// which the replies were lost. Who asks who worked last is told of the term before them.
func TestGrantsWhoseRepliesWereLostAreNobodysWork(t *testing.T) {
	for _, other := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			a := w.instance("a")
			held := a.acquire()
			lost := false
			cut := a.net.Inject(storetest.Fault{
				Before: func(_ context.Context, c storetest.Call) error {
					if c.Method == storetest.Get && lost {
						lost = false
						return errNet
					}
					return nil
				},
				After: func(_ context.Context, c storetest.Call) error {
					lost = lost || c.Method == storetest.Commit
					if c.Method == storetest.Commit {
						return errNet
					}
					return nil
				},
			})
			time.Sleep(lease)
			require.ErrorIs(t, held.Err(), lock.ErrLost)
			worked := held.Token().Epoch
			if other {
				b := w.instance("b").acquire()
				worked = b.Token().Epoch
				time.Sleep(lease)
			}
			for range 3 {
				_, err := a.lock.TryAcquire(t.Context())
				require.ErrorContains(t, err, errNet.Error())
				require.Equal(t, worked, a.lock.View().Worked)
				time.Sleep(lease)
			}
			require.Equal(t, worked+2, a.lock.View().Row.Epoch, "as of the last reading")
			cut()
			again := a.acquire()
			prev, _ := again.Previous()
			require.Equal(t, worked, prev.Epoch)
			require.Equal(t, worked+4, again.Token().Epoch, "three grants were nobody's")
			require.Equal(t, again.Token().Epoch, a.lock.View().Worked)
			w.release(again)
		})
	}
}
