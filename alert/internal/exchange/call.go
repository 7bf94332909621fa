package exchange

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/seed-13dc028d/longwatch/internal/redact"
)

// maxBody is how much of an answer is read.
const maxBody = 64 << 10

// Request is one question to a Target.
type Request struct {
	Method string
	// Below is a path below the target's address, escaped. Default: the address
	// itself.
	Below  string
	Header http.Header
	Body   []byte
}

// Call makes one request. nil means that the service took it.
func (t *Target) Call(ctx context.Context, r Request) error {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	u := t.url
	if r.Below != "" {
		u = u.JoinPath(r.Below)
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, u.String(), bytes.NewReader(r.Body))
	if err != nil {
		return t.failed(err)
	}
	request.Header = r.Header
	response, err := t.client.Do(request)
	if err != nil {
		return t.failed(err)
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, maxBody) // the status has said it all
	return t.verdict(response)
}

// failed says that nobody answered.
func (t *Target) failed(err error) error {
	return fmt.Errorf("%s: no answer from %s: %w", t.channel, t.url.Host, redact.Error(err, t.secrets...))
}
