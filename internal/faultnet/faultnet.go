// Package faultnet is a TCP proxy for tests that stands between a client and a
// server on this machine and fails as networks do. It knows nothing of packets:
// no reordering, no corruption, no half-open handshake; and a connection that is
// made while everything is held back does open, where a real one would not.
//
//	p := faultnet.New(t, serverAddr)
//	client.Dial(p.Addr())
//	p.LoseReplies()  // what the client asks for is done, and it never hears of it
//	…
//	p.Heal()
//
// Faults may be set at any time, from any goroutine; the latest one of a kind
// holds. Nothing is random and nothing depends on time.
package faultnet

import (
	"context"
	"net"
	"sync"
	"testing"
)

// Direction is the way in which bytes travel.
type Direction int

// The directions, from the client's point of view.
const (
	Requests Direction = iota // from the client to the server
	Replies                   // from the server to the client
)

// fate is what becomes of bytes that arrive.
type fate int

const (
	pass fate = iota
	hold      // kept, and delivered when healed
	lose      // swallowed: the connection can never be whole again
	gone      // the connection ended while they waited
)

// Proxy forwards connections to one server. It is safe for concurrent use.
type Proxy struct {
	tb           testing.TB
	addr, target string
	ctx          context.Context // the proxy's own life, for dialling
	wg           sync.WaitGroup

	mu       sync.Mutex
	changed  *sync.Cond // a fault was set or healed, or a link ended
	listener net.Listener
	fates    [2]fate
	links    map[*link]struct{}
	stats    Stats
}

// Stats is what a Proxy has seen.
type Stats struct {
	// Accepted counts the connections of clients, and Open those that have not
	// ended.
	Accepted, Open int
	// Requests and Replies count the bytes that were forwarded, Lost those that
	// LoseReplies or LoseRequests swallowed.
	Requests, Replies, Lost int64
}

// New starts a proxy to target, a host:port, on a free port of the loopback. It
// ends with the test, and its connections with it.
func New(tb testing.TB, target string) *Proxy {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := &Proxy{tb: tb, target: target, ctx: ctx, links: make(map[*link]struct{})}
	p.changed = sync.NewCond(&p.mu)
	tb.Cleanup(func() {
		cancel()
		p.Refuse()
		p.Reset()
		p.wg.Wait()
	})
	p.listen("127.0.0.1:0")
	if p.listener == nil {
		tb.FailNow()
	}
	p.addr = p.listener.Addr().String()
	return p
}

// Addr is where clients connect to, host:port. It stays the same.
func (p *Proxy) Addr() string { return p.addr }

// Stats returns what the proxy has seen so far.
func (p *Proxy) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.Open = len(p.links)
	return s
}

// listen opens the port and accepts on it until it is closed.
func (p *Proxy) listen(addr string) {
	p.tb.Helper()
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
	if err != nil {
		p.tb.Errorf("faultnet: listen on %s: %v", addr, err)
		return
	}
	p.mu.Lock()
	p.listener = l
	p.mu.Unlock()
	p.wg.Go(func() { p.accept(l) })
}

func (p *Proxy) accept(l net.Listener) {
	for {
		client, err := l.Accept()
		if err != nil {
			return // closed
		}
		p.wg.Go(func() { p.join(client) })
	}
}

// join connects a client to the server and carries their bytes until one end
// is gone.
func (p *Proxy) join(client net.Conn) {
	server, err := new(net.Dialer).DialContext(p.ctx, "tcp", p.target)
	if err != nil {
		abort(client)
		return
	}
	l := &link{ends: [2]net.Conn{client, server}}
	p.mu.Lock()
	if p.ctx.Err() != nil { // the test is over: Reset did not see this one
		p.mu.Unlock()
		l.abort()
		return
	}
	p.links[l] = struct{}{}
	p.stats.Accepted++
	p.mu.Unlock()

	p.wg.Go(func() { p.pump(l, Replies) })
	p.pump(l, Requests)
}
