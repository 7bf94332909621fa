package webhookalert

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/alert/internal/exchange"
)

const defaultPingTimeout = 10 * time.Second

// PingOptions are what NewPing can be told beside the address. The zero value is
// ready.
type PingOptions struct {
	// Method is GET or POST. Empty means GET.
	Method string
	// HTTPClient makes the requests. It is copied. nil means a client of the
	// standard library's.
	HTTPClient *http.Client
	// Timeout bounds one Beat. 0 means 10s.
	Timeout time.Duration
}

// Ping calls a dead-man switch outside: a check that raises the alarm when it is
// not called for a while, for the night on which every instance is gone. A host
// calls Beat after each stored heartbeat, from monitor.Config.AfterBeat. It is
// safe for concurrent use.
type Ping struct {
	target *exchange.Target
	method string
}

// NewPing returns a Ping of an http or https address. It calls nobody. The error
// names every mistake, and nothing of the address.
func NewPing(url string, opts *PingOptions) (*Ping, error) {
	var o PingOptions
	if opts != nil {
		o = *opts
	}
	var bad error
	switch o.Method {
	case "":
		o.Method = http.MethodGet
	case http.MethodGet, http.MethodPost:
	default:
		bad = fmt.Errorf("webhookalert: PingOptions.Method %.10q is neither GET nor POST", o.Method)
	}
	target, err := newTarget(url, o.HTTPClient, o.Timeout, defaultPingTimeout)
	if err := errors.Join(bad, err); err != nil {
		return nil, err
	}
	return &Ping{target: target, method: o.Method}, nil
}

// Beat calls the address once; nil means a 2xx. The error is of the kinds that
// Alert returns. There is no need to repeat it: the next beat comes.
func (p *Ping) Beat(ctx context.Context) error { return p.BeatWith(ctx, "") }

// AnchorHeader is the header in which a ping carries an anchor, in one line.
const AnchorHeader = "Longwatch-Anchor"

// maxAnchor bounds the header: servers refuse long ones.
const maxAnchor = 1024

// BeatWith is Beat with an anchor of the evidence, such as its newest checkpoint and
// the head of its chain: a check that keeps its pings keeps it where nobody who can
// write the store can change it, and "longctl verify evidence --anchor" reads it from
// the log of the pings. It is the body of a POST, verbatim, and with both methods the
// AnchorHeader, without what is not ASCII and with blanks for line feeds.
func (p *Ping) BeatWith(ctx context.Context, anchor string) error {
	header := http.Header{}
	if line := anchorLine(anchor); line != "" {
		header.Set(AnchorHeader, line)
	}
	var body []byte
	if p.method == http.MethodPost && anchor != "" {
		header.Set("Content-Type", "text/plain; charset=utf-8")
		body = []byte(anchor)
	}
	return p.target.Call(ctx, exchange.Request{Method: p.method, Header: header, Body: body})
}

// anchorLine is as many words of an anchor as a header has room for.
func anchorLine(anchor string) string {
	var line strings.Builder
	for word := range strings.FieldsSeq(anchor) {
		if strings.ContainsFunc(word, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			continue
		}
		if line.Len()+1+len(word) > maxAnchor {
			break
		}
		if line.Len() > 0 {
			line.WriteByte(' ')
		}
		line.WriteString(word)
	}
	return line.String()
}
