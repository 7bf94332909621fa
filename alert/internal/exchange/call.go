package exchange

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/internal/redact"
)

// maxBody is how much of an answer is read.
const maxBody = 64 << 10

// Request is one question to a Target.
type Request struct {
	// Method of HTTP. Default: POST.
	Method string
	// Below is a path below the target's address, escaped. Default: the address
	// itself.
	Below  string
	Header http.Header
	Body   []byte
}

// Answer is what a service said.
type Answer struct {
	Status int
	Header http.Header
	// Body is the beginning of it, at most 64 KiB, or as much as came.
	Body []byte
}

// Call makes one request. nil means that the service took it; the errors are
// those of package alert.
func (t *Target) Call(ctx context.Context, r Request) error {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: not sent: %w", t.channel, err)
	}
	u := t.url
	if r.Below != "" {
		u = u.JoinPath(r.Below)
	}
	way := &Passage{}
	if r.Method == "" {
		r.Method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(way.Traced(ctx), r.Method, u.String(), bytes.NewReader(r.Body))
	if err != nil {
		return t.failed(err)
	}
	request.Header = r.Header
	response, err := t.client.Do(request)
	if err != nil {
		err = t.failed(err)
		if way.Begun() {
			return alert.Unknown(err)
		}
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	return t.verdict(Answer{response.StatusCode, response.Header, body}, err)
}

// failed says that nobody answered.
func (t *Target) failed(err error) error {
	return fmt.Errorf("%s: no answer from %s: %w", t.channel, t.url.Host, redact.Error(err, t.secrets...))
}

// Passage is how far a request got. A service that was never reached has taken
// nothing; one that may have read a request may have done what it says.
type Passage struct{ asked, written atomic.Bool }

// Traced returns a context for the one request whose passage this is.
func (p *Passage) Traced(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:      func(string) { p.asked.Store(true) },
		WroteHeaders: func() { p.written.Store(true) },
	})
}

// Begun reports whether anything may have arrived. A transport that does not tell
// is not trusted to have sent nothing.
func (p *Passage) Begun() bool { return p.written.Load() || !p.asked.Load() }
