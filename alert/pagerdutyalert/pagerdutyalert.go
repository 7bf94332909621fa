// Package pagerdutyalert opens and resolves incidents of PagerDuty, by its Events
// API v2.
//
// What it does not do: it makes no call before the first message (so a routing key
// that is gone shows then, not in New), it waits for no rate limit, it does not
// repeat an event that failed, and it hears of nothing that people do in PagerDuty:
// what they acknowledge or resolve there stays as it is here.
//
// # Events
//
// Each incident here is one there: its ID is the dedup_key. A message that begins or
// goes on is a trigger, which PagerDuty adds to the open incident of that key, and one
// that ends is a resolve. A message that comes twice is therefore no second incident;
// only a trigger that comes again after its resolve opens one, and the resolve behind
// it closes that. A test is a trigger of severity info and its resolve. A digest is
// the events of its parts, in their order, sent one after the other: where one fails,
// a repetition leaves out those that PagerDuty took, as far as this Alerter remembers.
//
// # What becomes of an answer
//
//	202, or another 2xx, that says
//	"success"                       nil
//	429                             *alert.RetryAfterError
//	400, other 4xx                  alert.Permanent, with what PagerDuty has against it
//	a connection that broke behind
//	the request, time up, another
//	body                            alert.Unknown: it may be there; try again
//	5xx, nobody there, a redirect   an error; try again
//
// # Secrets
//
// The routing key stands in the body. No error of this package contains it.
package pagerdutyalert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/internal/exchange"
)

const defaultAPIURL = "https://events.pagerduty.com"

// Options are what New can be told beside the routing key. The zero value is ready.
type Options struct {
	// APIURL is where the Events API is; accounts in the EU have
	// https://events.eu.pagerduty.com. Default: https://events.pagerduty.com.
	APIURL string
	// HTTPClient makes the requests. It is copied, and follows no redirect. Default:
	// one of the standard library's.
	HTTPClient *http.Client
	// Timeout bounds one Alert, all its events together. Default: 20s.
	Timeout time.Duration
}

// Alerter is an alert.Alerter for one service of PagerDuty's. It is safe for
// concurrent use.
type Alerter struct {
	target  *exchange.Target
	key     string
	timeout time.Duration
	taken   taken
}

var _ alert.Alerter = (*Alerter)(nil)

var keyForm = regexp.MustCompile(`^[A-Za-z0-9]{32}$`)

// New returns an Alerter for the routing key of an integration of the kind Events
// API v2. It calls nobody. The error names every mistake, and never the key.
func New(routingKey string, opts *Options) (*Alerter, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.APIURL == "" {
		o.APIURL = defaultAPIURL
	}
	if o.Timeout == 0 {
		o.Timeout = exchange.DefaultTimeout
	}
	var bad error
	switch {
	case routingKey == "":
		bad = errors.New("pagerdutyalert: routingKey is empty")
	case !keyForm.MatchString(routingKey):
		bad = errors.New("pagerdutyalert: routingKey has not the form of 32 letters and digits")
	}
	target, err := exchange.New(exchange.Config{
		Channel: "pagerdutyalert", Address: strings.TrimRight(o.APIURL, "/") + "/v2/enqueue", Field: "Options.APIURL", Secrets: []string{routingKey},
		Client: o.HTTPClient, Timeout: o.Timeout, Dialect: exchange.Dialect{Taken: accepted, Words: words},
	})
	if err := errors.Join(bad, err); err != nil {
		return nil, err
	}
	return &Alerter{target: target, key: routingKey, timeout: o.Timeout}, nil
}

// answer is what PagerDuty says.
type answer struct {
	Status  string   `json:"status"`
	Message string   `json:"message"`
	Errors  []string `json:"errors"`
}

func read(a exchange.Answer) (said answer) {
	_ = json.Unmarshal(a.Body, &said) // what is no answer of PagerDuty's says nothing
	return said
}

func accepted(a exchange.Answer) bool { return read(a).Status == "success" }

func words(a exchange.Answer) string {
	said := read(a)
	return strings.Join(append([]string{said.Message}, said.Errors...), "; ")
}

// Alert sends the events of m, as the package comment says.
func (a *Alerter) Alert(ctx context.Context, m alert.Message) error {
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	events := eventsOf(m)
	for _, e := range events {
		if len(events) > 1 && a.taken.has(e.id()) {
			continue
		}
		if err := a.send(ctx, e); err != nil {
			return err
		}
		if len(events) > 1 {
			a.taken.add(e.id())
		}
	}
	for _, e := range events {
		a.taken.forget(e.id()) // sent again, it is sent again
	}
	return nil
}

func (a *Alerter) send(ctx context.Context, e event) error {
	e.RoutingKey = a.key
	body, err := json.Marshal(e)
	if err != nil {
		return alert.Permanent(fmt.Errorf("pagerdutyalert: encoding: %w", err))
	}
	return a.target.Call(ctx, exchange.Request{Header: http.Header{"Content-Type": {"application/json"}}, Body: body})
}
