// Package pushoveralert sends messages to people's devices by Pushover.
//
// What it does not do: it makes no call before the first message (so a token that is
// gone shows then, not in New), it waits for no rate limit, it does not repeat a
// message that failed, and it sends nothing of the emergency priority, which Pushover
// would repeat by itself until somebody acknowledges it there. A message that comes
// twice is there twice, and people tell by the Key in its last lines.
//
// # What becomes of an answer
//
//	2xx with "status":1             nil
//	429                             *alert.RetryAfterError, until the application's
//	                                month begins anew where that is what Pushover
//	                                says, and for 24 h at most
//	400, other 4xx                  alert.Permanent, with what Pushover has against it
//	a connection that broke behind
//	the request, time up, another
//	body                            alert.Unknown: it may be there; try again
//	5xx, nobody there, a redirect   an error; try again
//
// # Text
//
// Plain text, which nothing in it can make markup, of 1,024 characters at most:
// details are cut first, and a digest says how many parts it leaves out. What is
// critical has the high priority, which passes quiet hours, and other messages the
// normal one. The page about it is the message's link.
//
// # Secrets
//
// Token and user key stand in the body. No error of this package contains them.
package pushoveralert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/internal/exchange"
	"github.com/seed-13dc028d/longwatch/alert/internal/layout"
)

const defaultAPIURL = "https://api.pushover.net"

// How long the parts of a message may be, in characters.
const (
	maxTitle = 250
	maxText  = 1024
)

// Options are what New can be told beside token and user. The zero value is ready.
type Options struct {
	// Device is the one device that messages go to. Default: all of them.
	Device string
	// APIURL is where Pushover is. Default: https://api.pushover.net.
	APIURL string
	// HTTPClient makes the requests. It is copied, and follows no redirect. Default:
	// one of the standard library's.
	HTTPClient *http.Client
	// Timeout bounds one Alert. Default: 20s.
	Timeout time.Duration
}

var (
	keyForm    = regexp.MustCompile(`^[A-Za-z0-9]{30}$`)
	deviceForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,25}$`)
)

// validate names every mistake, and repeats none of what may be secret.
func (o *Options) validate(token, user string) error {
	var errs []error
	for _, key := range []struct{ name, value string }{{"token", token}, {"user", user}} {
		switch {
		case key.value == "":
			errs = append(errs, fmt.Errorf("pushoveralert: %s is empty", key.name))
		case !keyForm.MatchString(key.value):
			errs = append(errs, fmt.Errorf("pushoveralert: %s has not the form of 30 letters and digits", key.name))
		}
	}
	if o.Device != "" && !deviceForm.MatchString(o.Device) {
		errs = append(errs, errors.New("pushoveralert: Options.Device is none of 25 letters, digits, - and _ at most"))
	}
	return errors.Join(errs...)
}

// Alerter is an alert.Alerter for one user or group. It is safe for concurrent use.
type Alerter struct {
	target *exchange.Target
	to     payload
}

var _ alert.Alerter = (*Alerter)(nil)

// New returns an Alerter: token is the application's, and user the key of a user or
// a group. It calls nobody. The error names every mistake, and none of the keys.
func New(token, user string, opts *Options) (*Alerter, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.APIURL == "" {
		o.APIURL = defaultAPIURL
	}
	target, err := exchange.New(exchange.Config{
		Channel: "pushoveralert", Address: strings.TrimRight(o.APIURL, "/") + "/1/messages.json", Field: "Options.APIURL",
		Client: o.HTTPClient, Timeout: o.Timeout, Secrets: []string{token, user},
		Dialect: exchange.Dialect{
			Taken: func(a exchange.Answer) bool { return read(a).Status == 1 },
			Words: func(a exchange.Answer) string { return strings.Join(read(a).Errors, "; ") },
			Wait:  wait,
		},
	})
	if err := errors.Join(o.validate(token, user), err); err != nil {
		return nil, err
	}
	return &Alerter{target, payload{Token: token, User: user, Device: o.Device}}, nil
}

// answer is what Pushover says.
type answer struct {
	Status int      `json:"status"`
	Errors []string `json:"errors"`
}

func read(a exchange.Answer) (said answer) {
	_ = json.Unmarshal(a.Body, &said) // what is no answer of Pushover's says nothing
	return said
}

// wait is how long it is until the application may send again, by Pushover's clock.
func wait(a exchange.Answer) time.Duration {
	if a.Header.Get("Retry-After") != "" || a.Header.Get("X-Limit-App-Remaining") != "0" {
		return 0
	}
	reset, err := strconv.ParseInt(a.Header.Get("X-Limit-App-Reset"), 10, 64)
	if err != nil {
		return 0
	}
	return exchange.Until(a.Header, time.Unix(reset, 0))
}

// Alert sends m, as the package comment says.
func (a *Alerter) Alert(ctx context.Context, m alert.Message) error {
	body, err := json.Marshal(a.payload(m))
	if err != nil {
		return alert.Permanent(fmt.Errorf("pushoveralert: encoding: %w", err))
	}
	return a.target.Call(ctx, exchange.Request{Header: http.Header{"Content-Type": {"application/json"}}, Body: body})
}

// payload is what Pushover takes.
type payload struct {
	Token    string `json:"token"`
	User     string `json:"user"`
	Device   string `json:"device,omitempty"`
	Title    string `json:"title"`
	Message  string `json:"message"`
	Priority int    `json:"priority"`
	URL      string `json:"url,omitempty"`
	URLTitle string `json:"url_title,omitempty"`
}

func (a *Alerter) payload(m alert.Message) payload {
	p, tone := a.to, layout.ToneOf(m)
	if p.URL = layout.Link(m.Link); p.URL != "" {
		p.URLTitle, m.Link = "the page about it", ""
	}
	title, body := layout.Text(m, maxText, asItIs, layout.Runes)
	if body == "" {
		body = title // a message is never empty
	}
	p.Title, p.Message = layout.Cut(tone.Mark()+" "+title, maxTitle, layout.Runes), body
	if tone == layout.Critical {
		p.Priority = 1
	}
	return p
}

func asItIs(text string) string { return text }
