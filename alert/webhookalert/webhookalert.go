// Package webhookalert sends messages to an address, as JSON for a program to
// read or as pings for a check of the Healthchecks kind, and keeps a dead-man
// switch from going off.
//
// What it does not do: it makes no call before the first message, it does not
// repeat one that failed (the caller does, so a receiver may see it twice and
// tells by the Idempotency-Key), it reads no answer but its status, and it
// follows no redirect. A signature proves where a body comes from and that it is
// whole; it hides nothing, so the address should be https.
//
// # The request
//
// POST, Content-Type application/json, a Payload as its body, and
//
//	Idempotency-Key      the same for every repetition of the same message;
//	                     absent where the message has no Key
//	Longwatch-Timestamp  seconds since 1970, of this attempt; with a secret only
//	Longwatch-Signature  "sha256=" and the hexadecimal HMAC-SHA256 of the
//	                     timestamp, a full stop and the body; with a secret only
//
// A receiver in Go calls Verify; in any other language it computes the HMAC with
// the shared secret over the raw body, compares in constant time, and refuses a
// timestamp that is more than five minutes away.
//
// # What becomes of an answer
//
//	2xx                            nil
//	429, 503 with Retry-After      *alert.RetryAfterError: seconds or a date; a 429
//	                               without either asks for 30 s
//	other 4xx but 408, 425         alert.Permanent: somebody must change something
//	a connection that broke behind
//	the request, time up, 504      alert.Unknown: it may have arrived; try again
//	everything else                an error; try again
//
// # Secrets
//
// An address like that is often itself the secret. Errors name its host and
// nothing else of it, and repeat nothing that the server says.
package webhookalert

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/internal/exchange"
)

const defaultTimeout = 20 * time.Second

// Options are what New can be told beside the address. The zero value is ready.
type Options struct {
	// Secret signs each request. Empty means no signature.
	Secret string
	// Healthchecks sends pings instead of JSON, with the message's Text as the
	// body: to the address with /fail for a Firing, a Reminder, and a Digest
	// after which something goes on; with /log for a Test; and to the address
	// itself for what ended. The address is that of one check, so one rule that
	// ends says so for all.
	Healthchecks bool
	// HTTPClient makes the requests. It is copied. nil means a client of the
	// standard library's.
	HTTPClient *http.Client
	// Timeout bounds one Alert. 0 means 20s.
	Timeout time.Duration
	// Clock tells the time for signatures. nil means the wall clock.
	Clock clock.Clock
}

// Alerter is an alert.Alerter for one address. It is safe for concurrent use.
type Alerter struct {
	target *exchange.Target
	opts   Options
}

var _ alert.Alerter = (*Alerter)(nil)

// New returns an Alerter for an http or https address. It calls nobody. The
// error names every mistake, and nothing of the address.
func New(url string, opts *Options) (*Alerter, error) {
	a := &Alerter{}
	if opts != nil {
		a.opts = *opts
	}
	if a.opts.Clock == nil {
		a.opts.Clock = clock.New()
	}
	var err error
	a.target, err = newTarget(url, a.opts.HTTPClient, a.opts.Timeout, defaultTimeout)
	if err != nil {
		return nil, err
	}
	return a, nil
}

// Alert sends m, as the package comment says. The error is Permanent when
// trying again is no use, and holds an *alert.RetryAfterError when the receiver
// asks to wait.
func (a *Alerter) Alert(ctx context.Context, m alert.Message) error {
	header := http.Header{}
	if key := exchange.Key(m); key != "" {
		header.Set(IdempotencyHeader, key)
	}
	if a.opts.Healthchecks {
		header.Set("Content-Type", "text/plain; charset=utf-8")
		return a.target.Call(ctx, exchange.Request{Method: http.MethodPost, Below: ping(m), Header: header, Body: []byte(m.Text())})
	}
	body, err := encode(m)
	if err != nil {
		return alert.Permanent(fmt.Errorf("webhookalert: encoding: %w", err))
	}
	header.Set("Content-Type", "application/json")
	if a.opts.Secret != "" {
		at := strconv.FormatInt(a.opts.Clock.Now().Unix(), 10)
		header.Set(TimestampHeader, at)
		header.Set(SignatureHeader, sign(a.opts.Secret, at, body))
	}
	return a.target.Call(ctx, exchange.Request{Method: http.MethodPost, Header: header, Body: body})
}

// encode is the JSON of a message, with text as people wrote it.
func encode(m alert.Message) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(newPayload(m))
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

func newTarget(url string, client *http.Client, timeout, otherwise time.Duration) (*exchange.Target, error) {
	return exchange.New(exchange.Config{Channel: "webhookalert", Address: url, Client: client, Timeout: timeout, Otherwise: otherwise})
}
