package room

import (
	"context"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
)

// Budget is the time that a stopping engine has for all that it still does:
// writing what waits, giving the lease back, waiting for the host's functions,
// closing the run. It begins with Start and is one for all of them. It is safe for
// concurrent use.
type Budget struct {
	total time.Duration
	clock clock.Clock

	mu    sync.Mutex
	over  context.Context //nolint:containedctx // it is a lifetime
	end   context.CancelFunc
	rest  context.Context //nolint:containedctx // ends some time before over
	stop  context.CancelFunc
	timer []*clock.Timer // none until Start
}

// NewBudget returns a Budget of so much time, which has not begun.
func NewBudget(total time.Duration, clk clock.Clock) *Budget {
	b := &Budget{total: total, clock: clk}
	b.Renew()
	return b
}

// Renew makes it whole again, for another run.
func (b *Budget) Renew() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.halt()
	b.timer = nil
	b.over, b.end = context.WithCancel(context.Background())
	b.rest, b.stop = context.WithCancel(b.over)
}

// Start begins the time. It may be called often.
func (b *Budget) Start() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timer == nil {
		b.timer = []*clock.Timer{b.clock.AfterFunc(b.total*7/8, b.stop), b.clock.AfterFunc(b.total, b.end)}
	}
}

// Close ends it, whatever is left.
func (b *Budget) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.halt()
}

// halt is called under the lock.
func (b *Budget) halt() {
	for _, t := range b.timer {
		t.Stop()
	}
	if b.end != nil {
		b.end()
	}
}

// Over ends when the time is up.
func (b *Budget) Over() context.Context {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.over
}

// Share is the time that a step of the end takes at most but for the last one,
// which has the Rest. A step may take a second more where a call hangs.
func (b *Budget) Share() time.Duration { return 3 * b.total / 16 }

// Take returns a context for one step of the end: with the values of ctx and not
// its end. It ends after a Share, or after most if that is less, and when the
// whole time is up. It may be taken before Start.
func (b *Budget) Take(ctx context.Context, most time.Duration) (context.Context, context.CancelFunc) {
	taken, cancel := deadline.With(context.WithoutCancel(ctx), b.clock, min(most, b.Share()))
	stop := context.AfterFunc(b.Over(), cancel)
	return taken, func() { stop(); cancel() }
}

// Rest returns a context for the last step of the end: it ends a little before the
// whole time is up, so that what hangs can still be said. It is taken after Start.
func (b *Budget) Rest(ctx context.Context) (context.Context, context.CancelFunc) {
	b.mu.Lock()
	rest := b.rest
	b.mu.Unlock()
	taken, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(rest, cancel)
	return taken, func() { stop(); cancel() }
}
