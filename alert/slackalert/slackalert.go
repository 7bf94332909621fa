// Package slackalert sends messages to a channel of Slack, by an incoming webhook.
//
// What it does not do: it makes no call before the first message (so a webhook that
// was revoked shows then, not in New), it waits for no rate limit, it does not
// repeat a message that failed, and it knows of no thread: a webhook is not told
// which message it made. Slack knows no idempotency key, so a message that comes
// twice is there twice, and people tell by the Key in its last lines.
//
// # What becomes of an answer
//
//	200 "ok"                        nil
//	429                             *alert.RetryAfterError, after Retry-After
//	400, 403, 404, 410, other 4xx   alert.Permanent, with Slack's word for it, such
//	                                as channel_is_archived or no_service
//	a connection that broke behind
//	the request, time up, another
//	body                            alert.Unknown: it may be there; try again
//	5xx, nobody there, a redirect   an error; try again
//
// # Text
//
// The first line is the notification, the rest an attachment with a bar in the
// colour of the severity. What Slack would read as markup, &, < and >, is escaped,
// and names are not looked for: no text pings a person or a channel or makes a link
// that leads elsewhere than it says. Asterisks and the like may make letters bold.
// Links of their own line stay links.
//
// # Secrets
//
// The address of a webhook is its secret. Errors name its host and nothing else of
// it.
package slackalert

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/internal/exchange"
	"github.com/seed-13dc028d/longwatch/alert/internal/layout"
)

// maxText is how long the text of a block of Slack's may be, in characters.
const maxText = 3000

// Options are what New can be told beside the address. The zero value is ready.
type Options struct {
	// HTTPClient makes the requests. It is copied, and follows no redirect. Default:
	// one of the standard library's.
	HTTPClient *http.Client
	// Timeout bounds one Alert. Default: 20s.
	Timeout time.Duration
}

// Alerter is an alert.Alerter for one channel. It is safe for concurrent use.
type Alerter struct{ target *exchange.Target }

var _ alert.Alerter = (*Alerter)(nil)

// New returns an Alerter for the address of an incoming webhook, as Slack gives it:
// https://hooks.slack.com/services/…. It calls nobody. The error names every
// mistake, and nothing of the address.
func New(url string, opts *Options) (*Alerter, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	target, err := exchange.New(exchange.Config{
		Channel: "slackalert", Address: url, Client: o.HTTPClient, Timeout: o.Timeout,
		Dialect: exchange.Dialect{
			Taken: func(a exchange.Answer) bool { return strings.TrimSpace(string(a.Body)) == "ok" },
			Words: words,
		},
	})
	if err != nil {
		return nil, err
	}
	return &Alerter{target}, nil
}

// words are Slack's: one line, or none where a proxy answers with a page.
func words(a exchange.Answer) string {
	if strings.Contains(string(a.Body), "<") {
		return ""
	}
	return string(a.Body)
}

// Alert sends m, as the package comment says.
func (a *Alerter) Alert(ctx context.Context, m alert.Message) error {
	body, err := json.Marshal(newPayload(m))
	if err != nil {
		return alert.Permanent(fmt.Errorf("slackalert: encoding: %w", err))
	}
	return a.target.Call(ctx, exchange.Request{Header: http.Header{"Content-Type": {"application/json"}}, Body: body})
}

// payload is what a webhook takes.
type payload struct {
	Text        string       `json:"text"`
	LinkNames   bool         `json:"link_names"`
	UnfurlLinks bool         `json:"unfurl_links"`
	UnfurlMedia bool         `json:"unfurl_media"`
	Attachments []attachment `json:"attachments,omitempty"`
}

type attachment struct {
	Color    string  `json:"color"`
	Fallback string  `json:"fallback"`
	Blocks   []block `json:"blocks"`
}

type block struct {
	Type string    `json:"type"`
	Text blockText `json:"text"`
}

type blockText struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Verbatim bool   `json:"verbatim"` // names and addresses in it are text
}

func newPayload(m alert.Message) payload {
	tone := layout.ToneOf(m)
	title, body := layout.Text(m, maxText, write, layout.Runes)
	p := payload{Text: tone.Mark() + " " + title}
	if body != "" {
		p.Attachments = []attachment{{
			Color: fmt.Sprintf("#%06x", tone.Colour()), Fallback: title,
			Blocks: []block{{Type: "section", Text: blockText{"mrkdwn", body, true}}},
		}}
	}
	return p
}

// write is a text in Slack's markup.
func write(text string) string {
	return layout.ByLine(text, func(link string) string { return "<" + escape(link) + ">" }, escape)
}

// escape takes from a text what Slack reads as the beginning of something.
func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}
