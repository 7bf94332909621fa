// Package patience gives up on a store that says nothing.
//
// It does not bound how long an answer takes: a store that is slow but answers,
// record by record, may take as long as its caller likes to wait.
package patience

import (
	"context"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
)

// most is how long a caller waits for a store that says nothing.
const most = 10 * time.Second

// Context ends when nothing was heard for 10 s.
type Context struct {
	context.Context        //nolint:containedctx // it is one
	pass            func() // ends it: the time is over
	cancel          context.CancelFunc
	clock           clock.Clock

	mu    sync.Mutex
	heard time.Time
	timer *clock.Timer
}

// key is where a context keeps its patience.
type key struct{}

// New returns a context below ctx that is patient from now on.
func New(ctx context.Context, clk clock.Clock) *Context {
	p := &Context{clock: clk, heard: clk.Now()}
	p.Context, p.pass, p.cancel = deadline.New(context.WithValue(ctx, key{}, p))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = clk.AfterFunc(most, p.look)
	return p
}

// Hear notes that the store answered.
func (p *Context) Hear() {
	now := p.clock.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard = now
}

// look ends the context, or looks again when that may be due.
func (p *Context) look() {
	now := p.clock.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	left := most - now.Sub(p.heard)
	if left <= 0 {
		p.pass()
		return
	}
	if p.Err() == nil {
		p.timer = p.clock.AfterFunc(left, p.look)
	}
}

// Close must be called when the answers are no longer wanted.
func (p *Context) Close() {
	p.cancel()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer.Stop()
}

// Of returns the patience that ctx has; nil where it has none.
func Of(ctx context.Context) *Context {
	p, _ := ctx.Value(key{}).(*Context)
	return p
}
