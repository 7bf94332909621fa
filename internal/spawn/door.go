package spawn

import (
	"context"
	"errors"
	"fmt"
	"sync"
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
	// Limit is how many calls left behind close the door. It opens when fewer are
	// left, and for one call now and then, up to eight times as many, to see whether
	// what is behind it answers again: while that does, it stands open. Default: 8.
	Limit int

	left atomic.Int64

	mu    sync.Mutex
	since time.Time // the last call was left behind, or let in to see
	works bool      // the last one that came back did so after that
}

// trialEvery is how often a closed door lets a call in to see.
const trialEvery = 30 * time.Second

// maxTrials is how many times the limit may be left behind in all.
const maxTrials = 8

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
	n := d.left.Load()
	if n < int64(limit) || d.try(n < int64(limit)*maxTrials) {
		return nil
	}
	return fmt.Errorf("%s was not called: %w (%d)", name, ErrTooManyLeft, n)
}

// try reports whether a call may go through a closed door.
func (d *Door) try(room bool) bool {
	clk, _ := d.patience()
	now := clk.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.works {
		return true
	}
	if !room || now.Sub(d.since).Abs() < trialEvery {
		return false
	}
	d.since = now
	return true
}

// leave counts a call that is left behind, and came one that was not.
func (d *Door) leave() {
	clk, _ := d.patience()
	now := clk.Now()
	d.left.Add(1)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.since, d.works = now, false
}

func (d *Door) came() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.works = true
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
