package turnstile

import (
	"container/list"
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// Connections keeps a server from having more than a few open. One more closes
// the one that has waited longest for its caller: for its first request or the
// next one, for headers, for a body, for a reply to be taken. One that is being
// worked for is never closed; where all are, the new one is.
//
// So whoever holds connections open without a word holds none for long when
// others come. Each has grace all the same: where all came a moment ago, the next
// one is let in when the first of them has had it. One that has said something
// which the server had no time to read yet does not wait for its caller.
type Connections struct {
	most  int
	grace time.Duration
	freed chan struct{} // has one when a connection was closed

	mu      sync.Mutex
	open    map[net.Conn]*connection
	waiting *list.List // of *connection, who has waited longest first
}

type connection struct {
	all     *Connections
	conn    net.Conn
	since   time.Time     // when it began to wait
	handled int           // requests that a handler has
	works   int           // those of them that are worked for
	place   *list.Element // in waiting; nil while it is worked for
}

// NewConnections bounds them to most, and leaves each open for grace.
func NewConnections(most int, grace time.Duration) *Connections {
	return &Connections{most: most, grace: grace, freed: make(chan struct{}, 1), open: map[net.Conn]*connection{}, waiting: list.New()}
}

// Bound puts the bound on a server that was not started yet.
func (cs *Connections) Bound(server *http.Server) {
	server.ConnContext = cs.opened
	server.ConnState = cs.changed
	server.Handler = cs.working(server.Handler)
}

type connectionKey struct{}

func (cs *Connections) opened(ctx context.Context, conn net.Conn) context.Context {
	c := &connection{all: cs, conn: conn, since: time.Now()}
	cs.mu.Lock()
	cs.open[conn] = c
	c.place = cs.waiting.PushBack(c)
	cs.mu.Unlock()
	for {
		surplus, wait := cs.surplus()
		switch {
		case surplus != nil:
			hangUp(surplus)
		case wait == 0:
			return context.WithValue(ctx, connectionKey{}, c)
		default: // here, so that the server accepts no other meanwhile
			timer := time.NewTimer(wait)
			select {
			case <-timer.C:
			case <-cs.freed:
			}
			timer.Stop()
		}
	}
}

// maxBehind is how long a server may be behind with reading before a connection
// is no longer spared for that.
const maxBehind = 5 * time.Second

// surplus takes out the connection that is to be closed, or returns how long to
// wait for one. Both are nothing where there is room.
func (cs *Connections) surplus() (conn net.Conn, wait time.Duration) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if len(cs.open) <= cs.most {
		return nil, 0
	}
	for e := cs.waiting.Front(); e != nil; e = e.Next() {
		c, _ := e.Value.(*connection)
		waited := time.Since(c.since)
		if waited < cs.grace {
			return nil, cs.grace - waited
		}
		if c.handled > 0 || waited > maxBehind || !unread(below(c.conn)) {
			cs.forget(c.conn)
			return c.conn, 0
		}
	}
	return nil, cs.grace
}

// hangUp closes without a word: to say goodbye over TLS could take its time.
func hangUp(conn net.Conn) { _ = below(conn).Close() } // it is given up

// below is the connection that one over TLS lies on.
func below(conn net.Conn) net.Conn {
	if upper, ok := conn.(interface{ NetConn() net.Conn }); ok {
		return upper.NetConn()
	}
	return conn
}

// changed forgets what is closed, or no longer the server's.
func (cs *Connections) changed(conn net.Conn, state http.ConnState) {
	if state == http.StateClosed || state == http.StateHijacked {
		cs.mu.Lock()
		defer cs.mu.Unlock()
		cs.forget(conn)
	}
}

// forget is called with mu held.
func (cs *Connections) forget(conn net.Conn) {
	if c := cs.open[conn]; c != nil {
		delete(cs.open, conn)
		if c.place != nil {
			cs.waiting.Remove(c.place)
			c.place = nil
		}
		select {
		case cs.freed <- struct{}{}:
		default:
		}
	}
}

// Len returns how many are open.
func (cs *Connections) Len() int {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return len(cs.open)
}

// work notes that so many more requests are in a handler's hands, and that one
// more of them is worked for, or with -1 one less.
func (c *connection) work(handled, n int) {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	c.handled += handled
	c.works += n
	switch {
	case c.all.open[c.conn] != c: // it was given up
	case c.works > 0 && c.place != nil:
		c.all.waiting.Remove(c.place)
		c.place = nil
	case c.works == 0 && c.place == nil:
		c.place, c.since = c.all.waiting.PushBack(c), time.Now()
	}
}

// wait notes that nothing is worked while do waits for the caller.
func (c *connection) wait(do func()) {
	c.work(0, -1)
	defer c.work(0, 1)
	do()
}

// working notes what is worked for while next handles it.
func (cs *Connections) working(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := r.Context().Value(connectionKey{}).(*connection)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		c.work(1, 1)
		defer c.work(-1, -1)
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = &body{r.Body, c}
		}
		next.ServeHTTP(&writer{w, c}, r)
	})
}

type body struct {
	io.ReadCloser
	c *connection
}

func (b *body) Read(p []byte) (n int, err error) {
	b.c.wait(func() { n, err = b.ReadCloser.Read(p) })
	return n, err
}

// writer is what a handler writes to. What else the server's own can do is found
// by an http.ResponseController.
type writer struct {
	http.ResponseWriter
	c *connection
}

func (w *writer) Write(p []byte) (n int, err error) {
	w.c.wait(func() { n, err = w.ResponseWriter.Write(p) })
	return n, err
}

// FlushError implements what an http.ResponseController looks for.
func (w *writer) FlushError() (err error) {
	w.c.wait(func() { err = http.NewResponseController(w.ResponseWriter).Flush() })
	return err
}

// Flush implements http.Flusher.
func (w *writer) Flush() { _ = w.FlushError() } // as a Flusher it has no way to tell

// Unwrap returns the server's own.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
