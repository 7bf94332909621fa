package lock_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

func short(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestAnUnknownOutcomeIsSettledByTheNextCommit(t *testing.T) {
	for name, arrives := range map[string]bool{"it had landed": true, "it had not": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				a := w.instance("a")
				held := a.acquire()
				deliver := a.wire.hold()
				err := held.CommitNote(short(t), held.Note(), "one", put(held, "x", "a"))
				require.ErrorIs(t, err, lock.ErrUnknown)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.NoError(t, held.Err(), "not knowing is no loss")
				if arrives {
					deliver()
				}
				a.wire.mu.Lock()
				a.wire.gate = nil
				a.wire.mu.Unlock()

				require.NoError(t, held.Commit(t.Context()))
				if !arrives {
					deliver()
				}
				_, wrote := w.doc("x")
				require.Equal(t, arrives, wrote, "what was settled stays so, however late the write arrives")
				require.Equal(t, w.row().Note, held.Note())
				require.Equal(t, map[bool]string{true: "one", false: ""}[arrives], held.Note())
				w.release(held)
			})
		})
	}
}

// Two write notes, in turns, and both read them. What one has made of an old note is
// refused, whether the other has read the new one since or not.
func TestANoteMadeFromAnOldOneIsRefused(t *testing.T) {
	for name, read := range map[string]bool{"nobody has read the new one": false, "another has read the new one": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				a := w.instance("a")
				held := a.acquire()
				deliver := a.wire.hold()
				require.ErrorIs(t, held.CommitNote(short(t), held.Note(), "one"), lock.ErrUnknown)
				deliver()
				was := held.Note()
				require.Empty(t, was, "not known yet")
				require.NoError(t, held.Commit(t.Context())) // as a background renewal would
				if read {
					require.Equal(t, "one", held.Note())
				}

				err := held.CommitNote(t.Context(), was, "one'", put(held, "x", "a"))
				require.ErrorIs(t, err, lock.ErrNoteMoved)
				_, wrote := w.doc("x")
				require.False(t, wrote)
				require.Equal(t, "one", w.row().Note)
				require.NoError(t, held.CommitNote(t.Context(), held.Note(), "two", put(held, "x", "a")))
				require.Equal(t, "two", w.row().Note)
				w.release(held)
			})
		})
	}
}

func TestANoteIsNotWrittenOverOneThatLandedBehindItsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.instance("a")
		held := a.acquire()
		deliver := a.wire.hold()
		require.ErrorIs(t, held.CommitNote(short(t), held.Note(), "one"), lock.ErrUnknown)
		deliver()
		require.ErrorIs(t, held.CommitNote(t.Context(), held.Note(), "one'", put(held, "x", "a")), lock.ErrNoteMoved)
		require.Equal(t, "one", held.Note())

		// The same when it is a hand from outside, in the middle of a call.
		row := w.row()
		row.Note = "two"
		_, err := w.base.Store.Commit(t.Context(), store.Set(lockKey, row))
		require.NoError(t, err)
		require.ErrorIs(t, held.CommitNote(t.Context(), held.Note(), "two'", put(held, "x", "a")), lock.ErrNoteMoved)
		require.Equal(t, "two", w.row().Note)
		_, wrote := w.doc("x")
		require.False(t, wrote)
		require.NoError(t, held.Commit(t.Context(), put(held, "x", "a")), "who writes no note does not mind")
		w.release(held)
	})
}

