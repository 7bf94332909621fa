package mailalert

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Options are what New can be told beside the server and the addresses. The zero
// value is ready.
type Options struct {
	// Username and Password are who sends, as the server knows them. Default: it asks
	// nobody.
	Username, Password string
	// ImplicitTLS speaks TLS from the start, as servers do on port 465. Default: STARTTLS.
	ImplicitTLS bool
	// TLSConfig is for a certificate of one's own. It is cloned, and its ServerName is the
	// server's. Default: the system's certificates.
	TLSConfig *tls.Config
	// Hello is the name that this machine says it has. Default: its host name.
	Hello string
	// DialContext makes the connections. Default: a net.Dialer's.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// Timeout bounds one Alert. Default: 20s.
	Timeout time.Duration
}

// read takes what New was told, and names every mistake.
func (a *Alerter) read(address, from string, to []string) error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("mailalert: "+format, args...))
	}
	host, port, err := net.SplitHostPort(address)
	n, numberErr := strconv.Atoi(port)
	if err != nil || host == "" || numberErr != nil || n < 1 || n > 65535 || strings.ContainsAny(host, " \t\r\n@/") {
		bad("address has not the form host:port, such as mail.example.org:587")
	}
	a.host, a.port = host, n
	if a.from = addressOf(from); a.from == "" {
		bad("from is no mail address")
	}
	_, a.domain, _ = strings.Cut(a.from, "@")
	if len(to) == 0 {
		bad("to is empty")
	}
	a.to = slices.Clone(to)
	for i, one := range to {
		if a.to[i] = addressOf(one); a.to[i] == "" {
			bad("to[%d] is no mail address", i)
		}
	}
	if (a.opts.Username == "") != (a.opts.Password == "") {
		bad("Options.Username and Options.Password are set only together")
	}
	if strings.ContainsFunc(a.opts.Hello, func(r rune) bool { return r <= ' ' || r > '~' }) {
		bad("Options.Hello is no name of a machine")
	}
	if a.opts.Timeout < 0 {
		bad("Options.Timeout %v is negative", a.opts.Timeout)
	}
	return errors.Join(errs...)
}

// addressOf is the address in a text such as "ops <ops@example.org>"; empty where
// there is none.
func addressOf(text string) string {
	parsed, err := mail.ParseAddress(text)
	if err != nil || strings.ContainsFunc(parsed.Address, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return ""
	}
	return parsed.Address
}

// isLoopback reports whether a host is this machine.
func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback() || strings.EqualFold(host, "localhost")
}

// secretsOf are the forms in which a password goes to a server, which may repeat
// what it was sent.
func secretsOf(username, password string) []string {
	if password == "" {
		return nil
	}
	encode := func(s string) string {
		return strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(s)), "=")
	}
	return []string{password, encode(password), encode("\x00" + username + "\x00" + password)}
}
