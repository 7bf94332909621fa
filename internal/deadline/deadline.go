// Package deadline ends contexts after a time that an injected clock measures.
//
// It does not set the context's Deadline: a deadline is wall time, and a faked
// clock's is not. A call that looks for one there finds none.
package deadline

import (
	"context"
	"time"

	"github.com/benbjohnson/clock"
)

// With returns a context that ends with the parent, at cancel, or after d by
// clk. In the last case context.Cause is context.DeadlineExceeded (and Err is
// context.Canceled, as for every cause).
func With(parent context.Context, clk clock.Clock, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, end := context.WithCancelCause(parent)
	timer := clk.AfterFunc(d, func() { end(context.DeadlineExceeded) })
	return ctx, func() {
		timer.Stop()
		end(context.Canceled)
	}
}
