package spawn

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/benbjohnson/clock"
)

const (
	defaultGrace = time.Second
	defaultLimit = 8
)

// ErrTooManyLeft is returned for a call that was not made, since too many of its
// kind were left behind and have not returned yet.
var ErrTooManyLeft = errors.New("spawn: too many earlier calls have not returned")

// Door is where calls of one kind go through, with a bound on those that are
// left behind. Calls that were under way when the bound was reached may exceed
// it. The zero value is ready for use; a Door must not be copied.
type Door struct {
	// Clock measures Grace. Default: the wall clock.
	Clock clock.Clock
	// Grace is how long after the end of its context a call is waited for; a
	// negative one is none. Default: 1s.
	Grace time.Duration
	// Limit is how many calls left behind close the door. Default: 8.
	Limit int

	left atomic.Int64
}

// wall is the clock of a Door without one.
var wall = clock.New() //nolint:gochecknoglobals // it has no state

// Left is how many calls have been left behind and not returned yet.
func (d *Door) Left() int { return int(d.left.Load()) }

// Start runs fn on a goroutine of its own, for a caller that does other things
// while it runs. Sooner or later that caller receives from Done, or calls Leave
// or Wait.
func (d *Door) Start(name string, fn func() error) (*Running, error) {
	if err := d.open(name); err != nil {
		return nil, err
	}
	return start(d, name, fn), nil
}

func (d *Door) open(name string) error {
	limit := d.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	if n := d.left.Load(); n >= int64(limit) {
		return fmt.Errorf("%s was not called: %w (%d)", name, ErrTooManyLeft, n)
	}
	return nil
}

// Await gives a call of this door its grace, as Running.Wait does.
func (d *Door) Await(r *Running) bool {
	clk, grace := d.patience()
	return r.Wait(clk, grace)
}

func (d *Door) patience() (clock.Clock, time.Duration) {
	clk, grace := d.Clock, d.Grace
	if clk == nil {
		clk = wall
	}
	if grace == 0 {
		grace = defaultGrace
	}
	return clk, max(grace, 0)
}

// Through is Call through a door.
func Through[T any](ctx context.Context, d *Door, name string, fn func(context.Context) (T, error)) (T, error) {
	var none T
	if ctx.Err() != nil {
		return none, context.Cause(ctx)
	}
	if err := d.open(name); err != nil {
		return none, err
	}
	clk, grace := d.patience()
	return wait(ctx, clk, grace, d, name, fn)
}

// Call is Through for a function that returns an error alone.
func (d *Door) Call(ctx context.Context, name string, fn func(context.Context) error) error {
	_, err := Through(ctx, d, name, func(ctx context.Context) (struct{}, error) { return struct{}{}, fn(ctx) })
	return err
}
