package postgresstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/seed-13dc028d/longwatch/store"
)

var errClosed = errors.New("store is closed")

// Watch implements store.Watcher with LISTEN, on one connection for all watches of
// the Store. It is made at the first of them and kept until Close. When it breaks
// all channels are closed, and the next Watch makes another: nothing is done about
// that in the background. Behind a pooler and on a standby Watch returns
// errors.ErrUnsupported. To start a watch is one round trip.
func (s *Store) Watch(ctx context.Context, key store.Key) (<-chan struct{}, error) {
	if err := key.Validate(); err != nil {
		return nil, err
	}
	if s.watchPool == nil {
		return nil, fmt.Errorf("postgresstore: watch with Options.NoWatch: %w", errors.ErrUnsupported)
	}
	for again := true; ; again = false {
		l, err := s.listen(ctx)
		if err != nil {
			return nil, s.failed(ctx, "watch "+key.String(), err)
		}
		changed, err := l.watch(ctx, numberOf(key))
		if err == nil {
			return changed, nil
		}
		// The connection may have been dead for long without anybody's noticing.
		if !again || !errors.Is(err, errBroken) || ctx.Err() != nil {
			return nil, s.failed(ctx, "watch "+key.String(), err)
		}
	}
}

// listen returns the listener that runs, or starts one.
func (s *Store) listen(ctx context.Context) (*listener, error) {
	select {
	case s.dialling <- struct{}{}:
		defer func() { <-s.dialling }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s.mu.Lock()
	l, closed := s.listener, s.closed
	s.mu.Unlock()
	if closed {
		return nil, errClosed
	}
	if l != nil && !l.isBroken() {
		return l, nil
	}
	var err error
	line := line{session: newSession()}
	// Who waits for one lock keeps all others waiting.
	line.conn, line.server, err = s.dial(ctx, fmt.Sprintf("LISTEN %s; SET lock_timeout = '1s'; SELECT pg_advisory_lock(%d)",
		pgx.Identifier{s.signal.channel}.Sanitize(), line.session))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed { // meanwhile
		closeConn(ctx, line.conn)
		return nil, errClosed
	}
	s.listener = startListener(line, s.signal)
	return s.listener, nil
}
