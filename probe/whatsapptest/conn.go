package whatsapptest

import (
	"strconv"
	"time"

	"github.com/coder/websocket"
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
)

// parting is how long a connection stays open after the last word on it. A
// client forgets what it has read but not yet looked at when its socket closes:
// without the pause, it would miss every third reason for being thrown out.
const parting = 200 * time.Millisecond

// conn is one websocket of a client. Its fields, but the first group, are
// guarded by the server's mu.
type conn struct {
	server *Server
	wire   *wire
	ws     *websocket.Conn
	out    *outbox

	client  string   // which client it is, if it was redirected
	at      place    // whose it is, as far as known
	name    string   // the push name that the client gave at login
	device  *device  // after login
	pairing *pairing // while a new device waits to be linked
	over    bool     // what still comes in is ignored
	holds   bool     // no message is written to it
	replay  *replay  // as long as its end was not said
}

// run serves the connection until either side ends it. Whatever the client
// sends, nothing but this connection is hurt.
func (c *conn) run() {
	s := c.server
	defer s.leave(c)
	if !s.enter(c) {
		return
	}
	stream := &frames{next: c.read}
	hello, fromClient, toClient, err := s.authority.respond(stream.read, c.write)
	if err != nil {
		s.log.Debug("a handshake failed", "err", err)
		return
	}
	s.greet(c, hello)
	written := make(chan struct{})
	s.wg.Go(func() {
		defer close(written)
		c.writeAll(&toClient)
	})
	defer func() {
		c.out.close()
		_ = c.wire.Close() // the writer may be in the middle of a write
		<-written
	}()
	for {
		body, err := stream.read()
		if err != nil {
			s.leave(c) // before the writer is waited for: the same device may be back already
			return
		}
		plain, err := fromClient.decrypt(body, nil)
		if err != nil {
			s.log.Debug("a frame does not decrypt", "err", err)
			return
		}
		n, err := decode(plain)
		if err != nil {
			s.log.Debug("a frame holds no node", "err", err)
			return
		}
		s.hear(c, n)
	}
}

// read returns the next piece of the client's byte stream.
func (c *conn) read() ([]byte, error) {
	for {
		kind, piece, err := c.ws.Read(c.server.life)
		if err != nil || kind == websocket.MessageBinary {
			return piece, err
		}
	}
}

func (c *conn) write(body []byte) error {
	framed, err := frame(body)
	if err != nil {
		return err
	}
	return c.ws.Write(c.server.life, websocket.MessageBinary, framed)
}

// writeAll writes what is put into the outbox, until it is closed.
func (c *conn) writeAll(seal *sealer) {
	for {
		n, ok := c.out.take()
		if !ok {
			return
		}
		plain, err := waBinary.Marshal(n)
		if err == nil {
			err = c.write(seal.encrypt(plain, nil))
		}
		if err != nil {
			c.server.log.Debug("a write failed", "err", err)
			c.out.close()
			_ = c.wire.Close()
			return
		}
	}
}

// enter makes c one of the server's connections.
func (s *Server) enter(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = struct{}{}
	return !s.closed
}

// greet answers what a client said in the handshake: a login, or the wish to be
// linked. Nobody is hung up on without a word: a client whose connection ends
// before it has read one frame is a data race with itself.
func (s *Server) greet(c *conn, hello *greeting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if user := hello.payload.GetUsername(); user != 0 {
		c.at = placeOf(strconv.FormatUint(user, 10), uint16(hello.payload.GetDevice()))
	}
	switch registration := hello.payload.GetDevicePairingData(); {
	case c.over, s.fault(c.at).stalls:
	case s.fault(c.at).refuses && c.client == "": // who was not known at the door
		s.count(c.at).Refused++
		c.dismiss(node{Tag: "stream:error", Attrs: attrs{"code": "503"}})
	case registration != nil:
		s.offer(c, hello.key, registration)
	default:
		s.login(c, hello)
	}
}

// hear acts on a node of a client.
func (s *Server) hear(c *conn, n *node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case c.over, s.fault(c.at).stalls:
	case c.pairing != nil:
		s.hearUnpaired(c, n)
	case c.device != nil:
		s.hearDevice(c, n)
	}
}

func (s *Server) hearDevice(c *conn, n *node) {
	switch n.Tag {
	case "iq":
		s.query(c, n)
	case "message":
		s.relay(c, n)
	case "receipt":
		s.receipt(c, n)
	case "ack":
		c.device.confirm(n)
		s.notify()
	default: // presence, typing and the like: nobody here would notice
	}
}

// leave forgets a connection that has ended.
func (s *Server) leave(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.detach(c)
	delete(s.conns, c)
	s.notify()
}

// detach is the server's view of a connection that no longer leads anywhere,
// whether or not the client knows. The caller holds mu.
func (s *Server) detach(c *conn) {
	c.over = true
	if c.device != nil && c.device.conn == c {
		c.device.conn, c.device.active = nil, false
		c.device.settle()
	}
	if c.pairing != nil {
		c.pairing.end(ErrGone)
	}
	s.notify()
}

// send writes to the client, unless the server has fallen silent. The caller
// holds mu.
func (c *conn) send(n node) {
	if !c.over && !c.server.fault(c.at).stalls {
		c.out.put(n)
	}
}

// withholds tells whether an item is one that this connection does not get.
func (c *conn) withholds(it *item) bool { return c.holds && it.node.Tag == "message" }

// dismiss says a last word, and ends the connection when the client has had
// time to read it. The caller holds mu.
//
// The end of the stream is said to those who are still there then. A client that
// hangs up by itself on a stream error would find it in its hands while it does,
// and keep a goroutine for ever.
func (c *conn) dismiss(last node) {
	if c.over {
		return
	}
	c.send(last)
	c.server.detach(c)
	if last.Tag == "stream:error" {
		c.server.after(parting, func() { c.out.put(node{Tag: "xmlstreamend"}) })
	}
	c.server.after(parting+parting/4, func() { _ = c.wire.Close() })
}

// answer sends the result of a query.
func (c *conn) answer(query *node, results ...node) {
	reply := node{Tag: "iq", Attrs: attrs{"from": types.ServerJID, "id": text(query, "id"), "type": "result"}}
	if len(results) > 0 {
		reply.Content = results
	}
	c.send(reply)
}

// refuse answers a query with an error.
func (c *conn) refuse(query *node, code, reason string) {
	c.send(node{
		Tag:     "iq",
		Attrs:   attrs{"from": types.ServerJID, "id": text(query, "id"), "type": "error"},
		Content: []node{{Tag: "error", Attrs: attrs{"code": code, "text": reason}}},
	})
}
