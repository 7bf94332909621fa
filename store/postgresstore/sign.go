package postgresstore

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// A session of the server ends with the process that has it, however that ends; and
// with it the advisory locks that it holds. So the listener's session holds one on a
// number that is nobody else's, for all signs of the Store, and whoever can take that
// one knows that it is gone. The number after it is taken by who was told so, alone.

// newSession is the number of a new session: even, and never zero.
func newSession() int64 {
	var b [8]byte
	_, _ = rand.Read(b[:])                             // never fails
	return int64(binary.BigEndian.Uint64(b[:])&^1 | 2) //nolint:gosec // the bits are what counts
}

// markOf is what the holder of a session says of it.
func markOf(at server, session int64) string {
	return fmt.Sprintf("session %d %d %d", at.started, at.database, session)
}

// sessionOf reads a mark, which may come from anywhere.
func sessionOf(mark string) (at server, session int64, err error) {
	_, err = fmt.Sscanf(mark, "session %d %d %d", &at.started, &at.database, &session)
	if err != nil || mark != markOf(at, session) || session&1 != 0 {
		return at, 0, errors.New("the sign is no session of a server")
	}
	return at, session, nil
}

// sign is one that this Store holds.
type sign struct {
	on   *listener
	mark string
	gone chan struct{} // closed when its end was called
}

// Hold implements store.Witness, with the connection that Watch has, which is made
// where there is none: the sign lasts as long as that connection does, or the Store.
// Where nothing can be watched, it is errors.ErrUnsupported. A sign that ended without
// being spent is told of once the Store holds no other one.
func (s *Store) Hold(ctx context.Context, name string) (mark string, end func(spent bool), err error) {
	l, err := s.witness(ctx)
	if err == nil {
		mark, err = l.sign(ctx)
	}
	if err != nil {
		return "", nil, s.failed(ctx, "sign", err)
	}
	held := &sign{on: l, mark: mark, gone: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.signs[name] != nil {
		l.unsign(true)
		return "", nil, errors.New("postgresstore: sign: there is one of this name")
	}
	s.signs[name] = held
	return mark, func(spent bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.signs[name] == held {
			delete(s.signs, name)
			close(held.gone)
			l.unsign(spent)
		}
	}, nil
}

// Lapsed implements store.Lapser: the connection may break.
func (s *Store) Lapsed(name string) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if held := s.signs[name]; held != nil {
		return held.on.broken
	}
	return nil
}

// witness returns the listener, for what is not watching.
func (s *Store) witness(ctx context.Context) (*listener, error) {
	if s.watchPool == nil {
		return nil, fmt.Errorf("with Options.NoWatch: %w", errors.ErrUnsupported)
	}
	return s.listen(ctx)
}

// sign counts one more, and returns the mark of the session.
func (l *listener) sign(ctx context.Context) (string, error) {
	l.mu.Lock()
	l.signs++
	session := l.session
	l.mu.Unlock()
	if session != 0 {
		return markOf(l.server, session), nil
	}
	err := l.call(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		l.mu.Lock()
		session = l.session
		l.mu.Unlock()
		if session != 0 {
			return nil // another one was quicker
		}
		session = newSession()
		if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1::bigint)", session); err != nil {
			return err
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.session = session
		return nil
	})
	if err != nil {
		l.unsign(true)
		return "", err
	}
	return markOf(l.server, session), nil
}

// unsign counts one less. Where it was the last one, and some row still names it, the
// session gives back what shows that it lives.
func (l *listener) unsign(spent bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.signs--
	if l.signs > 0 || spent || l.session == 0 {
		return
	}
	session := l.session
	l.session = 0
	l.ask(func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "SELECT pg_advisory_unlock($1::bigint)", session)
		return err
	})
}
