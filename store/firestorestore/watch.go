package firestorestore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/store"
)

// Watch implements store.Watcher with a listener on the document, on
// Options.WatchClient. It is billed as one read at its start and one for each
// change. A listener goes on by itself after a lost connection, and is deaf
// meanwhile: without keepalive a silent loss may last long, so poll as well.
func (s *Store) Watch(ctx context.Context, key store.Key) (<-chan struct{}, error) {
	if err := key.Validate(); err != nil {
		return nil, err
	}
	if s.watcher == nil {
		return nil, fmt.Errorf("firestorestore: watch without Options.WatchClient: %w", errors.ErrUnsupported)
	}
	ctx, end := context.WithCancelCause(withTrail(ctx))
	silence := time.AfterFunc(s.timeout, func() { end(context.DeadlineExceeded) }) //nolint:forbidigo // the network's time, as in context.WithTimeout
	it := reference(s.watcher, key).Snapshots(ctx)
	// The first snapshot is the state now: later changes cannot be missed.
	_, err := it.Next()
	if !silence.Stop() || err != nil {
		it.Stop()
		if err == nil { // at the very last moment, and the listener is gone
			err = context.DeadlineExceeded
		}
		err = failed(ctx, "watch "+key.String(), err)
		end(nil)
		return nil, err
	}
	changed := make(chan struct{}, 1)
	spawn.Start("firestorestore: watch", func() error {
		defer close(changed) // the last of all
		defer end(nil)
		defer it.Stop()
		// The SDK checks itself with panics while it follows a stream. A hint is
		// not worth the host's life.
		for {
			if _, err := it.Next(); err != nil {
				return err
			}
			select {
			case changed <- struct{}{}:
			default: // a signal is waiting already
			}
		}
	})
	return changed, nil
}