func TestANoteIsHandedOnAndSurvivesRenewals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b, c := w.instance("a"), w.instance("b"), w.instance("c")
		held := a.acquire()
		require.Empty(t, held.Note())
		require.NoError(t, held.CommitNote(t.Context(), held.Note(), "head"))
		require.NoError(t, held.Commit(t.Context()))
		w.release(held)
		held = b.acquire()
		require.Equal(t, "head", held.Note())
		time.Sleep(lease)
		require.ErrorIs(t, held.Err(), lock.ErrLost)
		held = c.acquire()
		require.Equal(t, "head", held.Note())

		long := strings.Repeat("x", lock.MaxNote)
		require.NoError(t, held.CommitNote(t.Context(), held.Note(), long))
		commits := w.base.committed()
		require.ErrorIs(t, held.CommitNote(t.Context(), held.Note(), long+"x"), store.ErrInvalid)
		require.Equal(t, commits, w.base.committed())
		require.Equal(t, long, held.Note())
		w.release(held)
	})
}

func TestRefusedOperationsLeaveTheNoteAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		held := w.instance("a").acquire()
		require.NoError(t, held.CommitNote(t.Context(), held.Note(), "one", store.Create(docKey("x"), doc{Epoch: 1})))
		require.ErrorIs(t, held.CommitNote(t.Context(), held.Note(), "two", store.Create(docKey("x"), doc{Epoch: 1})), store.ErrConflict)
		require.Equal(t, "one", held.Note())
		require.Equal(t, "one", w.row().Note)
		require.NoError(t, held.CommitNote(t.Context(), held.Note(), "two"), "it is still the note")
		w.release(held)
	})
}

func TestMalformedOperationsCostNoCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.instance("a")
		held := a.acquire()
		calls := a.net.Calls(storetest.Commit)
		many := make([]store.Op, store.MaxOps)
		for i := range many {
			many[i] = put(held, strings.Repeat("x", i+1), "a")
		}
		for name, ops := range map[string][]store.Op{
			"the lock's own row": {store.Delete(lockKey)},
			"the same key twice": {put(held, "x", "a"), put(held, "x", "a")},
			"an empty key":       {store.Set(store.Key{}, doc{})},
			"too many":           many,
		} {
			require.ErrorIs(t, held.Commit(t.Context(), ops...), store.ErrInvalid, name)
		}
		require.Equal(t, calls, a.net.Calls(storetest.Commit))
		require.NoError(t, held.Commit(t.Context(), many[:store.MaxOps-1]...))
		w.release(held)
	})
}

func TestARefusalIsReportedThoughTheRenewalBehindItStumbles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.instance("a")
		held := a.acquire()
		failures := 0
		defer a.net.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Commit && len(c.Ops) == 1 && failures < 3 {
				failures++
				return errNet
			}
			return nil
		}})()
		err := held.Commit(t.Context(), store.Update(docKey("x"), doc{}, "17"))
		require.ErrorIs(t, err, store.ErrConflict)
		require.NotErrorIs(t, err, errNet)
		require.Equal(t, 3, failures)
		w.release(held)
	})
}

func TestOperationsAreTriedAgainInAnOutageUntilTheyLand(t *testing.T) {
	for name, down := range map[string][]string{
		"nothing works":    {storetest.Get, storetest.Commit},
		"only reads work":  {storetest.Commit},
		"only writes work": {storetest.Get},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				a := w.instance("a")
				held := a.acquire()
				start := time.Now()
				defer a.net.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
					for _, m := range down {
						if m == c.Method && time.Since(start) < 40*time.Second {
							return errNet
						}
					}
					return nil
				}})()
				require.NoError(t, held.Commit(t.Context(), put(held, "x", "a")))
				_, wrote := w.doc("x")
				require.True(t, wrote)
				w.release(held)
			})
		})
	}
}

func TestCommitsOfOneLeaseTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.instance("a")
		held := a.acquire()
		inside := 0
		a.net.Inject(storetest.Fault{
			Before: func(_ context.Context, c storetest.Call) error {
				if inside++; inside > 1 {
					t.Error("two at once")
				}
				time.Sleep(time.Millisecond)
				return nil
			},
			After: func(context.Context, storetest.Call) error { inside--; return nil },
		})
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				if err := held.Commit(t.Context(), put(held, string(rune('a'+i)), "a")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		w.release(held)
	})
}

