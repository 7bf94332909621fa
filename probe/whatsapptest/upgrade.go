package whatsapptest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/coder/websocket"
	"go.mau.fi/whatsmeow"
)

// Headers that tell the server who dials, so that even a connection that never
// gets to its login can be refused or counted.
const (
	placeHeader  = "Whatsapptest-Place"
	clientHeader = "Whatsapptest-Client"
)

// chatPath is where whatsmeow opens its websocket.
const chatPath = "/ws/chat"

// Redirect makes all connections of a client go to this server. Clients of
// NewClient and NewUnpairedClient are redirected already. Call it before
// Connect. A client that is not redirected would go to the real WhatsApp, and
// end there: it no longer trusts it.
func (s *Server) Redirect(cli *whatsmeow.Client) {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return s.dial(ctx) }
	h := &http.Client{Transport: &introduction{
		// Instead of TLS: nobody listens on the way, and the certificate of
		// web.whatsapp.com is not ours to have.
		next:   &http.Transport{DialContext: dial, DialTLSContext: dial},
		client: cli,
	}}
	cli.SetWebsocketHTTPClient(h)
	cli.SetPreLoginHTTPClient(h)
	cli.SetMediaHTTPClient(h)
}

// introduction is a transport that says who calls.
type introduction struct {
	next   http.RoundTripper
	client *whatsmeow.Client
}

func (i *introduction) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if id := i.client.Store.GetJID(); id.User != "" {
		r.Header.Set(placeHeader, string(placeOf(id.User, id.Device)))
	}
	r.Header.Set(clientHeader, clientID(i.client))
	return i.next.RoundTrip(r)
}

// clientID tells a client of this process from the others.
func clientID(cli *whatsmeow.Client) string { return fmt.Sprintf("%p", cli) }

// serve reads the one request of a connection and serves the websocket that it
// asks for. net/http's server would do as well, but nobody can wait for its
// goroutines.
func (s *Server) serve(w *wire) {
	buffered := bufio.NewReadWriter(bufio.NewReader(w), bufio.NewWriter(w))
	r, err := http.ReadRequest(buffered.Reader)
	if err != nil {
		return
	}
	reply := &response{wire: w, buffered: buffered, header: make(http.Header)}
	at, client := place(r.Header.Get(placeHeader)), r.Header.Get(clientHeader)
	switch {
	case r.URL.Path != chatPath:
		http.NotFound(reply, r)
		return
	case !s.admits(at, client):
		http.Error(reply, "out of order", http.StatusServiceUnavailable)
		return
	}
	ws, err := websocket.Accept(reply, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer func() { _ = ws.CloseNow() }()
	ws.SetReadLimit(maxFrame)
	(&conn{server: s, wire: w, ws: ws, out: newOutbox(), at: at, client: client}).run()
}

// admits tells whether a client may open a websocket, and counts it.
func (s *Server) admits(at place, client string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.count(at)
	if s.fault(at).refuses || s.leaving[client] > 0 {
		st.Refused++
		s.notify()
		return false
	}
	st.Connections++
	return true
}

// response is what websocket.Accept needs of a server: one reply, and then the
// connection itself.
type response struct {
	wire     *wire
	buffered *bufio.ReadWriter
	header   http.Header
	begun    bool
}

func (r *response) Header() http.Header { return r.header }

func (r *response) WriteHeader(status int) {
	if r.begun {
		return
	}
	r.begun = true
	if status != http.StatusSwitchingProtocols {
		r.header.Set("Connection", "close")
	}
	_, _ = fmt.Fprintf(r.buffered, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	_ = r.header.Write(r.buffered)
	_, _ = r.buffered.WriteString("\r\n")
	_ = r.buffered.Flush()
}

func (r *response) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	n, err := r.buffered.Write(p)
	return n, errors.Join(err, r.buffered.Flush())
}

// Hijack implements http.Hijacker.
func (r *response) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return r.wire, r.buffered, nil
}
