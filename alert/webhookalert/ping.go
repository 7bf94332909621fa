package webhookalert

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
func (p *Ping) Beat(ctx context.Context) error {
	return p.target.Call(ctx, exchange.Request{Method: p.method, Header: http.Header{}})
}
