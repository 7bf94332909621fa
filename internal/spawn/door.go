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

// Through is Call through a door.
func Through[T any](ctx context.Context, d *Door, name string, fn func(context.Context) (T, error)) (T, error) {
	limit, grace, clk := d.Limit, d.Grace, d.Clock
	if limit <= 0 {
		limit = defaultLimit
	}
	if grace == 0 {
		grace = defaultGrace
	}
	if clk == nil {
		clk = wall
	}
	if n := d.left.Load(); n >= int64(limit) {
		var none T
		return none, fmt.Errorf("%s was not called: %w (%d)", name, ErrTooManyLeft, n)
	}
	return call(ctx, clk, max(grace, 0), name, &d.left, fn)
}

// Call is Through for a function that returns an error alone.
func (d *Door) Call(ctx context.Context, name string, fn func(context.Context) error) error {
	_, err := Through(ctx, d, name, func(ctx context.Context) (struct{}, error) { return struct{}{}, fn(ctx) })
	return err
}
