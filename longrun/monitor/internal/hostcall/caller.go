package hostcall

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
)

// Caller calls one function of the host: one call at a time, each within its
// time. It is safe for concurrent use.
type Caller struct {
	name    string
	timeout time.Duration
	grace   time.Duration // how long after the end of its context it is waited for
	clock   clock.Clock
	busy    chan struct{} // holds a token while a call runs
}

// NewCaller returns a Caller of what name says. grace is how long after timeout,
// which ends the call's context, its answer still counts.
func NewCaller(name string, timeout, grace time.Duration, clk clock.Clock) *Caller {
	return &Caller{name: name, timeout: timeout, grace: grace, clock: clk, busy: make(chan struct{}, 1)}
}

// Patience is how long a call may take at most.
func (c *Caller) Patience() time.Duration { return c.timeout + 2*c.grace }

// BusyError says that a function was not called, since it has not returned from
// an earlier call.
type BusyError struct{ Name string }

// Error implements error.
func (e *BusyError) Error() string { return e.Name + " has not returned since an earlier call" }

// LateError says that a function of the host did not come back in time. It is
// context.DeadlineExceeded for errors.Is.
type LateError struct {
	Name    string
	Timeout time.Duration
}

// Error implements error.
func (e *LateError) Error() string { return fmt.Sprintf("%s took longer than %v", e.Name, e.Timeout) }

// Is makes errors.Is(err, context.DeadlineExceeded) true.
func (e *LateError) Is(target error) bool { return target == context.DeadlineExceeded }

// Call runs fn, which makes its own errors plain, and returns its error, or why
// it was not waited for: a *BusyError, a *LateError, the cause of ctx's end. A
// panic is an error whose text begins with "panic".
func (c *Caller) Call(ctx context.Context, fn func(context.Context) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case c.busy <- struct{}{}:
	default:
		return &BusyError{c.name}
	}
	waiting, stop := deadline.With(ctx, c.clock, c.timeout+c.grace)
	defer stop()
	calling := waiting // one end, so that no answer races with it
	if c.grace > 0 {
		var cancel context.CancelFunc
		calling, cancel = deadline.With(waiting, c.clock, c.timeout)
		defer cancel()
	}
	done := spawn.Start(c.name, func() error {
		defer func() { <-c.busy }()
		return fn(calling)
	})
	select {
	case err := <-done:
		if f, ok := spawn.Faulty(err); ok {
			return errors.New(f.Text)
		}
		return err
	case <-waiting.Done():
		if deadline.Exceeded(waiting) {
			return &LateError{c.name, c.timeout}
		}
		return context.Cause(waiting)
	}
}

// late is the error of a function that returned because its own time was over:
// the clock's deadlines look like a cancel to it.
func (c *Caller) late(ctx context.Context, err error) error {
	if err != nil && deadline.Exceeded(ctx) && spawn.Is(err, context.Canceled) {
		return &LateError{c.name, c.timeout}
	}
	return nil
}

// Wait returns nil when no call is under way any more. With ctx it gives up: a
// function that ignores its own must not keep the engine from ending.
func (c *Caller) Wait(ctx context.Context) error {
	select {
	case c.busy <- struct{}{}:
		<-c.busy
		return nil
	default:
	}
	select {
	case c.busy <- struct{}{}:
		<-c.busy
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s ignores the end of its context and was left behind", c.name)
	}
}
