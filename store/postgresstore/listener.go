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

// request asks the listener to take or give back a shared lock.
type request struct {
	watch *watch
	give  bool
	done  chan error // buffered
}

// listener is the connection that hears of changes, and its one goroutine.
type listener struct {
	signal signal
	end    context.CancelFunc // ends the goroutine
	ended  chan struct{}      // closed behind all else

	mu        sync.Mutex
	broken    bool
	watches   map[int32]map[*watch]struct{}
	pending   []request
	interrupt context.CancelFunc // wakes the goroutine; nil while it is awake
}

func startListener(conn *pgx.Conn, s signal) *listener {
	ctx, end := context.WithCancel(context.Background())
	l := &listener{signal: s, end: end, ended: make(chan struct{}), watches: make(map[int32]map[*watch]struct{})}
	spawn.Start("postgresstore: listen", func() error {
		defer close(l.ended)
		defer l.finish()
		defer closeConn(ctx, conn)
		return l.run(ctx, conn)
	})
	return l
}

// stop ends the listener and waits for it.
func (l *listener) stop() {
	l.end()
	<-l.ended
}

func (l *listener) isBroken() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.broken
}

// watch starts to wait for a document, until ctx ends.
func (l *listener) watch(ctx context.Context, number int32) (<-chan struct{}, error) {
	w := &watch{number: number, changed: make(chan struct{}, 1)}
	taken := make(chan error, 1)
	l.mu.Lock()
	if l.broken {
		l.mu.Unlock()
		return nil, errBroken
	}
	if l.watches[number] == nil {
		l.watches[number] = make(map[*watch]struct{})
	}
	l.watches[number][w] = struct{}{}
	l.ask(request{watch: w, done: taken})
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

// ask hands a request to the goroutine. The caller holds mu.
func (l *listener) ask(r request) {
	l.pending = append(l.pending, r)
	if l.interrupt != nil {
		l.interrupt()
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
	l.ask(request{watch: w, give: true, done: make(chan error, 1)})
}

// finish closes what is left when the connection is gone.
func (l *listener) finish() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.broken = true
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

// lockTimeout bounds a round trip for a lock: the server waits for one second.
const lockTimeout = 10 * time.Second

// serve takes a shared lock or gives it back. Any error but errBroken leaves the
// connection as it was.
func (l *listener) serve(ctx context.Context, conn *pgx.Conn, r request) error {
	sql := "SELECT pg_advisory_lock_shared($1::int, $2::int)"
	switch {
	case r.give && !r.watch.held:
		return nil
	case r.give:
		sql = "SELECT pg_advisory_unlock_shared($1::int, $2::int)"
	}
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	_, err := conn.Exec(ctx, sql, l.signal.class, r.watch.number)
	switch {
	case err == nil:
		r.watch.held = !r.give
		return nil
	case conn.IsClosed():
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
