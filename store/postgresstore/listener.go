package postgresstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
)

// errBroken says that the listener has ended.
var errBroken = errors.New("the connection that listens is broken")

// watch is one that waits for a document.
type watch struct {
	number  int32
	changed chan struct{}
	held    bool // the shared lock is taken; the listener's goroutine alone asks
}

// request asks the listener for what is one short round trip on its connection.
type request struct {
	do   func(ctx context.Context, conn *pgx.Conn) error
	done chan error // buffered
}

// listener is the connection that hears of changes and shows that this process
// lives, and its one goroutine.
type listener struct {
	signal signal
	server server
	end    context.CancelFunc // ends the goroutine
	broken chan struct{}      // closed as soon as the connection is of no more use
	ended  chan struct{}      // closed behind all else

	mu        sync.Mutex
	session   int64 // the advisory lock that shows this process lives; 0: it is given back
	signs     int   // how many rely on it
	watches   map[int32]map[*watch]struct{}
	pending   []request
	interrupt context.CancelFunc // wakes the goroutine; nil while it is awake
}

func startListener(line line, s signal) *listener {
	ctx, end := context.WithCancel(context.Background())
	l := &listener{
		signal: s, server: line.server, session: line.session, end: end,
		broken: make(chan struct{}), ended: make(chan struct{}), watches: make(map[int32]map[*watch]struct{}),
	}
	spawn.Start("postgresstore: listen", func() error {
		defer close(l.ended)
		defer closeConn(ctx, line.conn)
		defer l.finish()
		return l.run(ctx, line.conn)
	})
	return l
}

// stop ends the listener and waits for it.
func (l *listener) stop() {
	l.end()
	<-l.ended
}

func (l *listener) isBroken() bool {
	select {
	case <-l.broken:
		return true
	default:
		return false
	}
}

// watch starts to wait for a document, until ctx ends.
func (l *listener) watch(ctx context.Context, number int32) (<-chan struct{}, error) {
	w := &watch{number: number, changed: make(chan struct{}, 1)}
	l.mu.Lock()
	if l.isBroken() {
		l.mu.Unlock()
		return nil, errBroken
	}
	if l.watches[number] == nil {
		l.watches[number] = make(map[*watch]struct{})
	}
	l.watches[number][w] = struct{}{}
	taken := l.ask(func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "SELECT pg_advisory_lock_shared($1::int, $2::int)", l.signal.class, w.number)
		w.held = err == nil
		return err
	})
	l.mu.Unlock()
	// In this order: what ends a watch asks for its lock to be given back.
	context.AfterFunc(ctx, func() { l.forget(w) })
	select {
	case err := <-taken:
		if err != nil {
			l.forget(w)
			return nil, err
		}
		return w.changed, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// ask hands a request to the goroutine, and returns where the answer will be. The
// caller holds mu.
func (l *listener) ask(do func(context.Context, *pgx.Conn) error) <-chan error {
	r := request{do: do, done: make(chan error, 1)}
	if l.isBroken() {
		r.done <- errBroken
		return r.done
	}
	l.pending = append(l.pending, r)
	if l.interrupt != nil {
		l.interrupt()
	}
	return r.done
}

// call is ask, and waits for the answer.
func (l *listener) call(ctx context.Context, do func(context.Context, *pgx.Conn) error) error {
	l.mu.Lock()
	done := l.ask(do)
	l.mu.Unlock()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// forget ends a watch, unless it has ended.
func (l *listener) forget(w *watch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, open := l.watches[w.number][w]; !open {
		return
	}
	delete(l.watches[w.number], w)
	if len(l.watches[w.number]) == 0 {
		delete(l.watches, w.number)
	}
	close(w.changed)
	l.ask(func(ctx context.Context, conn *pgx.Conn) error {
		if !w.held {
			return nil
		}
		_, err := conn.Exec(ctx, "SELECT pg_advisory_unlock_shared($1::int, $2::int)", l.signal.class, w.number)
		return err
	})
}

// finish closes what is left when the connection is gone.
func (l *listener) finish() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.broken)
	for _, r := range l.pending {
		r.done <- errBroken
	}
	l.pending = nil
	for number, watches := range l.watches {
		for w := range watches {
			close(w.changed)
		}
		delete(l.watches, number)
	}
}

// run listens until ctx ends or the connection breaks.
func (l *listener) run(ctx context.Context, conn *pgx.Conn) error {
	for {
		for {
			r, more := l.next()
			if !more {
				break
			}
			err := l.serve(ctx, conn, r)
			r.done <- err
			if errors.Is(err, errBroken) {
				return err
			}
		}
		if err := l.hear(ctx, conn); err != nil {
			return err
		}
	}
}

func (l *listener) next() (r request, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.pending) == 0 {
		return r, false
	}
	r = l.pending[0]
	l.pending = l.pending[1:]
	return r, true
}

// requestTimeout bounds the round trip of a request: the server waits for a lock for
// one second.
const requestTimeout = 10 * time.Second

// serve does what was asked for. Any error but errBroken leaves the connection as it
// was.
func (l *listener) serve(ctx context.Context, conn *pgx.Conn, r request) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	err := r.do(ctx, conn)
	if err != nil && conn.IsClosed() {
		return fmt.Errorf("%w: %w", errBroken, err)
	}
	return err
}

// hear waits for one notification, or until somebody asks for a lock.
func (l *listener) hear(ctx context.Context, conn *pgx.Conn) error {
	waiting, interrupt := context.WithCancel(ctx)
	defer interrupt()
	l.mu.Lock()
	if len(l.pending) > 0 {
		l.mu.Unlock()
		return nil
	}
	l.interrupt = interrupt
	l.mu.Unlock()
	heard, err := conn.WaitForNotification(waiting)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.interrupt = nil
	if err != nil {
		if ctx.Err() == nil && waiting.Err() != nil && !conn.IsClosed() {
			return nil // interrupted
		}
		return fmt.Errorf("%w: %w", errBroken, err)
	}
	numbers, ok := []int32(nil), false
	if heard != nil { // else the host's own handler has it
		numbers, ok = numbersIn(heard.Payload)
	}
	if !ok {
		for number := range l.watches {
			numbers = append(numbers, number)
		}
	}
	for _, number := range numbers {
		for w := range l.watches[number] {
			select {
			case w.changed <- struct{}{}:
			default: // a signal is waiting already
			}
		}
	}
	return nil
}
