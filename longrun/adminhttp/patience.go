package adminhttp

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
)

// storePatience is how long a caller waits for a store that says nothing.
const storePatience = 10 * time.Second

// patience is a context that ends when nothing was heard for storePatience. A
// store that is slow but answers, record by record, may take as long as its
// caller likes to wait.
type patience struct {
	context.Context        //nolint:containedctx // it is one
	pass            func() // ends it: the time is over
	cancel          context.CancelFunc
	clock           clock.Clock

	mu    sync.Mutex
	heard time.Time
	timer *clock.Timer
}

// patienceKey is where a context keeps its patience.
type patienceKey struct{}

func newPatience(ctx context.Context, clk clock.Clock) *patience {
	p := &patience{clock: clk, heard: clk.Now()}
	p.Context, p.pass, p.cancel = deadline.New(context.WithValue(ctx, patienceKey{}, p))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = clk.AfterFunc(storePatience, p.look)
	return p
}

// hear notes that the store answered.
func (p *patience) hear() {
	now := p.clock.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard = now
}

// look ends the context, or looks again when that may be due.
func (p *patience) look() {
	now := p.clock.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	left := storePatience - now.Sub(p.heard)
	if left <= 0 {
		p.pass()
		return
	}
	if p.Err() == nil {
		p.timer = p.clock.AfterFunc(left, p.look)
	}
}

// close must be called when the answers are no longer wanted.
func (p *patience) close() {
	p.cancel()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer.Stop()
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
// storePatience.
func (h *handler) patient(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p := newPatience(r.Context(), h.clock)
		defer p.close()
		next(w, r.WithContext(p))
	}
}

// book is the ledger, whose answers the request's patience hears.
func (h *handler) book(ctx context.Context) *ledger.Ledger {
	if p, ok := ctx.Value(patienceKey{}).(*patience); ok {
		return h.monitor.Ledger().Heard(p.hear)
	}
	return h.monitor.Ledger()
}
