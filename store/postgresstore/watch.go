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
	conn, err := s.dial(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed { // meanwhile
		closeConn(ctx, conn)
		return nil, errClosed
	}
	s.listener = startListener(conn, s.signal)
	return s.listener, nil
}

// dial makes a connection that hears notifications. It is the pool's way of making
// one, with all of the host's hooks, but it is no longer the pool's.
func (s *Store) dial(ctx context.Context) (*pgx.Conn, error) {
	for again := true; ; again = false {
		pooled, err := s.watchPool.Acquire(ctx)
		if err != nil {
			return nil, err
		}
		conn := pooled.Hijack()
		err = hear(ctx, conn, s.signal.channel)
		if err == nil {
			return conn, nil
		}
		closeConn(ctx, conn)
		// The pool has not tried a connection that it used a moment ago.
		if !again || ctx.Err() != nil || errors.Is(err, errors.ErrUnsupported) {
			return nil, err
		}
	}
}

// hear makes conn listen, or says why that is of no use.
func hear(ctx context.Context, conn *pgx.Conn, channel string) error {
	var pid uint32
	var standby bool
	if err := conn.QueryRow(ctx, "SELECT pg_backend_pid(), pg_is_in_recovery()").Scan(&pid, &standby); err != nil {
		return err
	}
	switch {
	case pid != conn.PgConn().PID():
		// LISTEN would succeed there, and nobody would ever be heard.
		return fmt.Errorf("a pooler is in between; Options.WatchPool goes past it: %w", errors.ErrUnsupported)
	case standby:
		return fmt.Errorf("a standby hears nobody: %w", errors.ErrUnsupported)
	}
	// Who waits for one lock keeps all others waiting; and who listens is idle.
	_, err := conn.PgConn().Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()+`;
		SET lock_timeout = '1s';
		SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN ('idle_session_timeout', 'statement_timeout')`).ReadAll()
	return err
}
