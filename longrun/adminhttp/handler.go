// Package adminhttp is the admin API over HTTP: what is stored and what the
// instance knows, as JSON. The host mounts it.
//
// It does not terminate TLS, limit rates or know users: there is one bearer
// token, which opens everything. Put a proxy before it where that is too
// little. It makes store reads on behalf of its callers: a list reads as many
// documents as it returns, coverage the beats of its window.
//
// # Endpoints
//
// Under Options.Prefix:
//
//	GET heartbeats, probes, runs,   lists, the newest first; probes of one type
//	    locks                       with ?type=
//	POST probes/{type}/run          makes a probe now and returns its result;
//	                                409 with "holder" on an instance that does
//	                                not lead
//	GET config, PUT config          the live settings
//	GET coverage                    a window's coverage and its gaps
//	GET incidents, incidents/{id}   with ?open=true those that are open; of one
//	                                rule or target with ?rule= and ?target=
//	GET outbox                      messages, and what became of them
//	POST alerts/test                this instance sends a test message; 502 when
//	                                it could not
//	GET silences, POST silences     with ?active=true those that hold or will;
//	                                {"rule","target","minutes" or "until",
//	                                "from","by","reason"}, all but an end optional
//	DELETE silences/{id}            ends it now
//	GET status                      what this instance knows; no store call
//	GET (the prefix itself)         this list
//	GET livez, readyz               for whoever restarts or routes; no token
//
// A list takes limit (1 to 1,000, default 20), from and to (RFC 3339, or
// 2006-01-02; from inclusive, to exclusive) and cursor (nextCursor of the reply
// before). A store that says nothing for 10 s is given up. Replies are {"success":true, …}, errors {"success":false,"error":…}
// with the status that fits; an error about one parameter has "field" as well.
package adminhttp

import (
	"context"
	"encoding/json"
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
	h := &handler{monitor: m, token: opts.Token, clock: opts.Clock, logger: opts.Logger}
	prefix := strings.TrimRight(opts.Prefix, "/")

	private := http.NewServeMux()
	private.HandleFunc("GET "+prefix+"/{$}", index(prefix))
	private.HandleFunc("GET "+prefix+"/heartbeats", h.bounded(h.heartbeats))
	private.HandleFunc("GET "+prefix+"/probes", h.bounded(h.probes))
	private.HandleFunc("POST "+prefix+"/probes/{type}/run", h.runProbe)
	private.HandleFunc("GET "+prefix+"/runs", h.bounded(h.runs))
	private.HandleFunc("GET "+prefix+"/locks", h.bounded(h.locks))
	private.HandleFunc("GET "+prefix+"/config", h.bounded(h.config))
	private.HandleFunc("PUT "+prefix+"/config", h.bounded(h.putConfig))
	private.HandleFunc("GET "+prefix+"/incidents", h.bounded(h.incidents))
	private.HandleFunc("GET "+prefix+"/incidents/{id}", h.bounded(h.incident))
	private.HandleFunc("GET "+prefix+"/outbox", h.bounded(h.outbox))
	private.HandleFunc("POST "+prefix+"/alerts/test", h.testAlert)
	private.HandleFunc("GET "+prefix+"/silences", h.bounded(h.silences))
	private.HandleFunc("POST "+prefix+"/silences", h.bounded(h.postSilence))
	private.HandleFunc("DELETE "+prefix+"/silences/{id}", h.bounded(h.deleteSilence))
	private.HandleFunc("GET "+prefix+"/coverage", h.coverage)
	private.HandleFunc("GET "+prefix+"/status", h.status)
	private.HandleFunc("/", h.noRoute(private))

	open := http.NewServeMux()
	open.Handle("GET "+prefix+"/livez", Livez())
	open.Handle("GET "+prefix+"/readyz", Readyz(m))
	open.Handle("/", h.authorized(sameOrigin(private)))
	return open
}

// index lists the endpoints, for whoever comes without the manual.
func index(prefix string) http.HandlerFunc {
	var all []string
	for _, name := range []string{"heartbeats", "probes", "incidents", "outbox", "silences", "runs", "locks", "config", "coverage", "status", "livez", "readyz"} {
		all = append(all, prefix+"/"+name)
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, struct {
			Success   bool     `json:"success"`
			Endpoints []string `json:"endpoints"`
		}{true, all})
	}
}

// noRoute answers what no pattern takes, in JSON like everything else.
func (h *handler) noRoute(routes *http.ServeMux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete} {
			other := r.Clone(r.Context())
			other.Method = method
			if _, pattern := routes.Handler(other); pattern != "/" && pattern != "" {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) > 0 {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			fail(w, http.StatusMethodNotAllowed, "", "method not allowed; use "+strings.Join(allowed, " or "))
			return
		}
		fail(w, http.StatusNotFound, "", "no such endpoint")
	}
}

// reply writes a JSON body. Nothing here may be kept by a cache: it is the
// state of this moment.
func reply(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"success":false,"error":"the reply could not be encoded"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n')) // the caller has gone: nobody to tell
}

type failure struct {
	Success bool   `json:"success"`
	Error   string `json:"error"`
	Field   string `json:"field,omitempty"`
}

func fail(w http.ResponseWriter, status int, field, message string) {
	reply(w, status, failure{Error: message, Field: field})
}

// storeFailed answers for a store that did not: the reason goes to the log, the
// caller is told no internals.
func (h *handler) storeFailed(w http.ResponseWriter, r *http.Request, err error) {
	h.logger.WarnContext(r.Context(), "admin request failed", "path", r.URL.Path, "error", err)
	fail(w, http.StatusServiceUnavailable, "", "the store does not answer")
}
