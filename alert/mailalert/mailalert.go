// Package mailalert sends messages by mail, to a server that takes submissions over
// SMTP.
//
// What it does not do: it makes no call before the first message (so a password that
// is wrong shows then, not in New), it does not repeat a message that failed, it
// keeps no connection between messages, and it learns nothing of a mail that bounces
// later: that goes to the sender's address. An address that the server refuses
// refuses the mail for all of them: who wants the others to get theirs makes an
// Alerter for each, and an alert.Fanout of them.
//
// # Encryption
//
// STARTTLS is required, with a certificate for the server's name, before anything
// secret is said; ImplicitTLS is for servers that speak TLS from the start. Where the
// server is on this machine STARTTLS is used if it is offered.
//
// # Identity
//
// A message's Key and Kind make its Message-ID, so a mail that comes twice has the same
// one, and most servers and programs show it once. All mails about an incident refer to
// it and stand in one thread.
//
// # What becomes of an answer
//
//	the mail was taken              nil, whatever is said after that
//	4xx                             an error; try again
//	5xx, a password that is wrong   alert.Permanent: somebody must change something
//	a connection that broke, or
//	time that was up, behind the
//	end of the mail                 alert.Unknown: it may have been taken; try again
//	no connection, no STARTTLS,
//	another certificate             an error; try again
//
// # Secrets
//
// The password is in no error of this package, in any form.
package mailalert

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"net"
	"strings"

	"github.com/wneessen/go-mail"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/internal/exchange"
	"github.com/seed-13dc028d/longwatch/alert/internal/layout"
)

// maxSubject is how long a subject may be, in characters.
const maxSubject = 200

// Alerter is an alert.Alerter for one or more mail addresses. It is safe for
// concurrent use.
type Alerter struct {
	host    string
	port    int
	from    string
	to      []string
	domain  string // of the sender, for identities
	opts    Options
	secrets []string
}

var _ alert.Alerter = (*Alerter)(nil)

// New returns an Alerter that sends from one address to others, by the server at
// address, such as mail.example.org:587. It calls nobody. The error names every
// mistake, and no password.
func New(address, from string, to []string, opts *Options) (*Alerter, error) {
	a := &Alerter{}
	if opts != nil {
		a.opts = *opts
	}
	if a.opts.Timeout == 0 {
		a.opts.Timeout = exchange.DefaultTimeout
	}
	if err := a.read(address, from, to); err != nil {
		return nil, err
	}
	a.secrets = secretsOf(a.opts.Username, a.opts.Password)
	return a, nil
}

// Alert sends m, as the package comment says.
func (a *Alerter) Alert(ctx context.Context, m alert.Message) error {
	ctx, cancel := context.WithTimeout(ctx, a.opts.Timeout)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("mailalert: not sent: %w", err)
	}
	message, err := a.message(m)
	if err != nil {
		return alert.Permanent(a.failed("the mail", err))
	}
	client, err := a.client(ctx)
	if err != nil {
		return alert.Permanent(a.failed("the client", err))
	}
	err = client.DialAndSendWithContext(ctx, message)
	if message.IsDelivered() {
		return nil // what is said behind that is of no matter
	}
	return a.verdict(ctx, err)
}

// client is for one mail. Its connection ends with ctx.
func (a *Alerter) client(ctx context.Context) (*mail.Client, error) {
	policy := mail.TLSMandatory
	if isLoopback(a.host) {
		policy = mail.TLSOpportunistic
	}
	config := &tls.Config{}
	if a.opts.TLSConfig != nil {
		config = a.opts.TLSConfig.Clone()
	}
	config.ServerName = a.host
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	options := []mail.Option{
		mail.WithPort(a.port), mail.WithTimeout(a.opts.Timeout), mail.WithTLSPolicy(policy), mail.WithTLSConfig(config),
		mail.WithDialContextFunc(a.dial(ctx, config)),
	}
	if a.opts.ImplicitTLS {
		options = append(options, mail.WithSSL())
	}
	if a.opts.Hello != "" {
		options = append(options, mail.WithHELO(a.opts.Hello))
	}
	if a.opts.Username != "" {
		options = append(options, mail.WithUsername(a.opts.Username), mail.WithPassword(a.opts.Password), mail.WithOpportunisticSMTPAuth(
			mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1, mail.SMTPAuthCramMD5, mail.SMTPAuthPlain, mail.SMTPAuthLogin,
		))
	}
	return mail.NewClient(a.host, options...)
}

// dial connects, and has the connection end with life, which the library looks at no
// more once there is one.
func (a *Alerter) dial(life context.Context, config *tls.Config) mail.DialContextFunc {
	connect := a.opts.DialContext
	if connect == nil {
		connect = (&net.Dialer{}).DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := connect(ctx, network, address)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(life, func() { _ = conn.Close() })
		if !a.opts.ImplicitTLS {
			return conn, nil
		}
		encrypted := tls.Client(conn, config)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, err
		}
		return encrypted, nil
	}
}

// message is m as a mail.
func (a *Alerter) message(m alert.Message) (*mail.Msg, error) {
	out := mail.NewMsg(mail.WithCharset(mail.CharsetUTF8), mail.WithEncoding(mail.EncodingQP), mail.WithNoDefaultUserAgent())
	if err := out.From(a.from); err != nil {
		return nil, err
	}
	if err := out.To(a.to...); err != nil {
		return nil, err
	}
	text := m.Text()
	subject, _, _ := strings.Cut(text, "\n")
	tone := layout.ToneOf(m)
	out.Subject(layout.Cut(tone.Mark()+" "+subject, maxSubject, layout.Runes))
	if tone == layout.Critical {
		out.SetImportance(mail.ImportanceHigh)
	}
	out.SetGenHeader("Auto-Submitted", "auto-generated")
	key := exchange.Key(m)
	if key == "" {
		key = text
	}
	out.SetMessageIDWithValue(a.identity("message", key))
	if m.IncidentID != "" {
		thread := "<" + a.identity("incident", m.IncidentID) + ">"
		out.SetGenHeader(mail.HeaderInReplyTo, thread)
		out.SetGenHeader(mail.HeaderReferences, thread)
	}
	out.SetBodyString(mail.TypeTextPlain, text+"\n")
	return out, nil
}

// identity is what a message or an incident is known by in mails.
func (a *Alerter) identity(kind, key string) string {
	sum := sha256.Sum256([]byte(kind + " " + key))
	return hex.EncodeToString(sum[:16]) + ".longwatch@" + a.domain
}
