package spawn

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/benbjohnson/clock"
)

// ErrAbandoned is what every *AbandonedError is, for errors.Is.
var ErrAbandoned = errors.New("spawn: left behind")

// AbandonedError says that a call had not returned when its context had ended
// and its grace had passed. It runs on; what it will return is never read.
type AbandonedError struct {
	// Name is what was called.
	Name string
	// Grace is for how long it was waited for after the end of its context.
	Grace time.Duration
	// Err is the cause of that end.
	Err error
}

// Error implements error.
func (e *AbandonedError) Error() string {
	return fmt.Sprintf("%s has not returned %v after the end of its context, and was left behind: %s", e.Name, e.Grace, Text(e.Err))
}

// Is makes errors.Is(err, ErrAbandoned) true.
func (e *AbandonedError) Is(target error) bool { return target == ErrAbandoned }

// Unwrap returns Err.
func (e *AbandonedError) Unwrap() error { return e.Err }

// Call runs fn on a goroutine of its own and waits for it, at most until grace
// after ctx ended, by clk. A panic or Goexit of fn is a *Fault; what does not
// return is an *AbandonedError. Where ctx has ended before, fn is not called and
// the error is the cause.
//
// Nothing bounds how many calls are left behind: see Door.
func Call[T any](ctx context.Context, clk clock.Clock, grace time.Duration, name string, fn func(context.Context) (T, error)) (T, error) {
	return call(ctx, clk, grace, name, nil, fn)
}

// The states of a call. Whoever moves it away from running decides whether its
// result is read.
const (
	running int32 = iota
	returned
	abandoned
)

func call[T any](ctx context.Context, clk clock.Clock, grace time.Duration, name string, left *atomic.Int64, fn func(context.Context) (T, error)) (T, error) {
	var none T
	if ctx.Err() != nil {
		return none, context.Cause(ctx)
	}
	type answer struct {
		value T
		err   error
	}
	var state atomic.Int32
	answers := make(chan answer, 1)
	var value T // the goroutine's alone, until it is sent
	begin(name, func() (err error) {
		value, err = fn(ctx)
		return err
	}, func(err error) {
		if !state.CompareAndSwap(running, returned) {
			if left != nil {
				left.Add(-1)
			}
			return
		}
		answers <- answer{value, err}
	})
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
	}
	if grace > 0 {
		over := make(chan struct{})
		timer := clk.AfterFunc(grace, func() { close(over) })
		defer timer.Stop()
		select {
		case a := <-answers:
			return a.value, a.err
		case <-over:
		}
	}
	if left != nil {
		left.Add(1) // before the state moves: it is taken back after
	}
	if !state.CompareAndSwap(running, abandoned) {
		if left != nil {
			left.Add(-1)
		}
		a := <-answers
		return a.value, a.err
	}
	return none, &AbandonedError{Name: name, Grace: grace, Err: context.Cause(ctx)}
}
