package monitor

import (
	"context"
	"fmt"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
)

// caller calls one function of the host: one call at a time, each within its
// time, and a panic is an error. A function that ignores the end of its context
// costs the monitor one goroutine and nothing else.
type caller struct {
	name    string
	timeout time.Duration
	grace   time.Duration // how long after the end of its context it is waited for
	clock   clock.Clock
	busy    chan struct{} // holds a token while a call runs
}

func newCaller(name string, timeout time.Duration, clk clock.Clock) *caller {
	return &caller{name: name, timeout: timeout, clock: clk, busy: make(chan struct{}, 1)}
}

// call runs fn and returns its error, or why it was not waited for; that is a
// context.DeadlineExceeded when it took too long.
func (c *caller) call(ctx context.Context, fn func(context.Context) error) error {
	select {
	case c.busy <- struct{}{}:
	default:
		return fmt.Errorf("%s has not returned since an earlier call", c.name)
	}
	waiting, stop := deadline.With(ctx, c.clock, c.timeout+c.grace)
	defer stop()
	ctx = waiting
	if c.grace > 0 {
		var cancel context.CancelFunc
		ctx, cancel = deadline.With(waiting, c.clock, c.timeout)
		defer cancel()
	}
	done := make(chan error, 1)
	go func() {
		defer func() { <-c.busy }()
		done <- guard(func() error { return fn(ctx) })
	}()
	select {
	case err := <-done:
		return err
	case <-waiting.Done():
		if deadline.Exceeded(waiting) {
			return &lateError{c.name, c.timeout}
		}
		return context.Cause(waiting)
	}
}

// lateError says that a function of the host did not come back in time.
type lateError struct {
	name    string
	timeout time.Duration
}

func (e *lateError) Error() string { return fmt.Sprintf("%s took longer than %v", e.name, e.timeout) }

func (e *lateError) Is(target error) bool { return target == context.DeadlineExceeded }

// maxFarewell bounds how long a stopping monitor waits for the host's functions,
// all of them together.
const maxFarewell = 5 * time.Second

// wait returns when no call is under way any more. With ctx it gives up: a host
// function that ignores its own must not keep Run from returning.
func (c *caller) wait(ctx context.Context) error {
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

// guard turns a panic of the host's code into an error: the monitor must never
// take its host down.
func guard(fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return fn()
}
