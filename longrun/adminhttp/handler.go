package adminhttp

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/redirect"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/internal/turnstile"
	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/reply"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store"
)

// DefaultPrefix is where a host mounts the handler unless it says otherwise.
const DefaultPrefix = "/api/admin/longrun"

// Monitor is what the API needs of a *monitor.Monitor.
type Monitor interface {
	Status() monitor.Status
	Ledger() *ledger.Ledger
	Settings(ctx context.Context) (longrun.Settings, string, error)
	PutSettings(ctx context.Context, s longrun.Settings, version string) (string, error)
	RunNamedProbe(ctx context.Context, n longrun.NamedProbe) (longrun.Probe, error)
	TestAlert(ctx context.Context) error
	Silence(ctx context.Context, s longrun.Silence) (longrun.Silence, error)
	EndSilence(ctx context.Context, id string) (longrun.Silence, error)
}

// Options are the optional settings of New.
type Options struct {
	// Token is what a caller must send as "Authorization: Bearer …", at least
	// MinToken characters. It is never accepted in a URL and never logged. Default:
	// none; then only requests that reach a loopback address by a loopback name are
	// answered, and none that a header says came through a proxy.
	Token string
	// Prefix is where the host mounts the handler. Default: DefaultPrefix.
	Prefix string
	// OpenBadge lets everybody ask for badge.svg, such as a README that shows it: it
	// tells the coverage and nothing else, of the windows that have a name. Default:
	// only who may ask for the rest.
	OpenBadge bool
	// Clock is the time. Default: the wall clock.
	Clock clock.Clock
	// Logger takes what went wrong on this side. Default: silence.
	Logger *slog.Logger
	// Limits bound what callers can take. Those of connections and headers are
	// kept by a Server. Default: those of the zero Limits.
	Limits Limits
}

// Validate reports everything that is wrong, each error naming its field and
// none the token.
func (o Options) Validate() error {
	var prefix error
	if o.Prefix != "" && !strings.HasPrefix(o.Prefix, "/") {
		prefix = errors.New("adminhttp: Prefix does not begin with a slash")
	}
	return errors.Join(checkToken(o.Token), prefix, o.Limits.Validate())
}

type handler struct {
	monitor Monitor
	token   string
	prefix  string
	clock   clock.Clock
	logger  *slog.Logger
	limits  Limits
	refused error // what is wrong with the options

	openBadge bool
	badges    badges

	surveys, reads turnstile.Gate
	tests          *turnstile.Pace
	refusals       *refusals
}

var errNoMonitor = errors.New("adminhttp: the Monitor is nil")

// New returns the API over m. The handler is safe for concurrent use, and keeps
// nothing but counts of what its limits bound, and badges for a minute.
//
// It cannot fail, so that it can stand where it is mounted. Options that Validate
// refuses are told to the Logger, and the handler answers nothing but 503: a token
// that is too short must not open anything. So is an m that is nil. A host that reads its
// options from somewhere calls Validate first, and does not start.
func New(m Monitor, opts Options) http.Handler {
	refused := opts.Validate()
	if spawn.Nothing(m) {
		refused = errors.Join(errNoMonitor, refused)
	}
	switch {
	case opts.Prefix == "":
		opts.Prefix = DefaultPrefix
	case opts.Prefix[0] != '/':
		opts.Prefix = "/" + opts.Prefix
	}
	if spawn.Nothing(opts.Clock) {
		opts.Clock = clock.New()
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	limits := opts.Limits.withDefaults()
	h := &handler{
		monitor: m, token: opts.Token, prefix: strings.TrimRight(opts.Prefix, "/"), clock: opts.Clock, logger: opts.Logger,
		limits: limits, refused: refused, openBadge: opts.OpenBadge && refused == nil,
		surveys: turnstile.NewGate(limits.Surveys), reads: turnstile.NewGate(limits.Reads),
		tests:    turnstile.NewPace(opts.Clock, turnstile.Rate{N: 1, Per: 10 * time.Second}, turnstile.Rate{N: 10, Per: time.Hour}),
		refusals: newRefusals(opts.Clock, opts.Logger),
	}
	if refused != nil {
		h.logger.ErrorContext(context.Background(), "the admin API answers nothing: its options are refused", "error", refused)
	}
	mux := http.NewServeMux()
	host := reply.Host{Prefix: h.prefix, Time: limits.ReplyTime}
	for _, r := range h.routes() {
		if page, ok := r.page(); ok {
			host.Pages = append(host.Pages, page)
		}
		serve := http.Handler(r.serve)
		if !r.open || spawn.Nothing(m) {
			serve = h.authorized(sameOrigin(serve))
		}
		mux.Handle(r.method+" "+h.prefix+r.path, serve)
	}
	if h.prefix != "" {
		mux.Handle("GET "+h.prefix, redirect.To(h.prefix+"/"))
	}
	mux.Handle("/", h.authorized(noRoute(mux)))
	return host.Known(h.timed(redirect.Clean(mux)))
}

// storeFailed answers for a store that did not: the reason goes to the log, the
// caller is told no internals. What the store said of the request itself is not
// its failure.
func (h *handler) storeFailed(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil && errors.Is(context.Cause(r.Context()), context.Canceled) {
		return // the caller has gone: nothing failed, and there is nobody to tell
	}
	h.logger.WarnContext(r.Context(), "admin request failed", "path", visible.Line(r.URL.Path, 200), "error", err)
	if errors.Is(err, store.ErrInvalid) {
		reply.Fail(w, r, http.StatusInternalServerError, "", "a document is not what its collection holds; the log says which")
		return
	}
	reply.Fail(w, r, http.StatusServiceUnavailable, "", "the store does not answer")
}
