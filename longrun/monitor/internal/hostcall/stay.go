package hostcall

import (
	"context"
	"errors"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
)

// LeftError says that a function of the host had not returned when the time was
// over that it has after the end of its context. It runs on, and is not called
// again before it has returned.
type LeftError struct{ Name string }

// Error implements error.
func (e *LeftError) Error() string {
	return e.Name + " has not returned since the end of its context, and was left behind"
}

// Stay runs fn for as long as it takes, and returns its error, made plain, when it
// has returned. After the end of ctx it waits no longer than what patience returns
// lives, and the error is a *LeftError then; where an earlier call has not returned,
// a *BusyError. A panic is an error whose text begins with "panic". The Caller's own
// timeout does not count.
func (c *Caller) Stay(ctx context.Context, patience func() (context.Context, context.CancelFunc), fn func(context.Context) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case c.busy <- struct{}{}:
	default:
		return &BusyError{c.name}
	}
	done := spawn.Start(c.name, func() error {
		defer func() { <-c.busy }()
		return spawn.Plain(fn(ctx), context.Canceled, context.DeadlineExceeded)
	})
	select {
	case err := <-done:
		return stayed(err)
	case <-ctx.Done():
	}
	waiting, stop := patience()
	defer stop()
	select {
	case err := <-done:
		return stayed(err)
	case <-waiting.Done():
		return &LeftError{c.name}
	}
}

func stayed(err error) error {
	if f, ok := spawn.Faulty(err); ok {
		return errors.New(f.Text)
	}
	return err
}
