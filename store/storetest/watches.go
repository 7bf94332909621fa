package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
)

func watchRules() []rule {
	return []rule{
		{"Watch signals each kind of change", watchSignals},
		{"A watch is closed when its context ends", watchCloses},
	}
}

// watch starts a watch, or skips the rule where the store has no such ability.
func (s *suite) watch(ctx context.Context, key store.Key) <-chan struct{} {
	s.Helper()
	w, ok := s.st.(store.Watcher)
	if !ok {
		s.Skipf("the store is no store.Watcher")
		return nil
	}
	ch, err := w.Watch(ctx, key)
	if errors.Is(err, errors.ErrUnsupported) {
		s.Skipf("the store cannot watch as it is configured")
	}
	require.NoError(s, err)
	return ch
}

func watchSignals(s *suite) {
	k := s.key("k")
	ctx, cancel := context.WithCancel(s.Context())
	defer cancel()
	ch, second := s.watch(ctx, k), s.watch(ctx, k)
	for _, op := range []store.Op{store.Create(k, noteAt(1)), store.Set(k, noteAt(2)), store.Delete(k), store.Set(k, noteAt(3))} {
		s.drain(ch)
		s.drain(second)
		s.commit(op, store.Set(s.key("other"), noteAt(0)))
		s.awaitSignal(ch)
		s.awaitSignal(second)
	}
}

// drain takes the signals that wait already; spurious ones are allowed.
func (s *suite) drain(ch <-chan struct{}) {
	s.Helper()
	for {
		select {
		case _, open := <-ch:
			require.True(s, open, "the watch broke")
		default:
			return
		}
	}
}

func (s *suite) awaitSignal(ch <-chan struct{}) {
	s.Helper()
	select {
	case _, open := <-ch:
		require.True(s, open, "the watch broke")
	case <-time.After(s.patience):
		require.FailNow(s, "no signal came after a change")
	}
}

func watchCloses(s *suite) {
	ctx, cancel := context.WithCancel(s.Context())
	defer cancel()
	stays, ends := s.watch(s.Context(), s.key("k")), s.watch(ctx, s.key("k"))
	cancel()
	deadline := time.After(s.patience)
	for open := true; open; {
		select {
		case _, open = <-ends:
		case <-deadline:
			require.FailNow(s, "the watch outlives its context")
		}
	}
	// The other watch of the same document goes on.
	s.drain(stays)
	s.commit(store.Set(s.key("k"), noteAt(1)))
	s.awaitSignal(stays)
}
