package locktest

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

func replyRules() []rule {
	return []rule{
		{"A grant whose reply is lost is found", grantReply},
		{"A commit whose reply is lost is found and not repeated", commitReply},
		{"A release whose reply is lost is found", releaseReply},
		{"A commit that did not arrive is sent again", commitAgain},
		{"An outcome that stayed unknown is settled by the next commit", unknownIsSettled},
	}
}

var errReply = errors.New("locktest: the reply was lost")

// lose makes the next n commits land without a reply.
func (n *instance) lose(count int64) {
	var left atomic.Int64
	left.Store(count)
	n.net.Inject(storetest.Fault{After: func(_ context.Context, c storetest.Call) error {
		if c.Method == storetest.Commit && left.Add(-1) >= 0 {
			return errReply
		}
		return nil
	}})
}

// drop keeps the next n commits from arriving.
func (n *instance) drop(count int64) {
	var left atomic.Int64
	left.Store(count)
	n.net.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
		if c.Method == storetest.Commit && left.Add(-1) >= 0 {
			return errReply
		}
		return nil
	}})
}

func grantReply(s *suite) {
	a := s.instance("a")
	a.lose(1)
	held := a.acquire()
	require.EqualValues(s, 1, held.Token().Epoch)
	require.Equal(s, held.Token().Owner, s.row().Owner)
	require.NoError(s, held.Commit(s.Context(), s.put(held, "x", 1)))
	s.release(held)
}

func commitReply(s *suite) {
	a := s.instance("a")
	held := a.acquire()
	seq := s.row().Seq
	a.lose(1)
	require.NoError(s, held.Commit(s.Context(), s.put(held, "x", 1)))
	require.Equal(s, seq+1, s.row().Seq, "one attempt is enough")
	x, _ := s.read("x")
	require.EqualValues(s, 1, x.N)
	require.NoError(s, held.Commit(s.Context(), s.put(held, "x", 2)), "and the next one goes on from it")
	s.release(held)
}

func releaseReply(s *suite) {
	a := s.instance("a")
	held := a.acquire()
	a.lose(1)
	s.release(held)
	require.Empty(s, s.row().Owner)
	s.release(s.instance("b").acquire())
}

func commitAgain(s *suite) {
	a := s.instance("a")
	held := a.acquire()
	a.drop(1)
	require.NoError(s, held.Commit(s.Context(), s.put(held, "x", 1)))
	x, _ := s.read("x")
	require.EqualValues(s, 1, x.N)
	a.drop(1)
	s.release(held)
	require.Empty(s, s.row().Owner)
}

func unknownIsSettled(s *suite) {
	a := s.instance("a")
	held := a.acquire()
	for i, arrived := range []bool{true, false} {
		ctx, cancel := context.WithCancel(s.Context())
		end := func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Commit {
				cancel()
				return errReply
			}
			return nil
		}
		fault := storetest.Fault{Before: end}
		if arrived {
			fault = storetest.Fault{After: end}
		}
		remove := a.net.Inject(fault)
		id, note := []string{"x", "y"}[i], []string{"one", "two"}[i]
		err := held.CommitNote(ctx, held.Note(), note, s.put(held, id, 1))
		remove()
		require.ErrorIs(s, err, lock.ErrUnknown)
		require.NoError(s, held.Err())

		require.NoError(s, held.Commit(s.Context()))
		_, wrote := s.read(id)
		require.Equal(s, arrived, wrote)
		require.Equal(s, "one", held.Note(), "the second note never arrived")
		require.Equal(s, "one", s.row().Note)
	}
	s.release(held)
}
