package locktest

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store"
)

func commitRules() []rule {
	return []rule{
		{"A commit applies its operations and renews", commitApplies},
		{"A commit without operations renews", commitRenews},
		{"An overtaken leader writes nothing and learns who leads", overtakenWritesNothing},
		{"A lease that was released writes nothing", releasedWritesNothing},
		{"Refused operations leave nothing and cost no lease", refusedCostsNothing},
		{"Commits of one lease from many goroutines all land", commitsTakeTurns},
		{"The note moves with its commit and is handed on", noteMoves},
	}
}

func commitApplies(s *suite) {
	held := s.instance("a").acquire()
	before := s.row()
	require.NoError(s, held.Commit(s.Context(), s.put(held, "x", 1), s.put(held, "y", 2)))
	x, _ := s.read("x")
	y, _ := s.read("y")
	require.EqualValues(s, 1, x.N)
	require.EqualValues(s, 2, y.N)
	after := s.row()
	require.Greater(s, after.Seq, before.Seq)
	require.Equal(s, before.Owner, after.Owner)
	require.Equal(s, before.Epoch, after.Epoch)
	require.Equal(s, before.AcquiredAt, after.AcquiredAt)

	require.NoError(s, held.Commit(s.Context(), store.Delete(s.docKey("x")), s.put(held, "y", 3)))
	s.absent("x")
	y, _ = s.read("y")
	require.EqualValues(s, 3, y.N)
	s.release(held)
}

func commitRenews(s *suite) {
	held := s.instance("a").acquire()
	last, err := s.st.Get(s.Context(), s.key())
	require.NoError(s, err)
	for range 5 {
		require.NoError(s, held.Commit(s.Context()))
		rec, err := s.st.Get(s.Context(), s.key())
		require.NoError(s, err)
		require.NotEqual(s, last.Version, rec.Version, "a follower would not see that it was renewed")
		require.False(s, rec.UpdateTime.Before(last.UpdateTime))
		last = rec
	}
	s.release(held)
}

func overtakenWritesNothing(s *suite) {
	a, b := s.instance("a"), s.instance("b")
	held := a.acquire()
	require.NoError(s, held.Commit(s.Context(), s.put(held, "x", 1)))
	b.aged.age(lease)
	taken := b.acquire()
	before := s.row()

	require.NoError(s, held.Err(), "it cannot know yet")
	err := held.Commit(s.Context(), s.put(held, "x", 2), s.put(held, "y", 2))
	require.ErrorIs(s, err, lock.ErrLost)
	var lost *lock.LostError
	require.ErrorAs(s, err, &lost)
	require.Equal(s, held.Token(), lost.Token)
	require.Equal(s, "b", lost.Holder)
	require.EqualValues(s, 2, lost.Epoch)
	require.ErrorIs(s, held.Err(), lock.ErrLost)
	require.ErrorIs(s, context.Cause(held.Context()), lock.ErrLost)

	x, _ := s.read("x")
	require.EqualValues(s, 1, x.N)
	s.absent("y")
	require.NoError(s, held.Release(s.Context()))
	require.Equal(s, before, s.row(), "the new leader's row stands")
	require.NoError(s, taken.Commit(s.Context(), s.put(taken, "x", 3)))
	s.release(taken)
}

func releasedWritesNothing(s *suite) {
	held := s.instance("a").acquire()
	s.release(held)
	before := s.row()
	require.ErrorIs(s, held.Commit(s.Context(), s.put(held, "x", 1)), lock.ErrReleased)
	s.absent("x")
	require.Equal(s, before, s.row())
}

func refusedCostsNothing(s *suite) {
	held := s.instance("a").acquire()
	require.NoError(s, held.Commit(s.Context(), s.put(held, "x", 1)))
	type unstorable struct {
		N uint64 `json:"n" firestore:"n"`
	}
	for name, c := range map[string]struct {
		op   store.Op
		want error
	}{
		"a document that is there": {store.Create(s.docKey("x"), doc{N: 9}), store.ErrConflict},
		"a version that is past":   {store.Update(s.docKey("x"), doc{N: 9}, "0"), store.ErrConflict},
		"a value that cannot be":   {store.Set(s.docKey("x"), unstorable{}), store.ErrInvalid},
		"a document too large":     {store.Set(s.docKey("x"), map[string]any{"n": strings.Repeat("n", 2<<20)}), store.ErrInvalid},
	} {
		seq := s.row().Seq
		require.ErrorIs(s, held.Commit(s.Context(), s.put(held, "y", 9), c.op), c.want, name)
		require.NoError(s, held.Err(), name)
		require.Greater(s, s.row().Seq, seq, "%s: renewed without it", name)
		s.absent("y")
	}
	x, _ := s.read("x")
	require.EqualValues(s, 1, x.N)
	require.NoError(s, held.Commit(s.Context(), s.put(held, "x", 2)))
	s.release(held)
}

func commitsTakeTurns(s *suite) {
	const goroutines, each = 4, 8
	held := s.instance("a").acquire()
	before := s.row().Seq
	errs := make([]error, goroutines)
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range each {
				if err := held.Commit(s.Context(), s.put(held, fmt.Sprintf("%d-%d", g, i), int64(i))); err != nil {
					errs[g] = err
					return
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(s, err)
	}
	for g := range goroutines {
		for i := range each {
			_, ok := s.read(fmt.Sprintf("%d-%d", g, i))
			require.True(s, ok)
		}
	}
	require.GreaterOrEqual(s, s.row().Seq, before+goroutines*each)
	s.release(held)
}

func noteMoves(s *suite) {
	a, b, c := s.instance("a"), s.instance("b"), s.instance("c")
	held := a.acquire()
	require.Empty(s, held.Note())
	require.NoError(s, held.CommitNote(s.Context(), held.Note(), "one", s.put(held, "x", 1)))
	require.ErrorIs(s, held.CommitNote(s.Context(), held.Note(), "two", store.Create(s.docKey("x"), doc{})), store.ErrConflict)
	require.Equal(s, "one", held.Note())
	require.NoError(s, held.Commit(s.Context(), s.put(held, "x", 2)))
	require.Equal(s, "one", s.row().Note)
	s.release(held)

	held = b.acquire()
	require.Equal(s, "one", held.Note())
	require.NoError(s, held.CommitNote(s.Context(), held.Note(), strings.Repeat("2", lock.MaxNote)))
	c.aged.age(lease)
	held = c.acquire()
	require.Equal(s, strings.Repeat("2", lock.MaxNote), held.Note())
	require.ErrorIs(s, held.CommitNote(s.Context(), held.Note(), strings.Repeat("3", lock.MaxNote+1)), store.ErrInvalid)
	s.release(held)
}
