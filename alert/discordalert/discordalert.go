// Package discordalert sends messages to a channel of Discord, by a webhook.
//
// What it does not do: it makes no call before the first message (so a webhook that
// was deleted shows then, not in New), it waits for no rate limit, and it does not
// repeat a message that failed. Discord knows no idempotency key for webhooks, so a
// message that comes twice is there twice, and people tell by the Key in its last
// lines.
//
// # What becomes of an answer
//
//	200 with the message            nil: Discord is asked to wait until it is stored
//	429                             *alert.RetryAfterError, after retry_after in the
//	                                body, which is exact, or Retry-After
//	400, 401, 403, 404, other 4xx   alert.Permanent, with Discord's words, such as
//	                                Unknown Webhook
//	a connection that broke behind
//	the request, time up, another
//	body                            alert.Unknown: it may be there; try again
//	5xx, nobody there, a redirect   an error; try again
//
// # Text
//
// One embed: the first line is its title, and leads to the page about it; the bar is
// in the colour of the severity. What Discord would read as markup is escaped, and
// nobody may be mentioned: no text pings anyone or makes a link that leads elsewhere
// than it says. Links of their own line stay links.
//
// # Secrets
//
// The address of a webhook is its secret. Errors name its host and nothing else of
// it.
package discordalert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/internal/exchange"
	"github.com/seed-13dc028d/longwatch/alert/internal/layout"
)

// How long the parts of an embed may be, in characters.
const (
	maxTitle = 256
	maxText  = 4096
)

// Options are what New can be told beside the address. The zero value is ready.
type Options struct {
	// Username is who the message is from, 80 characters at most. Default: the
	// webhook's own name.
	Username string
	// ThreadID is the thread of the channel that messages go to. Default: the channel
	// itself.
	ThreadID string
	// HTTPClient makes the requests. It is copied, and follows no redirect. Default:
	// one of the standard library's.
	HTTPClient *http.Client
	// Timeout bounds one Alert. Default: 20s.
	Timeout time.Duration
}

// validate names every mistake.
func (o *Options) validate() error {
	var errs []error
	if n := layout.Runes(o.Username); n > 80 {
		errs = append(errs, fmt.Errorf("discordalert: Options.Username has %d characters, and 80 are the most", n))
	}
	if strings.Trim(o.ThreadID, "0123456789") != "" {
		errs = append(errs, errors.New("discordalert: Options.ThreadID is no number"))
	}
	return errors.Join(errs...)
}

// Alerter is an alert.Alerter for one channel. It is safe for concurrent use.
type Alerter struct {
	target   *exchange.Target
	username string
}

var _ alert.Alerter = (*Alerter)(nil)

// New returns an Alerter for the address of a webhook, as Discord gives it:
// https://discord.com/api/webhooks/…. It calls nobody. The error names every
// mistake, and nothing of the address.
func New(address string, opts *Options) (*Alerter, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	query := url.Values{"wait": {"true"}}
	if o.ThreadID != "" {
		query.Set("thread_id", o.ThreadID)
	}
	target, err := exchange.New(exchange.Config{
		Channel: "discordalert", Address: address, Query: query, Client: o.HTTPClient, Timeout: o.Timeout,
		Dialect: exchange.Dialect{Taken: taken, Words: words, Wait: wait},
	})
	if err := errors.Join(err, o.validate()); err != nil {
		return nil, err
	}
	return &Alerter{target, o.Username}, nil
}

// answer is what Discord says: of a message that it stored, or of why it did not.
type answer struct {
	ID         string  `json:"id"`
	Message    string  `json:"message"`
	RetryAfter float64 `json:"retry_after"` // seconds
}

func read(a exchange.Answer) (said answer) {
	_ = json.Unmarshal(a.Body, &said) // what is no answer of Discord's says nothing
	return said
}

func taken(a exchange.Answer) bool   { return read(a).ID != "" }
func words(a exchange.Answer) string { return read(a).Message }

func wait(a exchange.Answer) time.Duration {
	seconds := min(max(read(a).RetryAfter, 0), exchange.MaxWait.Seconds())
	return time.Duration(seconds * float64(time.Second))
}

// Alert sends m, as the package comment says.
func (a *Alerter) Alert(ctx context.Context, m alert.Message) error {
	body, err := json.Marshal(newPayload(m, a.username))
	if err != nil {
		return alert.Permanent(fmt.Errorf("discordalert: encoding: %w", err))
	}
	return a.target.Call(ctx, exchange.Request{Header: http.Header{"Content-Type": {"application/json"}}, Body: body})
}

// payload is what a webhook takes.
type payload struct {
	Username        string   `json:"username,omitempty"`
	Embeds          []embed  `json:"embeds"`
	AllowedMentions mentions `json:"allowed_mentions"`
}

type embed struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	URL         string `json:"url,omitempty"`
	Color       int    `json:"color"`
}

// mentions allow none: an empty list is not the same as no list.
type mentions struct {
	Parse []string `json:"parse"`
}

func newPayload(m alert.Message, username string) payload {
	tone := layout.ToneOf(m)
	title, body := layout.Text(m, maxText, write, layout.Runes)
	full := title
	title = layout.Cut(tone.Mark()+" "+title, maxTitle, layout.Runes)
	if !strings.HasSuffix(title, full) { // the title is cut, and the text has all of it
		body = layout.Cut(full+"\n"+body, maxText, layout.Runes)
	}
	return payload{
		Username: username, AllowedMentions: mentions{[]string{}},
		Embeds: []embed{{Title: title, Description: body, URL: layout.Link(m.Link), Color: tone.Colour()}},
	}
}

// write is a text in Discord's markup.
func write(text string) string {
	return layout.ByLine(text, func(link string) string { return link }, escape)
}

// escape has each character that Discord gives a meaning stand for itself: some
// anywhere, and some where a line begins with them.
func escape(line string) string {
	var b strings.Builder
	for i, r := range line {
		if strings.ContainsRune("\\*_~`|<[]@", r) || i == 0 && strings.ContainsRune("#>-+", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