func TestACommitWaitingForItsTurnEndsWithItsContextOrTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.instance("a")
		held := a.acquire()
		defer a.cut()()
		first, second, third := make(chan error, 1), make(chan error, 1), make(chan error, 1)
		go func() { first <- held.Commit(t.Context()) }()
		synctest.Wait()
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() { second <- held.Commit(ctx) }()
		go func() { third <- held.Commit(t.Context()) }()
		synctest.Wait()
		cancel(errNet)
		require.ErrorIs(t, <-second, errNet)
		require.ErrorIs(t, <-third, lock.ErrLost)
		require.ErrorIs(t, <-first, lock.ErrLost)
		require.ErrorIs(t, held.Commit(ctx), lock.ErrLost, "the end of the lease comes before the context's")
	})
}

func TestAnEndedContextSendsNothingAndLeavesNothingOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		held := w.instance("a").acquire()
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errNet)
		err := held.Commit(ctx, put(held, "x", "a"))
		require.ErrorIs(t, err, errNet)
		require.NotErrorIs(t, err, lock.ErrUnknown)
		w.release(held)
		require.ErrorIs(t, held.Commit(t.Context()), lock.ErrReleased)
	})
}

func TestANewCommitSaysThatTheEarlierOneIsUnsettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.instance("a")
		held := a.acquire()
		defer a.cut()()
		require.ErrorIs(t, held.Commit(short(t), put(held, "x", "a")), lock.ErrUnknown)
		err := held.Commit(short(t), put(held, "y", "a"))
		require.NotErrorIs(t, err, lock.ErrUnknown, "nothing of this one was sent")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "unsettled")
		<-held.Context().Done()
	})
}

func TestAHandFromOutsideIsWrittenOverNotObeyed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		held := w.instance("a").acquire()
		// An old process of the system before renews what it takes for its own.
		row := w.row()
		_, err := w.base.Store.Commit(t.Context(), store.Set(lockKey, map[string]any{
			"holderInstanceId": row.HolderInstanceID, "owner": row.Owner, "epoch": row.Epoch, "leaseSec": row.LeaseSec,
			"seq": row.Seq, "note": row.Note, "acquiredAt": row.AcquiredAt, "renewedAt": row.RenewedAt, "ts": row.TS,
			"leaseUntilTs": time.Now().UnixMilli(), "updatedAt": time.Now(),
		}))
		require.NoError(t, err)
		require.NoError(t, held.Commit(t.Context(), put(held, "x", "a")))
		require.Equal(t, w.row().RenewedAt.Add(lease), w.row().LeaseUntil)

		_, err = w.base.Store.Commit(t.Context(), store.Set(lockKey, map[string]any{"owner": 7}))
		require.NoError(t, err)
		err = held.Commit(t.Context())
		require.ErrorIs(t, err, lock.ErrLost)
		var corrupt *lock.CorruptError
		require.ErrorAs(t, err, &corrupt)
		w.release(held)
	})
}

func TestLostErrorNamesTheNextHolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		// a's clock stands still, so that only the row can tell it.
		a, b := w.instance("a", func(o *lock.Options) { o.Lease = lock.MaxLease }), w.instance("b")
		held := a.acquire()
		row := w.row()
		row.HolderInstanceID, row.Owner, row.Epoch, row.LeaseSec = "b", "stolen", 2, 120
		w.clocksLie()
		_, err := w.base.Commit(t.Context(), store.Set(lockKey, row))
		require.NoError(t, err)
		err = held.Commit(t.Context())
		var lost *lock.LostError
		require.ErrorAs(t, err, &lost)
		require.Equal(t, "b", lost.Holder)
		require.EqualValues(t, 2, lost.Epoch)
		require.Equal(t, err, context.Cause(held.Context()))
		require.NoError(t, held.Release(t.Context()))
		require.Equal(t, "stolen", w.row().Owner)
		_ = b
	})
}
