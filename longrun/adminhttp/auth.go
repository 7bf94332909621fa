package adminhttp

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/entry"
	"github.com/seed-13dc028d/longwatch/internal/turnstile"
	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/reply"
)

// MinToken is the least length of a token, in characters: a shorter one is
// guessed.
const MinToken = entry.MinToken

// checkToken reports what is wrong with a token, without a word of it.
func checkToken(token string) error {
	if err := entry.CheckToken(token); err != nil {
		return fmt.Errorf("adminhttp: Token %w", err)
	}
	return nil
}

// Guard has next answer whom the API of these options lets in: see Options.Token. It
// is for a page of the host's that tells as much as the API does. What is wrong with
// the token is told as New tells it; the other options but Logger and Clock say
// nothing here.
func Guard(next http.Handler, opts Options) http.Handler {
	if opts.Clock == nil {
		opts.Clock = clock.New()
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	h := &handler{token: opts.Token, logger: opts.Logger, refused: checkToken(opts.Token), refusals: newRefusals(opts.Clock, opts.Logger)}
	if h.refused != nil {
		h.logger.ErrorContext(context.Background(), "a guarded page answers nothing: its token is refused", "error", h.refused)
	}
	return h.authorized(next)
}

// authorized lets through who shows the token or, where none is configured, who
// reaches a loopback address by a loopback name and says nothing of coming through
// a proxy. The name is asked for because a web page can point a name of its own at
// 127.0.0.1, and no browser forges Host; a proxy on this machine may send any.
func (h *handler) authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case h.refused != nil:
			reply.Fail(w, r, http.StatusServiceUnavailable, "", "the admin API is not configured rightly, and answers nothing; the log says why")
		case h.token == "" && !entry.ReachedLoopback(r):
			reply.Fail(w, r, http.StatusForbidden, "", "without a token the admin API answers on loopback addresses only")
		case h.token == "" && entry.Forwarded(r) != "":
			reply.Fail(w, r, http.StatusForbidden, "", "without a token the admin API answers nobody who comes through a proxy, and this request has the header "+entry.Forwarded(r))
		case h.token != "" && !h.shown(r):
			w.Header().Set("WWW-Authenticate", `Bearer realm="longwatch"`)
			if wait := h.refusals.note(r); wait > 0 {
				reply.TooMany(w, r, wait, "too many requests without the token; the right one is always let in")
				return
			}
			reply.Fail(w, r, http.StatusUnauthorized, "", "a bearer token is required in the Authorization header")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// shown reports whether a request shows the token.
func (h *handler) shown(r *http.Request) bool {
	token, ok := entry.Bearer(r)
	return ok && entry.SameToken(token, h.token)
}

// refusals are the requests without the token: how many are answered, and how
// many lines they make. Who has it is never among them.
type refusals struct {
	pace   *turnstile.Pace
	clock  clock.Clock
	logger *slog.Logger

	mu     sync.Mutex
	quiet  bool  // a line was logged, and the next one waits
	since  int64 // refusals since that line
	remote string
}

// refusalsEvery is how far apart the lines about refusals are.
const refusalsEvery = time.Minute

func newRefusals(clk clock.Clock, logger *slog.Logger) *refusals {
	return &refusals{pace: turnstile.NewPace(clk, turnstile.Rate{N: 60, Per: time.Minute}), clock: clk, logger: logger}
}

// note counts one, and returns how long its caller is to wait.
func (f *refusals) note(r *http.Request) (wait time.Duration) {
	f.mu.Lock()
	f.since++
	f.remote = entry.HostOnly(r.RemoteAddr)
	tell := !f.quiet
	f.quiet = true
	f.mu.Unlock()
	if tell {
		f.tell(r.Context())
		f.clock.AfterFunc(refusalsEvery, f.again)
	}
	return f.pace.Take()
}

// again tells of what came since the last line, and ends where nothing did.
func (f *refusals) again() {
	f.mu.Lock()
	f.quiet = f.since > 0
	tell := f.quiet
	f.mu.Unlock()
	if tell {
		f.tell(context.Background())
		f.clock.AfterFunc(refusalsEvery, f.again)
	}
}

func (f *refusals) tell(ctx context.Context) {
	f.mu.Lock()
	n, remote := f.since, f.remote
	f.since = 0
	f.mu.Unlock()
	f.logger.WarnContext(ctx, "admin requests without the token were refused", "count", n, "last_remote", visible.Line(remote, 100))
}

// sameOrigin refuses what changes something on behalf of another site's page:
// without a token, a browser on this machine is let in whoever sent it.
func sameOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reply.Fail(w, r, http.StatusForbidden, "", "the request comes from another site's page")
	}))
	return protection.Handler(next)
}

// Loopback reports whether host, a name or an address without a port, is this
// machine's own: localhost in any spelling, 127.0.0.0/8, ::1.
func Loopback(host string) bool { return entry.Loopback(host) }
