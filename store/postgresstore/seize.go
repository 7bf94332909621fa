package postgresstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/store"
)

// Whoever waits for a session to end asks for its lock, over and over. The server
// would wake him, too; but a statement that waits for a lock keeps the server from
// clearing away what all others have changed since, for days.
const (
	// defaultSeizeEvery is how often a session is asked for that somebody waits for.
	defaultSeizeEvery = 40 * time.Millisecond
	// breather is how long after the loss of our own connection nobody is taken for
	// dead: what broke it may have broken his, and he has something to say first.
	breather = 10 * time.Second
)

var errStranger = errors.New("the sign is of another database, or from before its server was started")

const (
	sqlTake     = `SELECT CASE WHEN pg_try_advisory_lock_shared($1::bigint) THEN pg_try_advisory_lock($2::bigint) END`
	sqlGiveOne  = `SELECT pg_advisory_unlock_shared($1::bigint)`
	sqlGiveBoth = `SELECT pg_advisory_unlock_shared($1::bigint), pg_advisory_unlock($2::bigint)`
	sqlFree     = `SELECT pg_try_advisory_lock_shared($1::bigint) AND pg_advisory_unlock_shared($1::bigint)`
)

// Seize implements store.Witness. A session of the server ends with its process, on
// whatever host that is; it may end before, and then Seize is wrong. While it waits, the
// server is asked every Options.SeizeEvery, once for each process that is waited for.
func (s *Store) Seize(ctx context.Context, name, mark string, wait bool) (done func(won bool), err error) {
	if done, err = s.seize(ctx, name, mark, wait); err != nil {
		return nil, s.failed(ctx, "look for a sign", err)
	}
	return done, nil
}

func (s *Store) seize(ctx context.Context, name, mark string, wait bool) (done func(won bool), err error) {
	at, session, err := sessionOf(mark)
	for again := false; err == nil; again = true {
		if done, err = s.take(ctx, name, mark, at, session); !errors.Is(err, store.ErrAlive) || !wait {
			return done, err
		}
		if again { // it is somebody else who was told
			pause(ctx, s.seizeEvery)
		}
		err = s.await(ctx, name, mark, at, session)
	}
	return nil, err
}

// take asks once, and once more where the connection turned out to be broken.
func (s *Store) take(ctx context.Context, name, mark string, at server, session int64) (func(won bool), error) {
	for again := true; ; again = false {
		l, err := s.witness(ctx)
		switch {
		case err != nil:
			return nil, err
		case l.server != at:
			return nil, errStranger
		case !s.reserve(name, mark):
			return nil, store.ErrAlive
		}
		give, err := l.take(ctx, session)
		if err == nil {
			return func(bool) { give(); s.unreserve(name) }, nil
		}
		s.unreserve(name)
		if !again || !errors.Is(err, errBroken) || ctx.Err() != nil {
			return nil, err
		}
	}
}

// reserve keeps a sign for one caller in this process. It reports false where another
// one has it, or the sign is this process's own: then it is known to live.
func (s *Store) reserve(name, mark string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if held := s.signs[name]; s.told[name] || held != nil && held.mark == mark {
		return false
	}
	s.told[name] = true
	return true
}

func (s *Store) unreserve(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.told, name)
}

// take takes what shows that a session lives, and what shows that somebody was told
// that it does not; give gives both back. It is store.ErrAlive where that is not to be
// had.
func (l *listener) take(ctx context.Context, session int64) (give func(), err error) {
	taken := false // the listener's goroutine alone asks
	err = l.call(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		var both *bool
		if err := conn.QueryRow(ctx, sqlTake, session, session+1).Scan(&both); err != nil {
			return err
		}
		if taken = both != nil && *both; taken {
			return nil
		}
		if both != nil {
			if _, err := conn.Exec(ctx, sqlGiveOne, session); err != nil {
				return err
			}
		}
		return store.ErrAlive
	})
	give = func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.ask(func(ctx context.Context, conn *pgx.Conn) error {
			if !taken {
				return nil
			}
			_, err := conn.Exec(ctx, sqlGiveBoth, session, session+1)
			return err
		})
	}
	if err != nil {
		give() // it may be had yet, when nobody waits for it
		return nil, err
	}
	return give, nil
}

// peer is the wait for the end of one session, shared by all who wait for it.
type peer struct {
	end     context.CancelFunc
	over    chan struct{} // closed when it has ended, or nothing can be told
	err     error         // read once over is closed
	waiting int           // guarded by the Store's mu
}

// await waits until a sign may have ended, or ctx.
func (s *Store) await(ctx context.Context, name, mark string, at server, session int64) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return errClosed
	}
	if held := s.signs[name]; held != nil && held.mark == mark {
		s.mu.Unlock()
		select {
		case <-held.gone:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	p := s.peers[session]
	if p == nil {
		p = s.startPeer(at, session)
	}
	p.waiting++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if p.waiting--; p.waiting == 0 {
			p.end()
			s.forgetPeer(session, p)
		}
	}()
	select {
	case <-p.over:
		return p.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// startPeer begins to wait for a session. The caller holds mu.
func (s *Store) startPeer(at server, session int64) *peer {
	ctx, end := context.WithCancel(context.Background())
	p := &peer{end: end, over: make(chan struct{}), err: errBroken}
	s.peers[session] = p
	s.waits.Add(1)
	spawn.Start("postgresstore: wait for a process", func() error {
		defer s.waits.Done()
		defer close(p.over)
		p.err = s.outlive(ctx, at, session)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.forgetPeer(session, p)
		return nil
	})
	return p
}

// forgetPeer lets whoever comes next begin anew. The caller holds mu.
func (s *Store) forgetPeer(session int64, p *peer) {
	if s.peers[session] == p {
		delete(s.peers, session)
	}
}

// outlive returns when a session has ended.
func (s *Store) outlive(ctx context.Context, at server, session int64) error {
	for {
		free, err := s.isFree(ctx, at, session)
		switch {
		case err == nil && free:
			return nil
		case err == nil:
			pause(ctx, s.seizeEvery)
		case errors.Is(err, errStranger), errors.Is(err, errors.ErrUnsupported), errors.Is(err, errClosed):
			return err
		default: // the server is away, or was
			pause(ctx, breather)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func (s *Store) isFree(ctx context.Context, at server, session int64) (free bool, err error) {
	l, err := s.witness(ctx)
	if err != nil {
		return false, err
	}
	if l.server != at {
		return false, errStranger
	}
	answer := make(chan bool, 1)
	err = l.call(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		var yes bool
		err := conn.QueryRow(ctx, sqlFree, session).Scan(&yes)
		answer <- yes
		return err
	})
	if err != nil {
		return false, err
	}
	return <-answer, nil
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-ctx.Done()
}
