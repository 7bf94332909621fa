package witnesshttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/redact"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
)

// ClientOptions say how a witness is asked. The zero value has all defaults.
type ClientOptions struct {
	// HTTPClient makes the requests; its CheckRedirect is not used. Default: one of
	// its own, over http.DefaultTransport.
	HTTPClient *http.Client
	// Timeout bounds a request. Default: 20 s.
	Timeout time.Duration
}

// Client asks a witness at a URL. It follows no redirect. It is safe for concurrent
// use.
type Client struct {
	url     string
	secrets []string
	client  http.Client
	timeout time.Duration
}

var _ witness.Adder = (*Client)(nil)

// NewClient returns a client of the witness whose submission prefix this is, such as
// "https://watch.example.org/witness". It asks nobody yet. The error has nothing of
// the address in it, which may have a password.
func NewClient(prefix string, opts ClientOptions) (*Client, error) {
	u, err := url.Parse(prefix)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("witnesshttp: the address of a witness has not the form https://host/path")
	}
	c := &Client{timeout: opts.Timeout}
	if c.timeout <= 0 {
		c.timeout = 20 * time.Second
	}
	if opts.HTTPClient != nil {
		c.client = *opts.HTTPClient
	}
	c.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if password, ok := u.User.Password(); ok {
		c.secrets = append(c.secrets, password)
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	c.url = u.JoinPath(Path).String()
	return c, nil
}

// maxAnswer is how much of an answer is read.
const maxAnswer = 64 << 10

// Add implements witness.Adder. An answer that the standard does not have is an error
// with its status.
func (c *Client) Add(ctx context.Context, r witness.Request) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, strings.NewReader(r.String()))
	if err != nil {
		return "", c.failed(err)
	}
	request.Header.Set("Content-Type", "text/plain; charset=utf-8")
	response, err := c.client.Do(request)
	if err != nil {
		return "", c.failed(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return "", c.failed(err)
	}
	switch body := string(data); response.StatusCode {
	case http.StatusOK:
		return body, nil
	case http.StatusConflict:
		text := strings.TrimSuffix(body, "\n")
		size, err := strconv.ParseInt(text, 10, 64)
		if err != nil || size < 0 || strconv.FormatInt(size, 10) != text {
			return "", fmt.Errorf("witnesshttp: a conflict whose answer is no size: %s", redact.Text(body, maxShown))
		}
		return "", &witness.ConflictError{Size: size}
	case http.StatusNotFound:
		return "", witness.ErrUnknownLog
	case http.StatusForbidden:
		return "", witness.ErrForbidden
	case http.StatusUnprocessableEntity:
		return "", witness.ErrInconsistent
	case http.StatusBadRequest:
		return "", fmt.Errorf("%w: %s", witness.ErrBadRequest, redact.Text(body, maxShown))
	default:
		return "", fmt.Errorf("witnesshttp: the witness answered %d: %s", response.StatusCode, redact.Text(body, maxShown))
	}
}

// maxShown is how much of an answer an error has.
const maxShown = 200

func (c *Client) failed(err error) error {
	return fmt.Errorf("witnesshttp: no answer: %w", redact.Error(err, c.secrets...))
}
