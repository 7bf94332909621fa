// Package shoutrrralert sends messages by the services that shoutrrr knows, such as
// Gotify, Bark, Zulip, Mattermost or Opsgenie, each named by one URL. It is for those
// that have no package of their own beside this one: where there is one, that tells more
// of what becomes of a message, and keeps its deadlines itself.
//
// What it does not do: it cannot end a call. The library takes no context, and most of
// its services wait for an answer as long as it takes. Alert returns when its time is up
// all the same, and leaves the call behind, which may still deliver; at most a few may be
// left, and then Alert fails at once, but for one try now and then. It does not keep the
// library from following a redirect, which goes through http.DefaultClient or a client of
// the service's own. A service that logs in, as matrix:// does with a password, does so for
// each message. And it sends plain text alone: a title, a colour or a priority is
// what the URL says.
//
// # What becomes of an answer
//
// Few services of the library tell a status; what they say in words nobody ought to guess
// from.
//
//	nil                             the service says that it took the message
//	429, where it is told           *alert.RetryAfterError, after 30 s
//	400, 401, 403, 404, 410, 413,
//	where it is told                alert.Permanent
//	5xx, where it is told; a URL
//	that is refused; calls left
//	behind                          an error; try again
//	anything else, and time up      alert.Unknown: it may be there; try again
//
// # Secrets
//
// The URL of a service holds its token, somewhere. Errors name the service, by its
// scheme, and the place of the URL among several; of what the library says they show
// nothing that is a part of the URL, and no other URL. The library logs nowhere.
//
// # Weight
//
// Whoever imports this package links shoutrrr with all of its services, 36 packages,
// go-colorable, go-isatty and x/term: nothing that a host need fear, and nothing that
// others get, since no other package of this module imports it. It asks one line of
// go.mod and raises no other requirement, so it is a part of this module and not one of
// its own, which would be released beside it. Shoutrrr is under the MIT licence.
package shoutrrralert

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"
	"github.com/nicholas-fedor/shoutrrr/pkg/util/jsonclient"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/internal/exchange"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
)

const (
	defaultTimeout = 20 * time.Second
	// limited is how long a service is left alone that says 429 and, through the
	// library, not for how long.
	limited = 30 * time.Second
)

// errRefused is the error of a URL that the library does not take any more.
var errRefused = errors.New("its URL is refused")

// Options are what New can be told beside the URLs. The zero value is ready.
type Options struct {
	// Timeout bounds one Alert. Default: 20s.
	Timeout time.Duration
}

// Alerter is an alert.Alerter for one service or several. It is safe for concurrent use.
type Alerter struct{ all alert.Alerter }

var _ alert.Alerter = (*Alerter)(nil)

// New returns an Alerter for the URLs of services, as shoutrrr documents them:
// gotify://host/token, zulip://bot:key@host/?stream=ops. It calls nobody. Several are
// asked at the same time, as by alert.Fanout. The error names every mistake, and nothing
// of a URL but the scheme of a service that there is. shoutrrr's logger:// is refused: it
// tells nobody.
func New(urls []string, opts *Options) (*Alerter, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	var errs []error
	if o.Timeout < 0 {
		errs = append(errs, fmt.Errorf("shoutrrralert: Timeout: %v is negative", o.Timeout))
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if len(urls) == 0 {
		errs = append(errs, errors.New("shoutrrralert: no URL of a service"))
	}
	var services []alert.Alerter
	for i, url := range urls {
		s, err := newService(url, i, len(urls), o.Timeout)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		services = append(services, s)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if len(services) == 1 {
		return &Alerter{services[0]}, nil
	}
	return &Alerter{alert.Fanout(services...)}, nil
}

// Alert sends m, as the package comment says.
func (a *Alerter) Alert(ctx context.Context, m alert.Message) error { return a.all.Alert(ctx, m) }

// service is one of them.
type service struct {
	name    string // in errors
	url     string
	timeout time.Duration
	secrets []string
	door    spawn.Door
}

// Alert implements alert.Alerter.
func (s *service) Alert(ctx context.Context, m alert.Message) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	err := s.door.Call(ctx, s.name, func(context.Context) error {
		// One of its own for each call: nobody promises that they may be shared.
		to, err := new(router.ServiceRouter).Locate(s.url)
		if err != nil {
			return errors.Join(errRefused, s.said(err))
		}
		return s.verdict(to.Send(m.Text(), &types.Params{}))
	})
	switch {
	case errors.Is(err, spawn.ErrAbandoned):
		return alert.Unknown(fmt.Errorf("%s: no answer in time: %w", s.name, context.Cause(ctx)))
	case err != nil:
		if fault, ok := spawn.Faulty(err); ok { // whose text may be anything
			return alert.Unknown(fmt.Errorf("%s: the library failed: %w", s.name, s.said(fault)))
		}
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return nil
}

// verdict is what an error of the library's says.
func (s *service) verdict(err error) error {
	if err == nil {
		return nil
	}
	said := s.said(err)
	status, told := spawn.As[jsonclient.Error](err)
	switch {
	case !told || exchange.Done(status.StatusCode):
		return alert.Unknown(said)
	case status.StatusCode == http.StatusTooManyRequests:
		return &alert.RetryAfterError{After: limited, Err: said}
	case exchange.Final(status.StatusCode):
		return alert.Permanent(said)
	}
	return said
}
