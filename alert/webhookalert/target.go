package webhookalert

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/internal/redact"
)

const (
	// maxWait is the longest Retry-After that is believed.
	maxWait = 24 * time.Hour
	// maxBody is how much of an answer is read, to keep the connection.
	maxBody = 64 << 10
)

// target is an address and the means to call it.
type target struct {
	url     *url.URL
	secrets []string // what errors must not contain
	client  *http.Client
	timeout time.Duration
}

// newTarget names every mistake, and nothing of the address.
func newTarget(address string, client *http.Client, timeout, defaultTimeout time.Duration) (target, error) {
	var errs []error
	u, err := url.Parse(address)
	switch {
	case address == "":
		errs = append(errs, errors.New("webhookalert: url is empty"))
	case err != nil:
		errs = append(errs, errors.New("webhookalert: url is none"))
	case u.Scheme != "https" && u.Scheme != "http", u.Hostname() == "":
		errs = append(errs, errors.New("webhookalert: url has not the form https://host/path"))
	}
	if timeout < 0 {
		errs = append(errs, fmt.Errorf("webhookalert: Options.Timeout %v is negative", timeout))
	}
	if len(errs) > 0 {
		return target{}, errors.Join(errs...)
	}
	t := target{url: u, secrets: secretsOf(u), client: &http.Client{}, timeout: timeout}
	if client != nil {
		*t.client = *client
	}
	t.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if timeout == 0 {
		t.timeout = defaultTimeout
	}
	return t, nil
}

// secretsOf are the parts of an address that may be secret: all but the host,
// and words that are too short to be one.
func secretsOf(u *url.URL) []string {
	parts := []string{u.String(), u.RequestURI(), u.Fragment}
	parts = append(parts, strings.Split(u.Path, "/")...)
	for _, values := range u.Query() {
		parts = append(parts, values...)
	}
	if u.User != nil {
		password, _ := u.User.Password()
		parts = append(parts, u.User.String(), u.User.Username(), password)
	}
	var secrets []string
	for _, part := range parts {
		if len(part) > 3 {
			secrets = append(secrets, part)
		}
	}
	return secrets
}

// send makes one request, to the address or to a path below it.
func (t target) send(ctx context.Context, method, below string, header http.Header, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	u := t.url
	if below != "" {
		u = u.JoinPath(below)
	}
	request, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return t.failed(err)
	}
	request.Header = header
	response, err := t.client.Do(request)
	if err != nil {
		return t.failed(err)
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, maxBody) // the status has said it all
	return t.verdict(response)
}

// failed says that nobody answered.
func (t target) failed(err error) error {
	return fmt.Errorf("webhookalert: no answer from %s: %w", t.url.Host, redact.Error(err, t.secrets...))
}

// verdict is the outcome by the status.
func (t target) verdict(response *http.Response) error {
	code := response.StatusCode
	err := fmt.Errorf("webhookalert: %s answered %d", t.url.Host, code)
	after, asked := retryAfter(response.Header)
	switch {
	case code >= 200 && code < 300:
		return nil
	case asked && (code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable):
		return &alert.RetryAfterError{After: after, Err: err}
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests:
		return err
	case code >= 400 && code < 500:
		return alert.Permanent(err)
	}
	return err
}

// retryAfter reads the header, in seconds or as a date by the server's own
// clock.
func retryAfter(header http.Header) (after time.Duration, ok bool) {
	value := header.Get("Retry-After")
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil {
		after = min(time.Duration(min(seconds, int64(maxWait/time.Second)))*time.Second, maxWait)
		return after, after > 0
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return 0, false
	}
	after = min(until.Sub(now), maxWait)
	return after, after > 0
}
