// Package teamsalert sends messages to a channel or chat of Microsoft Teams, by a
// workflow that is started "when a Teams webhook request is received".
//
// What it does not do: it makes no call before the first message (so a workflow that
// was deleted shows then, not in New), it waits for no rate limit, and it does not
// repeat a message that failed. A workflow says 202 when it begins, not when the card
// is in the channel: one that fails behind that tells its owner, in Power Automate,
// and nobody here. A message that comes twice is there twice, and people tell by the
// Key in its last lines.
//
// # What becomes of an answer
//
//	2xx                             nil: the workflow began
//	429                             *alert.RetryAfterError
//	400, 401, 403, 404, other 4xx   alert.Permanent, with what the service says
//	a connection that broke behind
//	the request, time up            alert.Unknown: it may have begun; try again
//	5xx, nobody there, a redirect   an error; try again
//
// # Text
//
// An Adaptive Card, with the first line in the colour of the severity and a button
// that opens the page about it. Texts are runs, which know no markup: nothing in them
// mentions anybody or makes a link.
//
// # Secrets
//
// The address of a workflow is its secret. Errors name its host and nothing else of
// it.
package teamsalert

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

// maxText is how long a text may be as JSON, in bytes: Teams takes 28 KB, with all
// that is around it.
const maxText = 24 << 10

// Options are what New can be told beside the address. The zero value is ready.
type Options struct {
	// HTTPClient makes the requests. It is copied, and follows no redirect. Default:
	// one of the standard library's.
	HTTPClient *http.Client
	// Timeout bounds one Alert. Default: 20s.
	Timeout time.Duration
}

// Alerter is an alert.Alerter for one workflow. It is safe for concurrent use.
type Alerter struct{ target *exchange.Target }

var _ alert.Alerter = (*Alerter)(nil)

// New returns an Alerter for the address of a workflow, as Teams gives it. It calls
// nobody. The error names every mistake, and nothing of the address.
func New(url string, opts *Options) (*Alerter, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	target, err := exchange.New(exchange.Config{
		Channel: "teamsalert", Address: url, Client: o.HTTPClient, Timeout: o.Timeout, Dialect: exchange.Dialect{Words: words},
	})
	if err != nil {
		return nil, err
	}
	return &Alerter{target}, nil
}

// words are what the service says of an error.
func words(a exchange.Answer) string {
	var said struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	_ = json.Unmarshal(a.Body, &said) // what has another form says nothing
	return said.Error.Message
}

// Alert sends m, as the package comment says.
func (a *Alerter) Alert(ctx context.Context, m alert.Message) error {
	body, err := json.Marshal(newPayload(m))
	if err != nil {
		return alert.Permanent(fmt.Errorf("teamsalert: encoding: %w", err))
	}
	return a.target.Call(ctx, exchange.Request{Header: http.Header{"Content-Type": {"application/json"}}, Body: body})
}

// payload is what a workflow takes.
type payload struct {
	Type        string       `json:"type"`
	Attachments []attachment `json:"attachments"`
}

type attachment struct {
	ContentType string `json:"contentType"`
	Content     card   `json:"content"`
}

type card struct {
	Schema  string            `json:"$schema"`
	Type    string            `json:"type"`
	Version string            `json:"version"`
	Body    []block           `json:"body"`
	Actions []action          `json:"actions,omitempty"`
	Teams   map[string]string `json:"msteams"`
}

// block is a line, of runs.
type block struct {
	Type    string `json:"type"`
	Spacing string `json:"spacing"`
	Inlines []run  `json:"inlines"`
}

// run is a text without markup.
type run struct {
	Type   string `json:"type"`
	Text   string `json:"text"`
	Weight string `json:"weight,omitempty"`
	Color  string `json:"color,omitempty"`
}

type action struct {
	Type  string `json:"type"`
	Title string `json:"title"`
	URL   string `json:"url"`
}

func newPayload(m alert.Message) payload {
	tone := layout.ToneOf(m)
	title, body := layout.Text(m, maxText, asItIs, size)
	c := card{
		Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.4",
		Teams: map[string]string{"width": "Full"},
		Body: []block{paragraph(run{
			Type: "TextRun",
			Text: tone.Mark() + " " + title, Weight: "Bolder",
			Color: [...]string{layout.Calm: "Accent", layout.Good: "Good", layout.Warning: "Warning", layout.Critical: "Attention"}[tone],
		})},
	}
	for line := range strings.Lines(body) {
		c.Body = append(c.Body, paragraph(run{Type: "TextRun", Text: strings.TrimSuffix(line, "\n")}))
	}
	if address := layout.Link(m.Link); address != "" {
		c.Actions = []action{{"Action.OpenUrl", "Open the page about it", address}}
	}
	return payload{"message", []attachment{{"application/vnd.microsoft.card.adaptive", c}}}
}

func paragraph(r run) block { return block{"RichTextBlock", "None", []run{r}} }

func asItIs(text string) string { return text }

// size is how many bytes a text has as blocks.
func size(text string) int {
	document, _ := json.Marshal(text) // a string always is JSON
	return len(document) + blockSize*(strings.Count(text, "\n")+1)
}

// blockSize is how many bytes a line needs beside its text.
const blockSize = 90
