// Package ntfyalert sends messages to a topic of ntfy, at ntfy.sh or a server of
// one's own.
//
// What it does not do: it makes no call before the first message (so a token that is
// gone shows then, not in New), it waits for no rate limit, and it does not repeat a
// message that failed. A message that comes twice is there twice, and people tell by
// the Key in its last lines.
//
// # What becomes of an answer
//
//	2xx with the message            nil
//	429                             *alert.RetryAfterError
//	400, 401, 403, 404, 413, other
//	4xx                             alert.Permanent, with what the server says
//	a connection that broke behind
//	the request, time up, another
//	body                            alert.Unknown: it may be there; try again
//	5xx, nobody there, a redirect   an error; try again
//
// # Text
//
// Plain text, which nothing in it can make markup; clients may make a link of what
// looks like one, and show it as it is. The priority is urgent (5) while something
// critical goes on, high (4) for other trouble, and the default (3) for what ended. A
// tap opens the page about it.
//
// # Secrets
//
// A topic that anyone may read is as good as a password. No error of this package
// contains the topic, the token or the password.
package ntfyalert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/internal/exchange"
	"github.com/seed-13dc028d/longwatch/alert/internal/layout"
)

const defaultServer = "https://ntfy.sh"

// How long the parts of a message may be, in bytes. A longer text would become an
// attachment.
const (
	maxTitle = 250
	maxText  = 4096
)

// Options are what New can be told beside the topic. The zero value is ready.
type Options struct {
	// Server is where ntfy is. Default: https://ntfy.sh.
	Server string
	// Token is an access token, which begins with tk_. Default: none.
	Token string
	// User and Password are used where there is no Token. Default: none.
	User, Password string
	// HTTPClient makes the requests. It is copied, and follows no redirect. Default:
	// one of the standard library's.
	HTTPClient *http.Client
	// Timeout bounds one Alert. Default: 20s.
	Timeout time.Duration
}

var topicForm = regexp.MustCompile(`^[-_A-Za-z0-9]{1,64}$`)

// validate names every mistake, and repeats none of what may be secret.
func (o *Options) validate(topic string) error {
	var errs []error
	switch {
	case topic == "":
		errs = append(errs, errors.New("ntfyalert: topic is empty"))
	case !topicForm.MatchString(topic):
		errs = append(errs, errors.New("ntfyalert: topic is none of 64 letters, digits, - and _ at most"))
	}
	if o.Token != "" && o.User+o.Password != "" {
		errs = append(errs, errors.New("ntfyalert: Options.Token and Options.User are both set; use one"))
	}
	if (o.User == "") != (o.Password == "") {
		errs = append(errs, errors.New("ntfyalert: Options.User and Options.Password are set only together"))
	}
	return errors.Join(errs...)
}

// Alerter is an alert.Alerter for one topic. It is safe for concurrent use.
type Alerter struct {
	target *exchange.Target
	header http.Header
	topic  string
}

var _ alert.Alerter = (*Alerter)(nil)

// New returns an Alerter for a topic. It calls nobody. The error names every
// mistake, and none of the secrets.
func New(topic string, opts *Options) (*Alerter, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Server == "" {
		o.Server = defaultServer
	}
	r := &http.Request{Header: http.Header{"Content-Type": {"application/json"}}}
	switch {
	case o.Token != "":
		r.Header.Set("Authorization", "Bearer "+o.Token)
	case o.User != "":
		r.SetBasicAuth(o.User, o.Password)
	}
	target, err := exchange.New(exchange.Config{
		Channel: "ntfyalert", Address: o.Server, Field: "Options.Server", Client: o.HTTPClient, Timeout: o.Timeout,
		Secrets: []string{topic, o.Token, o.Password, r.Header.Get("Authorization")},
		Dialect: exchange.Dialect{
			Taken: func(a exchange.Answer) bool { return read(a).ID != "" },
			Words: func(a exchange.Answer) string { return read(a).Error },
		},
	})
	if err := errors.Join(o.validate(topic), err); err != nil {
		return nil, err
	}
	return &Alerter{target, r.Header, topic}, nil
}

// answer is what ntfy says: the message, or an error.
type answer struct {
	ID    string `json:"id"`
	Error string `json:"error"`
}

func read(a exchange.Answer) (said answer) {
	_ = json.Unmarshal(a.Body, &said) // what is no answer of ntfy's says nothing
	return said
}

// Alert sends m, as the package comment says.
func (a *Alerter) Alert(ctx context.Context, m alert.Message) error {
	body, err := json.Marshal(newPayload(m, a.topic))
	if err != nil {
		return alert.Permanent(fmt.Errorf("ntfyalert: encoding: %w", err))
	}
	return a.target.Call(ctx, exchange.Request{Header: a.header.Clone(), Body: body})
}

// payload is what a server takes at its root.
type payload struct {
	Topic    string   `json:"topic"`
	Title    string   `json:"title"`
	Message  string   `json:"message"`
	Priority int      `json:"priority"`
	Tags     []string `json:"tags"`
	Click    string   `json:"click,omitempty"`
}

func newPayload(m alert.Message, topic string) payload {
	tone := layout.ToneOf(m)
	title, body := layout.Text(m, maxText, asItIs, layout.Bytes)
	full := title
	title = layout.Cut(title, maxTitle, layout.Bytes)
	if title != full || body == "" { // the text has all of the title, and is never empty
		body = layout.Cut(full+"\n"+body, maxText, layout.Bytes)
	}
	return payload{
		Topic: topic, Title: title, Message: body, Click: layout.Link(m.Link),
		Priority: [...]int{layout.Calm: 3, layout.Good: 3, layout.Warning: 4, layout.Critical: 5}[tone],
		Tags: []string{[...]string{
			layout.Calm: "large_blue_circle", layout.Good: "green_circle", layout.Warning: "orange_circle", layout.Critical: "red_circle",
		}[tone]},
	}
}

func asItIs(text string) string { return text }
