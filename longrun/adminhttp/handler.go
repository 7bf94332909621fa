package adminhttp

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
)

// DefaultPrefix is where a host mounts the handler unless it says otherwise.
const DefaultPrefix = "/api/admin/longrun"

// Monitor is what the API needs of a *monitor.Monitor.
type Monitor interface {
	Status() monitor.Status
	Ledger() *ledger.Ledger
	Settings(ctx context.Context) (longrun.Settings, string, error)
	PutSettings(ctx context.Context, s longrun.Settings, version string) (string, error)
	RunProbe(ctx context.Context, t longrun.ProbeType) (longrun.Probe, error)
	TestAlert(ctx context.Context) error
	Silence(ctx context.Context, s longrun.Silence) (longrun.Silence, error)
	EndSilence(ctx context.Context, id string) (longrun.Silence, error)
}

// Options are the optional settings of New.
type Options struct {
	// Token is what a caller must send as "Authorization: Bearer …". It is
	// never accepted in a URL and never logged. Default: none; then only
	// requests that reach a loopback address are answered.
	Token string
	// Prefix is where the host mounts the handler. Default: DefaultPrefix.
	Prefix string
	// Clock is the time. Default: the wall clock.
	Clock clock.Clock
	// Logger takes what went wrong on this side. Default: silence.
	Logger *slog.Logger
}

type handler struct {
	monitor Monitor
	token   string
	prefix  string
	clock   clock.Clock
	logger  *slog.Logger
}

// New returns the API over m. The handler is safe for concurrent use and holds
// no state of its own.
func New(m Monitor, opts Options) http.Handler {
	if opts.Prefix == "" {
		opts.Prefix = DefaultPrefix
	}
	if opts.Clock == nil {
		opts.Clock = clock.New()
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	h := &handler{monitor: m, token: opts.Token, prefix: strings.TrimRight(opts.Prefix, "/"), clock: opts.Clock, logger: opts.Logger}
	mux := http.NewServeMux()
	for _, r := range h.routes() {
		serve := http.Handler(r.serve)
		if !r.open {
			serve = h.authorized(sameOrigin(serve))
		}
		mux.Handle(r.method+" "+h.prefix+r.path, serve)
	}
	mux.Handle("/", h.authorized(noRoute(mux)))
	return mux
}
