package hostcall

import (
	"context"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
)

// alertGrace is how long after its deadline the alerter is waited for.
const alertGrace = time.Second

// Alerter calls the host's alerter, one message at a time: it may hang, fail or
// panic.
type Alerter struct {
	alerter alert.Alerter
	caller  *Caller
}

// NewAlerter returns an Alerter of a, which is not nil.
func NewAlerter(a alert.Alerter, timeout time.Duration, clk clock.Clock) *Alerter {
	return &Alerter{alerter: a, caller: NewCaller("the alerter", timeout, alertGrace, clk)}
}

// Caller is for whoever waits for the end of calls, or for their time.
func (a *Alerter) Caller() *Caller { return a.caller }

// Alert sends m once. In its error alert.IsPermanent, alert.IsPartial and
// *alert.RetryAfterError are found where the alerter said so, and nothing else of
// what it returned.
func (a *Alerter) Alert(ctx context.Context, m alert.Message) error {
	return a.caller.Call(ctx, func(ctx context.Context) error {
		err := a.alerter.Alert(ctx, m)
		if late := a.caller.late(ctx, err); late != nil {
			return late
		}
		return plainAlert(err)
	})
}

// plainAlert is the error of an alerter without anything of the host's.
func plainAlert(err error) error {
	if err == nil {
		return nil
	}
	var plain error = &plainError{Text(err), spawn.Plain(err, context.Canceled, context.DeadlineExceeded)}
	var permanent, partial bool
	// An error may break what walks it; that says nothing then.
	_ = spawn.Guard("", func() error { permanent = alert.IsPermanent(err); return nil })
	_ = spawn.Guard("", func() error { partial = alert.IsPartial(err); return nil })
	if permanent {
		plain = alert.Permanent(plain)
	} else if wait, ok := spawn.As[*alert.RetryAfterError](err); ok {
		plain = &laterError{plain, alert.RetryAfterError{After: wait.After}}
	}
	if partial {
		plain = alert.Partial(plain)
	}
	return plain
}

// plainError has the text that may be shown, and finds what Plain kept.
type plainError struct {
	text string
	kept error
}

func (e *plainError) Error() string { return e.text }
func (e *plainError) Unwrap() error { return e.kept }

// laterError says what the alerter said, and for how long it asked to be left
// alone.
type laterError struct {
	error
	wait alert.RetryAfterError
}

func (e *laterError) Unwrap() []error { return []error{&e.wait, e.error} }
