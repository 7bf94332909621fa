package whatsapptest

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
)

// wire is a client's network connection, as the server holds it.
type wire struct {
	net.Conn
	frozen atomic.Bool
}

// freeze makes bytes vanish in both directions from now on. The client is told
// nothing: its writes succeed and its reads wait, as behind a router that
// forgot the connection. A client that closes it does not wait for an answer to that on a
// pipe: it holds a lock meanwhile, and a bubble's time stands still for as long as
// another goroutine of it waits for a lock.
func (w *wire) freeze() { w.frozen.Store(true) }

// Read goes on reading a frozen connection, or the writes of a client on a pipe
// would block, which no network does so soon.
func (w *wire) Read(p []byte) (int, error) {
	for {
		n, err := w.Conn.Read(p)
		if err != nil || !w.frozen.Load() {
			return n, err
		}
		if _, tcp := w.Conn.(*net.TCPConn); !tcp && closes(p[:n]) {
			_ = w.Close()
		}
	}
}

// closes reports whether these bytes are a client's last frame (RFC 6455, section 5.5.1),
// as it is written alone: a masked Close with a code and no reason.
func closes(frame []byte) bool {
	const final, opClose, masked, code = 0x80, 0x8, 0x80, 2
	return len(frame) == 2+4+code && frame[0] == final|opClose && frame[1] == masked|code
}

func (w *wire) Write(p []byte) (int, error) {
	if w.frozen.Load() {
		return len(p), nil
	}
	return w.Conn.Write(p)
}

// reset ends the connection as a crashed peer does: nothing on its way arrives.
func (w *wire) reset() {
	if tcp, ok := w.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = w.Close()
}

// pipes is a network without an operating system, for bubbles: waiting on a
// socket of the system is nothing that a bubble understands.
type pipes struct {
	made   chan net.Conn
	closed chan struct{}
	close  sync.Once
}

func newPipes() *pipes {
	return &pipes{made: make(chan net.Conn), closed: make(chan struct{})}
}

func (p *pipes) dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.made <- server:
		return client, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Accept implements net.Listener.
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case server := <-p.made:
		return server, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (p *pipes) Close() error {
	p.close.Do(func() { close(p.closed) })
	return nil
}

// Addr implements net.Listener.
func (p *pipes) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }
