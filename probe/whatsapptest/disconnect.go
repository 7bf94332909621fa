package whatsapptest

import (
	"context"
	"time"

	"go.mau.fi/whatsmeow"
)

// Disconnect is cli.Disconnect when nothing is on its way to the client. A
// client that disconnects while a frame arrives keeps a goroutine for ever, and
// one whose connection is frozen waits five seconds for a farewell, but in a bubble. NewClient's
// cleanup calls this. The client must have been redirected to this server, and
// may be connected or not. It must not be called from an event handler.
func (s *Server) Disconnect(cli *whatsmeow.Client) {
	id := clientID(cli)
	s.mu.Lock()
	s.leaving[id]++ // or it might connect again in between
	var conns []*conn
	for c := range s.conns {
		if c.client == id {
			s.detach(c)
			conns = append(conns, c)
		}
	}
	s.mu.Unlock()
	for _, c := range conns {
		c.settle()
	}
	cli.Disconnect()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.leaving[id]--; s.leaving[id] == 0 {
		delete(s.leaving, id)
	}
}

// settle waits until the client has taken what was written to it. Nothing more
// is: the connection is detached.
func (c *conn) settle() {
	if c.wire.frozen.Load() {
		c.wire.reset()
		return
	}
	ctx, cancel := context.WithTimeout(c.server.life, 5*time.Second)
	defer cancel()
	defer context.AfterFunc(ctx, c.out.close)()
	c.out.flush()
	// The client answers a ping when it reads it, which is after it has handed
	// on all frames before.
	_ = c.ws.Ping(ctx)
}
