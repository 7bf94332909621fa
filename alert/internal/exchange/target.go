package exchange

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Config is what a Target is made of.
type Config struct {
	// Channel is the name of the channel's package, which begins every error.
	// Required.
	Channel string
	// Address is an http or https address. Required.
	Address string
	// Query is added to the address. Default: nothing is.
	Query url.Values
	// Field is what the channel's users call the address. Default: url.
	Field string
	// Secrets must not stand in errors, beside the parts of the address. Empty ones
	// count for nothing. Default: none.
	Secrets []string
	// Dialect is what the service's answers mean. Default: their status.
	Dialect Dialect
	// Client makes the requests. It is copied. Default: one of the standard
	// library's.
	Client *http.Client
	// Timeout bounds one call, the reading of the answer included. Default: Otherwise.
	Timeout time.Duration
	// Otherwise is the Timeout of who has none. Default: DefaultTimeout.
	Otherwise time.Duration
}

// DefaultTimeout bounds one call where nobody says otherwise.
const DefaultTimeout = 20 * time.Second

// Target is an address and the means to call it. It is safe for concurrent use.
type Target struct {
	channel string
	url     *url.URL
	secrets []string // what errors must not contain
	client  *http.Client
	timeout time.Duration
	dialect Dialect
}

// New returns a Target. It calls nobody. The error names every mistake, and
// nothing of the address.
func New(c Config) (*Target, error) {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf(c.Channel+": "+format, args...))
	}
	field := cmp.Or(c.Field, "url")
	u, err := url.Parse(c.Address)
	switch {
	case c.Address == "":
		bad("%s is empty", field)
	case err != nil:
		bad("%s is none", field)
	case u.Scheme != "https" && u.Scheme != "http", u.Hostname() == "":
		bad("%s has not the form https://host/path", field)
	}
	if c.Timeout < 0 {
		bad("Options.Timeout %v is negative", c.Timeout)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	secrets := append(secretsOf(u), c.Secrets...)
	if len(c.Query) > 0 {
		query := u.Query()
		maps.Copy(query, c.Query)
		u.RawQuery = query.Encode()
		secrets = append(secrets, u.String(), u.RequestURI())
	}
	return &Target{
		channel: c.Channel, url: u, secrets: secrets, client: Still(c.Client),
		timeout: cmp.Or(c.Timeout, c.Otherwise, DefaultTimeout), dialect: c.Dialect,
	}, nil
}

// Still returns a copy of client that follows no redirect, which would carry a
// message and its secrets to somebody else. Of nil it is one of the standard
// library's.
func Still(client *http.Client) *http.Client {
	still := &http.Client{}
	if client != nil {
		*still = *client
	}
	still.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return still
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
