// Package deadline ends contexts, and waits, after a time that an injected clock
// measures, and tells whose time it was that passed.
//
// It does not set the context's Deadline: a deadline is wall time, and a faked
// clock's is not. A call that looks for one there finds none. And the cause of
// such an end only is context.DeadlineExceeded for errors.Is, as is the end of a
// parent whose own deadline passed: whoever must tell these two apart asks
// Exceeded or TimedOut, never the cause.
package deadline

import (
	"context"
	"errors"
	"time"

	"github.com/benbjohnson/clock"
)

// passed is the cause of one context's end by its own time: no two share it.
type passed struct {
	_ byte // two of no size may have one address
}

func (*passed) Error() string        { return context.DeadlineExceeded.Error() }
func (*passed) Is(target error) bool { return target == context.DeadlineExceeded }
func (*passed) Timeout() bool        { return true }

// innermost is where a context keeps the passed of its innermost deadline.
type innermost struct{}

// With returns a context that ends with the parent, at cancel, or after d by
// clk. In the last case errors.Is finds context.DeadlineExceeded in
// context.Cause (and Err is context.Canceled, as for every cause).
func With(parent context.Context, clk clock.Clock, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, pass, cancel := New(parent)
	timer := clk.AfterFunc(d, pass)
	return ctx, func() {
		timer.Stop()
		cancel()
	}
}

// New is With for a caller that measures the time itself: its time is over when
// pass is called.
func New(parent context.Context) (ctx context.Context, pass func(), cancel context.CancelFunc) {
	own := &passed{}
	ctx, end := context.WithCancelCause(context.WithValue(parent, innermost{}, own))
	return ctx, func() { end(own) }, func() { end(context.Canceled) }
}

// Exceeded reports whether ctx ended because the time of its innermost With
// passed: not a parent's time, whoever gave it that, nor a cancel. It is false
// while ctx lives.
func Exceeded(ctx context.Context) bool {
	own, ok := ctx.Value(innermost{}).(*passed)
	return ok && errors.Is(context.Cause(ctx), error(own))
}

// TimedOut reports whether ctx ended because the time of a With passed, the
// innermost or one around it. A deadline that the host set on the context it
// came with is a stop and no such time. Where there is no With at all, it
// reports whether the context's own deadline passed.
func TimedOut(ctx context.Context) bool {
	cause := context.Cause(ctx)
	if _, ok := ctx.Value(innermost{}).(*passed); !ok {
		return errors.Is(cause, context.DeadlineExceeded)
	}
	_, ok := cause.(*passed) //nolint:errorlint // the cause itself: another may wrap one
	return ok
}

// Sleep waits for d by clk. It is true only when all of d passed and ctx still
// lives; whatever ends ctx cuts it short.
func Sleep(ctx context.Context, clk clock.Clock, d time.Duration) bool {
	if ctx.Err() != nil {
		return false
	}
	if d <= 0 {
		return true
	}
	due := make(chan struct{})
	timer := clk.AfterFunc(d, func() { close(due) })
	defer timer.Stop()
	select {
	case <-due:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
