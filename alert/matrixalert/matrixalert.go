// Package matrixalert sends messages to a room of Matrix, by an account's access
// token.
//
// What it does not do: it makes no call before the first message (so a token that is
// gone shows then, not in New), it joins no room, it encrypts nothing (a room with
// end-to-end encryption shows the message and warns of it), it waits for no rate
// limit, and it does not repeat a message that failed.
//
// # Idempotency
//
// A message's Key and Kind make its transaction ID, so a repetition with the same
// token is the same event, which the server makes once, as long as it remembers: days
// with Synapse. A message without a Key has a transaction ID of its text.
//
// # What becomes of an answer
//
//	2xx with an event               nil
//	429                             *alert.RetryAfterError, after Retry-After or the
//	                                retry_after_ms of older servers
//	400, 401, 403, 404, other 4xx   alert.Permanent, with the server's words, such as
//	                                M_FORBIDDEN
//	a connection that broke behind
//	the request, time up, another
//	body                            alert.Unknown: it may be there; a repetition makes
//	                                no second one
//	5xx, nobody there, a redirect   an error; try again
//
// # Text
//
// Plain text, which nothing in it can make markup, that says in so many words that it
// mentions nobody: neither @room nor a name in it pings anyone. Clients make links of
// what looks like one, and show it as it is.
//
// # Secrets
//
// The token stands in a header. No error of this package contains it.
package matrixalert

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/internal/exchange"
	"github.com/seed-13dc028d/longwatch/alert/internal/layout"
)

// Options are what New can be told beside server, token and room. The zero value is
// ready.
type Options struct {
	// HTTPClient makes the requests. It is copied, and follows no redirect. Default:
	// one of the standard library's.
	HTTPClient *http.Client
	// Timeout bounds one Alert. Default: 20s.
	Timeout time.Duration
}

var roomForm = regexp.MustCompile(`^![^\s/?#]{1,254}$`)

// validate names every mistake, and repeats none of what may be secret.
func validate(token, roomID string) error {
	var errs []error
	if token == "" {
		errs = append(errs, errors.New("matrixalert: token is empty"))
	}
	switch {
	case roomID == "":
		errs = append(errs, errors.New("matrixalert: roomID is empty"))
	case !roomForm.MatchString(roomID):
		errs = append(errs, errors.New("matrixalert: roomID has not the form !id:server, as a room's settings show it; an alias is none"))
	}
	return errors.Join(errs...)
}

// Alerter is an alert.Alerter for one room. It is safe for concurrent use.
type Alerter struct {
	target *exchange.Target
	header http.Header
	path   string // of the room, escaped
}

var _ alert.Alerter = (*Alerter)(nil)

// New returns an Alerter for a room: server is the address of the homeserver, token
// the access token of an account that is in the room, and roomID the room's, which
// begins with an exclamation mark. It calls nobody. The error names every mistake,
// and never the token.
func New(server, token, roomID string, opts *Options) (*Alerter, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	target, err := exchange.New(exchange.Config{
		Channel: "matrixalert", Address: server, Field: "server", Client: o.HTTPClient, Timeout: o.Timeout, Secrets: []string{token},
		Dialect: exchange.Dialect{
			Taken: func(a exchange.Answer) bool { return read(a).EventID != "" },
			Words: words, Wait: wait,
		},
	})
	if err := errors.Join(err, validate(token, roomID)); err != nil {
		return nil, err
	}
	return &Alerter{
		target: target, path: "_matrix/client/v3/rooms/" + url.PathEscape(roomID) + "/send/m.room.message/",
		header: http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + token}},
	}, nil
}

// answer is what a homeserver says: the event, or an error.
type answer struct {
	EventID      string `json:"event_id"`
	Code         string `json:"errcode"`
	Error        string `json:"error"`
	RetryAfterMS int64  `json:"retry_after_ms"`
}

func read(a exchange.Answer) (said answer) {
	_ = json.Unmarshal(a.Body, &said) // what is no answer of Matrix says nothing
	return said
}

func words(a exchange.Answer) string {
	said := read(a)
	if said.Code == "" {
		return ""
	}
	return said.Code + ": " + said.Error
}

func wait(a exchange.Answer) time.Duration {
	if a.Header.Get("Retry-After") != "" {
		return 0
	}
	return time.Duration(min(max(read(a).RetryAfterMS, 0), exchange.MaxWait.Milliseconds())) * time.Millisecond
}

// Alert sends m, as the package comment says.
func (a *Alerter) Alert(ctx context.Context, m alert.Message) error {
	text := layout.ToneOf(m).Mark() + " " + m.Text()
	body, err := json.Marshal(event{"m.text", text, struct{}{}})
	if err != nil {
		return alert.Permanent(fmt.Errorf("matrixalert: encoding: %w", err))
	}
	return a.target.Call(ctx, exchange.Request{Method: http.MethodPut, Below: a.path + transaction(m, text), Header: a.header.Clone(), Body: body})
}

// event is a message as a room has it.
type event struct {
	Type     string   `json:"msgtype"`
	Body     string   `json:"body"`
	Mentions struct{} `json:"m.mentions"` // nobody
}

// transaction is the same for every repetition of the same message.
func transaction(m alert.Message, text string) string {
	key := exchange.Key(m)
	if key == "" {
		key = text
	}
	sum := sha256.Sum256([]byte(key))
	return "longwatch-" + hex.EncodeToString(sum[:])
}
