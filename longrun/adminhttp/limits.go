package adminhttp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/turnstile"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/patience"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/reply"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
)

// Limits bound what callers can take of the process. The zero value has all
// defaults.
type Limits struct {
	// Connections is how many a Server has open at once. One more closes the one
	// that has waited longest for its caller, so that a new caller is heard.
	// Default: 512.
	Connections int
	// HeaderBytes bounds the headers of a request to a Server. Default: 16 KiB.
	HeaderBytes int
	// HeaderTime is how long a caller of a Server may take to send them. Default:
	// 5 s.
	HeaderTime time.Duration
	// BodyTime is how long a caller may take to send a body. Default: 10 s.
	BodyTime time.Duration
	// ReplyTime is how long a caller may take to receive a reply that is ready.
	// Default: 30 s.
	ReplyTime time.Duration
	// IdleTime is how long a Server keeps a connection without a request. Default:
	// 1 min.
	IdleTime time.Duration
	// Surveys is how many reports and coverages are made at once; further callers
	// get 429. Default: 2.
	Surveys int
	// Reads is how many other requests read the store at once. Default: 16.
	Reads int
}

// withDefaults fills in what is not set.
func (l Limits) withDefaults() Limits {
	for _, n := range []struct {
		field *int
		usual int
	}{{&l.Connections, 512}, {&l.HeaderBytes, 16 << 10}, {&l.Surveys, 2}, {&l.Reads, 16}} {
		if *n.field <= 0 {
			*n.field = n.usual
		}
	}
	for _, d := range []struct {
		field *time.Duration
		usual time.Duration
	}{{&l.HeaderTime, 5 * time.Second}, {&l.BodyTime, 10 * time.Second}, {&l.ReplyTime, reply.UsualTime}, {&l.IdleTime, time.Minute}} {
		if *d.field <= 0 {
			*d.field = d.usual
		}
	}
	return l
}

// Validate reports everything that is wrong, each error naming its field.
func (l Limits) Validate() error {
	var errs []error
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"Connections", int64(l.Connections)},
		{"HeaderBytes", int64(l.HeaderBytes)},
		{"HeaderTime", int64(l.HeaderTime)},
		{"BodyTime", int64(l.BodyTime)},
		{"ReplyTime", int64(l.ReplyTime)},
		{"IdleTime", int64(l.IdleTime)},
		{"Surveys", int64(l.Surveys)},
		{"Reads", int64(l.Reads)},
	} {
		if f.value < 0 {
			errs = append(errs, fmt.Errorf("adminhttp: Limits: %s is below 0", f.name))
		}
	}
	return errors.Join(errs...)
}

// grace is how long a connection is left open before another one takes its place.
// Who has something to ask has asked by then.
const grace = 100 * time.Millisecond

// Server returns a server for handler at addr that keeps the limits, whose
// negative ones are as good as none given. It was not started: call its
// ListenAndServe or Serve, and Shutdown at the end.
//
// What else the host mounts beside this API is held to them as well: a request of
// its own has HeaderTime and BodyTime to arrive in, and twice ReplyTime from then
// to be answered in.
func Server(addr string, handler http.Handler, limits Limits) *http.Server {
	limits = limits.withDefaults()
	server := &http.Server{
		Addr: addr, Handler: handler, MaxHeaderBytes: limits.HeaderBytes,
		ReadHeaderTimeout: limits.HeaderTime, ReadTimeout: limits.HeaderTime + limits.BodyTime,
		WriteTimeout: 2 * limits.ReplyTime, IdleTimeout: limits.IdleTime,
	}
	turnstile.NewConnections(limits.Connections, grace).Bound(server)
	return server
}

// timed keeps a caller from holding a request for ever, whatever the host's
// server does: its body has BodyTime to come. One without a body has come, and its
// handler may take what time it needs, which a server's ReadTimeout would cut.
func (h *handler) timed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var end time.Time
		if r.Body != nil && r.Body != http.NoBody {
			end = time.Now().Add(h.limits.BodyTime)
		}
		_ = http.NewResponseController(w).SetReadDeadline(end) // where that cannot be, the host's server has to
		next.ServeHTTP(w, r)
	})
}

// limited lets as many through as the gate does.
func (h *handler) limited(gate turnstile.Gate, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !gate.Enter() {
			reply.TooMany(w, r, time.Second, "as much of this is being read as may be at once; try again soon")
			return
		}
		defer gate.Leave()
		next(w, r)
	}
}

// bounded is patient for one of the few that read at once.
func (h *handler) bounded(next http.HandlerFunc) http.HandlerFunc {
	return h.limited(h.reads, h.patient(next))
}

// survey is patient for one of the very few that read days at once.
func (h *handler) survey(next http.HandlerFunc) http.HandlerFunc {
	return h.limited(h.surveys, h.patient(next))
}

// patient ends a handler's reading when the store says nothing for
// too long.
func (h *handler) patient(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p := patience.New(r.Context(), h.clock)
		defer p.Close()
		next(w, r.WithContext(p))
	}
}

// book is the ledger, whose answers the request's patience hears.
func (h *handler) book(ctx context.Context) *ledger.Ledger {
	if p := patience.Of(ctx); p != nil {
		return h.monitor.Ledger().Heard(p.Hear)
	}
	return h.monitor.Ledger()
}
