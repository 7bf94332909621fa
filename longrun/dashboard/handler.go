package dashboard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/entry"
	"github.com/seed-13dc028d/longwatch/internal/redirect"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/internal/turnstile"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/dashboard/internal/session"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
)

// Monitor is what the pages need of a *monitor.Monitor.
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
	// Token is what opens the pages: entered in the login form, or sent as
	// "Authorization: Bearer …" by programs. It is never logged. Default: none; then
	// only requests that reach a loopback address by a loopback name are answered, and
	// none that a header says came through a proxy.
	Token string
	// Prefix is the path under which the host mounts the handler, such as
	// "/ops/longwatch". Where a proxy or http.StripPrefix takes it away, it is none.
	// Default: none, the root.
	Prefix string
	// Service is what is watched: the name of every page. Default: "longwatch".
	Service string
	// Zone is where the readers are: its time stands beside UTC. Default: UTC alone.
	Zone *time.Location
	// API is where the admin API is, as a link from the root of the pages, such as
	// "api/admin/longrun/". With a Token no browser can open it, and nothing leads there.
	// Default: none, and no links to stored documents.
	API string
	// Proxies are the addresses of proxies whose X-Forwarded-Proto is believed: a
	// session that came over their TLS is sent over TLS alone. Default: none.
	Proxies []netip.Prefix
	// Tabs is how many open pages are live at once; a further one works as without
	// JavaScript. Default: 500.
	Tabs int
	// Clock is the time. Default: the wall clock.
	Clock clock.Clock
	// Logger takes what went wrong on this side. Default: silence.
	Logger *slog.Logger
}

// Validate reports everything that is wrong, each error naming its field and none
// the token.
func (o Options) Validate() error {
	var errs []error
	if err := entry.CheckToken(o.Token); err != nil {
		errs = append(errs, fmt.Errorf("dashboard: Token %w", err))
	}
	if o.Prefix != "" && !strings.HasPrefix(o.Prefix, "/") {
		errs = append(errs, errors.New("dashboard: Prefix does not begin with a slash"))
	}
	if strings.HasPrefix(o.API, "/") || strings.Contains(o.API, ":") {
		errs = append(errs, errors.New("dashboard: API is no relative link"))
	}
	if o.Tabs < 0 {
		errs = append(errs, errors.New("dashboard: Tabs is below 0"))
	}
	return errors.Join(errs...)
}

type handler struct {
	Options
	monitor  Monitor
	refused  error // what is wrong with the options
	key      session.Key
	guesses  *session.Guesses
	now      *memo
	live     *live
	surveys  turnstile.Gate
	tests    *turnstile.Pace
	guarding *http.CrossOriginProtection
}

var errNoMonitor = errors.New("dashboard: the Monitor is nil")

// New returns the pages over m. The handler is safe for concurrent use. It starts
// nothing; while pages are open and live, one goroutine looks at the monitor's
// Status, and the last page that closes waits for its end.
//
// It cannot fail, so that it can stand where it is mounted. Options that Validate
// refuses are told to the Logger, and the handler answers nothing but 503; and so where m
// is nil.
func New(m Monitor, opts Options) http.Handler {
	h := &handler{Options: opts, monitor: m, refused: opts.Validate(), guarding: http.NewCrossOriginProtection()}
	if spawn.Nothing(m) {
		h.refused = errors.Join(errNoMonitor, h.refused)
	}
	if spawn.Nothing(h.Clock) {
		h.Clock = clock.New()
	}
	if h.Logger == nil {
		h.Logger = slog.New(slog.DiscardHandler)
	}
	if h.Service == "" {
		h.Service = "longwatch"
	}
	if h.Tabs <= 0 {
		h.Tabs = 500
	}
	if h.Token != "" {
		h.API = ""
	}
	h.Prefix = strings.TrimRight(h.Prefix, "/")
	h.key = session.NewKey(h.Token)
	h.guesses = session.NewGuesses(h.Clock)
	h.now = newMemo(h)
	h.live = newLive(h)
	h.surveys = turnstile.NewGate(maxSurveys)
	h.tests = turnstile.NewPace(h.Clock, turnstile.Rate{N: 1, Per: 10 * time.Second}, turnstile.Rate{N: 10, Per: time.Hour})
	if h.refused != nil {
		h.Logger.ErrorContext(context.Background(), "the dashboard answers nothing: its options are refused", "error", h.refused)
	}
	return redirect.Clean(h.routes())
}

// maxSurveys is how many windows are read at once, beside the one that Now shows.
const maxSurveys = 2

func (h *handler) routes() http.Handler {
	mux := http.NewServeMux()
	page := func(pattern string, serve http.HandlerFunc) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.Handle(method+" "+h.Prefix+path, h.guarded(serve))
	}
	open := func(pattern string, serve http.HandlerFunc) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.Handle(method+" "+h.Prefix+path, h.sane(serve))
	}
	open("GET /assets/{file}", h.asset)
	open("GET /favicon.ico", h.icon)
	open("GET /login", h.loginPage)
	open("POST /login", h.login)
	page("GET /{$}", h.nowPage)
	page("GET /fragment/{name}", h.fragment)
	page("GET /events", h.events)
	page("GET /incident/{id}", h.incidentPage)
	page("GET /history", h.historyPage)
	page("GET /report", h.reportPage)
	page("GET /settings", h.settingsPage)
	page("POST /settings/review", h.review)
	page("POST /settings", h.putSettings)
	page("POST /silences", h.silence)
	page("POST /silences/end", h.endSilence)
	page("POST /alerts/test", h.testAlert)
	page("POST /probes/run", h.runProbe)
	page("POST /theme", h.setTheme)
	page("POST /logout", h.logout)
	if h.Prefix != "" {
		mux.Handle("GET "+h.Prefix, redirect.To(h.Prefix+"/"))
	}
	page("GET /", h.missing)
	return mux
}

// root is the way from a page to the root of the pages.
func (h *handler) root(r *http.Request) string {
	below := strings.TrimPrefix(r.URL.EscapedPath(), h.Prefix)
	if up := strings.Count(below, "/") - 1; up > 0 {
		return strings.Repeat("../", up)
	}
	return "./"
}
