package spawn

import (
	"context"
	"errors"
	"fmt"
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
	if ctx.Err() != nil {
		var none T
		return none, context.Cause(ctx)
	}
	return wait(ctx, clk, grace, nil, name, fn)
}

// wait starts a call, behind door if there is one, and waits for it.
func wait[T any](ctx context.Context, clk clock.Clock, grace time.Duration, door *Door, name string, fn func(context.Context) (T, error)) (T, error) {
	var value, none T
	r := start(door, name, func() (err error) {
		value, err = fn(ctx)
		return err
	})
	select {
	case err := <-r.done:
		return value, err
	case <-ctx.Done():
	}
	if r.Wait(clk, grace) {
		err := <-r.done
		return value, err
	}
	return none, &AbandonedError{Name: name, Grace: grace, Err: context.Cause(ctx)}
}
