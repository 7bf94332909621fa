package memstore

import (
	"context"

	"github.com/seed-13dc028d/longwatch/store"
)

// Watch implements store.Watcher. A signal waits by the time the Commit that
// caused it returns.
func (s *Store) Watch(ctx context.Context, key store.Key) (<-chan struct{}, error) {
	if err := key.Validate(); err != nil {
		return nil, err
	}
	ch := make(chan struct{}, 1)
	s.mu.Lock()
	if s.watchers[key] == nil {
		s.watchers[key] = make(map[chan struct{}]struct{})
	}
	s.watchers[key][ch] = struct{}{}
	s.mu.Unlock()
	context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watchers[key], ch)
		if len(s.watchers[key]) == 0 {
			delete(s.watchers, key)
		}
		close(ch)
	})
	return ch, nil
}

// wake signals the watchers of key. The caller holds the lock.
func (s *Store) wake(key store.Key) {
	for ch := range s.watchers[key] {
		select {
		case ch <- struct{}{}:
		default: // a signal is waiting already
		}
	}
}
