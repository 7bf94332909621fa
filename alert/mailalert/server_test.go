package mailalert_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// The steps of a mail, at which a server may answer something else.
const (
	atConnect  = "connect"
	atHello    = "EHLO"
	atStartTLS = "STARTTLS"
	atAuth     = "AUTH"
	atFrom     = "MAIL"
	atRcpt     = "RCPT"
	atData     = "DATA"
	atEnd      = "."
	atReset    = "RSET"
	atQuit     = "QUIT"
)

// What a server may do instead of an answer.
const (
	hangUp = "hang up"
	hang   = "hang"
)

// server is as much of an SMTP server as takes submissions.
type server struct {
	listener net.Listener
	tls      *tls.Config
	roots    *x509.CertPool
	offers   []string // extensions
	closing  chan struct{}
	served   sync.WaitGroup

	mu      sync.Mutex
	instead map[string]string // answers at a step
	taken   []string          // mails, dots and all
	auth    []string
	clear   bool // something secret was said in clear
}

func newServer(t *testing.T, offers ...string) *server {
	t.Helper()
	certificates := httptest.NewTLSServer(nil) // for example.com and 127.0.0.1
	t.Cleanup(certificates.Close)
	roots := x509.NewCertPool()
	roots.AddCert(certificates.Certificate())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &server{
		listener: listener, tls: &tls.Config{Certificates: certificates.TLS.Certificates, MinVersion: tls.VersionTLS12}, roots: roots, offers: offers,
		closing: make(chan struct{}), instead: map[string]string{},
	}
	s.served.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.served.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() {
		close(s.closing)
		_ = listener.Close()
		s.served.Wait()
	})
	return s
}

// dial leads every address to the server.
func (s *server) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, s.listener.Addr().String())
}

func (s *server) answer(step, with string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.instead = map[string]string{step: with}
}

func (s *server) mails() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.taken...)
}

func (s *server) serve(conn net.Conn) { (&conversation{server: s, conn: conn}).serve() }

func (c *conversation) serve() {
	defer func() { _ = c.conn.Close() }()
	c.in = bufio.NewReader(c.conn)
	if !c.say(atConnect, "220 mail.example.com ready") {
		return
	}
	for c.next() {
	}
}

// conversation is one connection.
type conversation struct {
	server    *server
	conn      net.Conn
	in        *bufio.Reader
	encrypted bool
}

// say answers, unless something else is to be done; false ends the conversation.
func (c *conversation) say(step, usual string) bool {
	c.server.mu.Lock()
	instead, ok := c.server.instead[step]
	c.server.mu.Unlock()
	if ok {
		usual = instead
	}
	switch usual {
	case hangUp:
		return false
	case hang:
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			_, _ = c.in.ReadByte()
		}()
		select {
		case <-c.server.closing:
			_ = c.conn.Close()
			<-gone
		case <-gone:
		}
		return false
	}
	_, err := c.conn.Write([]byte(usual + "\r\n"))
	return err == nil && !strings.HasPrefix(usual, "421")
}

func (c *conversation) next() bool {
	line, err := c.in.ReadString('\n')
	if err != nil {
		return false
	}
	verb, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	switch verb = strings.ToUpper(verb); verb {
	case atHello:
		return c.hello()
	case atStartTLS:
		return c.startTLS()
	case atAuth:
		c.server.mu.Lock()
		c.server.auth = append(c.server.auth, line)
		c.server.clear = c.server.clear || !c.encrypted
		c.server.mu.Unlock()
		return c.say(atAuth, "235 welcome")
	case atFrom, atRcpt, atReset, "NOOP":
		return c.say(verb, "250 ok")
	case atData:
		return c.data()
	case atQuit:
		c.say(atQuit, "221 bye")
		return false
	}
	return c.say("", "502 what?")
}

func (c *conversation) hello() bool {
	lines := []string{"mail.example.com"}
	for _, offer := range c.server.offers {
		if offer != atStartTLS || !c.encrypted {
			lines = append(lines, offer)
		}
	}
	for i, line := range lines {
		lines[i] = "250-" + line
	}
	lines[len(lines)-1] = strings.Replace(lines[len(lines)-1], "250-", "250 ", 1)
	return c.say(atHello, strings.Join(lines, "\r\n"))
}

func (c *conversation) startTLS() bool {
	if !c.say(atStartTLS, "220 go ahead") {
		return false
	}
	encrypted := tls.Server(c.conn, c.server.tls)
	if encrypted.Handshake() != nil {
		return false
	}
	c.conn, c.in, c.encrypted = encrypted, bufio.NewReader(encrypted), true
	return true
}

func (c *conversation) data() bool {
	c.server.mu.Lock()
	instead, refused := c.server.instead[atData]
	c.server.mu.Unlock()
	if !c.say(atData, "354 go ahead") {
		return false
	}
	if refused && !strings.HasPrefix(instead, "354") {
		return true
	}
	var b strings.Builder
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		b.WriteString(line)
	}
	c.server.mu.Lock()
	if with, ok := c.server.instead[atEnd]; !ok || strings.HasPrefix(with, "2") || with == hangUp || with == hang {
		c.server.taken = append(c.server.taken, b.String())
	}
	c.server.mu.Unlock()
	return c.say(atEnd, "250 queued")
}
