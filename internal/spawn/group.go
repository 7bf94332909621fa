package spawn

import (
	"context"
	"sync"
)

// Group is a number of goroutines that are waited for together. The zero value
// is ready for use. Go may be called by the Group's own goroutines; otherwise
// not while Wait waits.
type Group struct {
	// OnFault is called with each panic and Goexit, on the goroutine that it
	// ends, before Wait returns. Default: nobody is called.
	OnFault func(*Fault)

	running sync.WaitGroup
	end     context.CancelCauseFunc

	mu  sync.Mutex
	err error
}

// NewGroup returns a Group, and a context that ends with the first error of one
// of its goroutines, that being the cause, and when Wait returns.
func NewGroup(ctx context.Context) (*Group, context.Context) {
	ctx, end := context.WithCancelCause(ctx)
	return &Group{end: end}, ctx
}

// Go runs fn on a goroutine of its own.
func (g *Group) Go(name string, fn func() error) {
	g.running.Add(1)
	begin(name, fn, func(err error) {
		defer g.running.Done()
		if f, ok := Faulty(err); ok && g.OnFault != nil {
			_ = Guard(name, func() error { g.OnFault(f); return nil })
		}
		if err != nil {
			g.failed(err)
		}
	})
}

func (g *Group) failed(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil {
		return
	}
	g.err = err
	if g.end != nil {
		g.end(err)
	}
}

// Wait waits for all goroutines and returns the first error, which is a *Fault
// for a panic or a Goexit.
func (g *Group) Wait() error {
	g.running.Wait()
	if g.end != nil {
		g.end(context.Canceled)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err
}
