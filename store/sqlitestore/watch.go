package sqlitestore

import (
	"context"
	"os"
	"time"

	"github.com/seed-13dc028d/longwatch/store"
)

// settle is how long after a change the -wal file's times may stand still
// although it changes again: a file system stamps by the kernel's tick, of
// 10 ms at the most.
const settle = 25 * time.Millisecond

// Watch implements store.Watcher. A change by this Store is signalled at once
// and for its key. A change by another process, or by another Store of this
// one, is signalled within Options.WatchEvery, for every key, and twice.
func (s *Store) Watch(ctx context.Context, key store.Key) (<-chan struct{}, error) {
	if err := key.Validate(); err != nil {
		return nil, err
	}
	ch := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, s.fail("watch", errClosed)
	}
	if s.watchers[key] == nil {
		s.watchers[key] = make(map[chan struct{}]struct{})
	}
	s.watchers[key][ch] = struct{}{}
	// The first look is taken before Watch returns: what changes from now on
	// is a change.
	last := s.look()
	s.watches.Go("sqlitestore: watch", func() error {
		defer close(ch)
		defer s.forget(key, ch)
		s.watch(ctx, ch, last)
		return nil
	})
	return ch, nil
}

// watch signals until ctx ends or the Store closes.
func (s *Store) watch(ctx context.Context, ch chan struct{}, last fileState) {
	var tick <-chan time.Time
	if s.watchEvery > 0 {
		ticker := s.clock.Ticker(s.watchEvery)
		defer ticker.Stop()
		tick = ticker.C
	}
	var again time.Time // when to signal once more; zero when not
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.closing:
			return
		case now := <-tick:
			switch state := s.look(); {
			case state != last:
				last, again = state, now.Add(settle)
				signal(ch)
			case !again.IsZero() && !now.Before(again):
				again = time.Time{}
				signal(ch)
			}
		}
	}
}

// fileState changes with every commit of any process, but see settle.
type fileState struct {
	size     int64
	modified time.Time
}

// look costs one system call. A missing file is a state like others.
func (s *Store) look() fileState {
	info, err := os.Stat(s.path + "-wal")
	if err != nil {
		return fileState{}
	}
	return fileState{size: info.Size(), modified: info.ModTime()}
}

func (s *Store) forget(key store.Key, ch chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.watchers[key], ch)
	if len(s.watchers[key]) == 0 {
		delete(s.watchers, key)
	}
}

// wake signals the watchers of what a Commit has changed.
func (s *Store) wake(ops []store.Op) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, op := range ops {
		for ch := range s.watchers[op.Key] {
			signal(ch)
		}
	}
}

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default: // one is waiting already
	}
}
