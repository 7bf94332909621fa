package tcpprobe

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/redact"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/internal/connecting"
)

// Options are the optional settings of New. The zero value is ready.
type Options struct {
	// Send is written once the connection is there, and never shown. Default: nothing.
	Send []byte
	// Expect must be in the first MaxAnswer bytes of what comes, such as "220 " of a
	// mail server. Default: nothing is waited for.
	Expect string
	// MaxAnswer is how many bytes of an answer are read. Default: 4 KiB.
	MaxAnswer int
	// TLS has the connection secured, from its beginning on. It is cloned; an empty
	// ServerName is the host of the address. Default: nil, it is not.
	TLS *tls.Config
	// CertificateLeft is how much longer the certificate must be good. Default: 0,
	// until it ends.
	CertificateLeft time.Duration
	// Target is how results call what is asked: no secret, no telephone number.
	// Default: the address.
	Target string
	// Dialer makes the connections. It is copied. Default: a net.Dialer as it is.
	Dialer *net.Dialer
	// Clock is the time, also that which certificates are held against. Default: the
	// wall clock.
	Clock clock.Clock
}

const (
	defaultMaxAnswer = 4 << 10
	maxTarget        = 200 // in runes
)

// Prober connects to one address. It is safe for concurrent use: each Probe is a
// connection of its own, which it closes.
type Prober struct {
	address, target string
	opts            Options
}

var _ probe.Prober = (*Prober)(nil)

// New returns a Prober of host:port. It connects to nobody yet. opts may be nil. The
// error joins every mistake.
func New(address string, opts *Options) (*Prober, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	var errs []error
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || port == "" {
		errs = append(errs, errors.New("tcpprobe: address has not the form host:port"))
	}
	if o.MaxAnswer < 0 {
		errs = append(errs, fmt.Errorf("tcpprobe: Options.MaxAnswer %d is negative", o.MaxAnswer))
	}
	if o.CertificateLeft < 0 {
		errs = append(errs, fmt.Errorf("tcpprobe: Options.CertificateLeft %v is negative", o.CertificateLeft))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if o.MaxAnswer == 0 {
		o.MaxAnswer = defaultMaxAnswer
	}
	if o.Clock == nil {
		o.Clock = clock.New()
	}
	dialer := new(net.Dialer)
	if o.Dialer != nil {
		*dialer = *o.Dialer
	}
	o.Dialer = dialer
	o.Send = bytes.Clone(o.Send)
	if o.TLS != nil {
		o.TLS = o.TLS.Clone()
		if o.TLS.ServerName == "" {
			o.TLS.ServerName = host
		}
		if o.TLS.Time == nil {
			o.TLS.Time = o.Clock.Now
		}
	}
	target := o.Target
	if target == "" {
		target = address
	}
	return &Prober{address: address, target: redact.Text(target, maxTarget), opts: o}, nil
}

// Probe implements probe.Prober. Result.Latency is that of the whole, from the name's
// look-up to the end of what is waited for.
func (p *Prober) Probe(ctx context.Context) (probe.Result, error) {
	if ctx.Err() != nil {
		return probe.Result{}, fmt.Errorf("tcpprobe: %w", context.Cause(ctx))
	}
	trace := connecting.New(p.opts.Clock)
	r, err := p.ask(ctx, trace)
	if err != nil {
		return probe.Result{}, fmt.Errorf("tcpprobe: %w", err)
	}
	r.Target = p.target
	return r, nil
}

func (p *Prober) ask(ctx context.Context, trace *connecting.Trace) (probe.Result, error) {
	trace.Enter(connecting.Connect)
	plain, err := p.opts.Dialer.DialContext(trace.Follow(ctx), "tcp", p.address)
	if err != nil {
		return trace.Failure(ctx, err)
	}
	defer plain.Close()
	// No call of a connection knows of contexts.
	defer context.AfterFunc(ctx, func() { _ = plain.SetDeadline(time.Unix(1, 0)) })()
	conn := plain
	var state *tls.ConnectionState
	if p.opts.TLS != nil {
		trace.Enter(connecting.TLS)
		secured := tls.Client(plain, p.opts.TLS)
		if err := secured.HandshakeContext(ctx); err != nil {
			return trace.Failure(ctx, err)
		}
		trace.Leave(connecting.TLS)
		state, conn = new(secured.ConnectionState()), secured
	}
	r, err := p.talk(ctx, trace, conn)
	if err != nil || r.Status != probe.Pass {
		return r, err
	}
	if expiring, ok := trace.Expiring(state, p.opts.CertificateLeft); ok {
		return trace.Result(expiring), nil
	}
	return trace.Passed(), nil
}

// talk sends what is to be sent and waits for what is to come. A PASS has nothing but its
// status.
func (p *Prober) talk(ctx context.Context, trace *connecting.Trace, conn net.Conn) (probe.Result, error) {
	passed := probe.Result{Status: probe.Pass}
	if len(p.opts.Send) == 0 && p.opts.Expect == "" {
		return passed, nil
	}
	trace.Enter(connecting.FirstByte)
	if _, err := conn.Write(p.opts.Send); err != nil {
		return trace.Failure(ctx, err)
	}
	if p.opts.Expect == "" {
		return passed, nil
	}
	answer := make([]byte, p.opts.MaxAnswer)
	for n := 0; ; {
		more, err := conn.Read(answer[n:])
		if more > 0 && n == 0 {
			trace.Leave(connecting.FirstByte)
			trace.Enter(connecting.Body)
		}
		n += more
		switch {
		case bytes.Contains(answer[:n], []byte(p.opts.Expect)):
			trace.Leave(connecting.Body)
			return passed, nil
		case n == len(answer) || n > 0 && errors.Is(err, io.EOF):
			return trace.Failed("body_mismatch", fmt.Sprintf("what was looked for is not in the %d bytes that came", n)), nil
		case err != nil:
			return trace.Failure(ctx, err)
		}
	}
}
