package lock

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/store"
)

// campaign is the Lock: what one instance remembers of a row over all its
// attempts to be granted it.
type campaign struct {
	st      store.Store
	witness store.Witness
	key     store.Key
	opts    Options

	// turn is full while an attempt to be granted is under way. Without it two
	// goroutines could each take the same grant for their own.
	turn chan struct{}

	mu      sync.Mutex
	claims  []claim   // owners of ours under which nobody works
	highest Token     // of the highest epoch seen
	version string    // of the row as last read …
	still   time.Time // … and since when it has been so, by our clock
	lease   *Lease    // the last one granted
	view    View
	unread  trouble   // why the row cannot be read …
	unkept  bool      // … or whether it cannot be written
	polite  time.Time // until when an expired lease is left to whoever had it
	lied    bool      // a proof of this Lock's did: it leaves none any more
}

// Acquire implements Lock.
func (c *campaign) Acquire(ctx context.Context) (*Lease, error) {
	w := watch{lock: c}
	defer w.close()
	v := vigil{lock: c}
	defer v.close()
	for failures := 0; ; {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		v.settle()
		lease, err := c.try(ctx, &v)
		if err == nil {
			return lease, nil
		}
		var held *HeldError
		var corrupt *CorruptError
		wait := c.opts.spread(c.opts.Poll)
		switch {
		case errors.As(err, &held):
			failures = 0
			v.keep(ctx, c.View().Row)
			if w.open(ctx) {
				continue // it may have been released before the watch was in force
			}
			if until := held.Remaining + c.opts.jitter(); w.wake != nil || until < wait {
				wait = until
			}
		case errors.As(err, &corrupt):
		default:
			wait = c.opts.retry(failures)
			if c.rival() {
				wait *= 3 // whoever led asks first
			}
			failures++
		}
		if !c.pause(ctx, wait, w.wake, v.over) {
			w.close()
		}
	}
}

// TryAcquire implements Lock.
func (c *campaign) TryAcquire(ctx context.Context) (*Lease, error) {
	return c.try(ctx, &vigil{lock: c})
}

// try makes one attempt, beside a vigil or none.
func (c *campaign) try(ctx context.Context, v *vigil) (got *Lease, err error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	rec, row, found, err := c.get(ctx)
	if err != nil {
		return nil, err
	}
	if lease := c.adopt(ctx, row, rec.Version); lease != nil {
		return lease, nil
	}
	dead := v.take(row)
	if _, ours := c.owned(row); dead == nil && !ours && !v.waits(row) {
		if dead = c.seizeNow(ctx, row); dead != nil {
			// Its last word may have come after the row was read.
			rec, row, found, err = c.get(ctx)
		}
	}
	defer func() { dead.end(got != nil) }()
	if err != nil {
		return nil, err
	}
	next, err := c.judge(rec, row, found, dead)
	if err != nil {
		return nil, err
	}
	c.sign(ctx, &next)
	c.claim(next)
	op := store.Create(c.key, next.row)
	if found {
		op = store.Update(c.key, next.row, rec.Version)
	}
	version, failure := c.put(ctx, op)
	if failure == nil {
		c.saw(next.row, version)
		if lease := c.adopt(ctx, next.row, version); lease != nil {
			return lease, nil
		}
		return nil, errors.New("lock: granted too late to be trusted")
	}
	// Not granted, or granted without a reply: the row knows.
	if rec, row, found, err = c.get(ctx); err == nil {
		if lease := c.adopt(ctx, row, rec.Version); lease != nil {
			return lease, nil
		}
		if _, err = c.judge(rec, row, found, dead); errors.Is(err, ErrHeld) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("lock: acquire %s: %w", c.key, failure)
}

// judge decides whether the row may be taken, and what would be written then.
// Otherwise the error is a *HeldError.
func (c *campaign) judge(rec store.Record, row Row, found bool, dead *death) (claim, error) {
	now := c.opts.Clock.Now()
	next := claim{base: rec.Version, start: now, prev: row}
	remaining := c.remaining(rec, row, now)
	own, ours := c.owned(row)
	switch {
	case !found:
		next.how = First
	case !row.Held():
		next.how = Released
	case ours && own.start.IsZero():
		next.how = Regained
	case ours: // a grant that nobody ever worked under: who was there before it?
		next.prev, next.how = own.prev, own.how
	case dead.of(row):
		next.how = Died
	case remaining <= 0 && c.courtesy(now) <= 0:
		next.how = Expired
	case remaining <= 0:
		return claim{}, &HeldError{Holder: row.HolderInstanceID, Epoch: row.Epoch, Remaining: c.courtesy(now)}
	default:
		c.wrote() // somebody did
		return claim{}, &HeldError{Holder: row.HolderInstanceID, Epoch: row.Epoch, Remaining: remaining}
	}
	epoch := max(row.Epoch, c.known().Epoch) + 1 // more than row.Epoch+1 only where the row was deleted
	if next.how == First && !ours {
		next.prev.Epoch = epoch - 1 // the row is gone that said it
	}
	next.row = row.granted(epoch, nonce(), c.opts.InstanceID, c.opts.Lease, now.UTC())
	return next, nil
}

// courtesy is how long after an outage an expired lease is still left to the
// instance that had it: it may have work that waits, and no other can do it.
func (c *campaign) courtesy(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	left := c.polite.Sub(now)
	if left > 2*c.opts.RetryMax {
		return 0 // the clock was set back
	}
	return left
}

// rival reports whether the row is held, as far as this Lock knows, by somebody
// else, and only cannot be written.
func (c *campaign) rival() bool {
	c.mu.Lock()
	row, unkept := c.view.Row, c.unkept
	c.mu.Unlock()
	_, ours := c.owned(row)
	return unkept && row.Held() && !ours
}

// remaining is how long the holder's lease, as the holder stored it, still runs:
// by the store's clock, or by ours since we first saw this version, whichever
// ends sooner. The latter only matters where the store's clock was set back; it
// cannot be early, since the row was written before we saw it.
func (c *campaign) remaining(rec store.Record, row Row, now time.Time) time.Duration {
	lease := row.Lease()
	if row.Foreign() {
		lease = c.opts.Lease
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	left := lease - rec.Age()
	if rec.Version == c.version {
		left = min(left, lease-now.Sub(c.still))
	}
	return max(0, left)
}

// get reads the row, under a deadline of its own. found is false where there is
// none.
func (c *campaign) get(ctx context.Context) (rec store.Record, row Row, found bool, err error) {
	call, cancel := deadline.With(ctx, c.opts.Clock, c.opts.Timeout)
	defer cancel()
	known := c.known() // a slow reply may be older than what is known when it comes
	rec, err = c.st.Get(call, c.key)
	if errors.Is(err, store.ErrNotFound) {
		c.saw(Row{}, "")
		return rec, row, false, nil
	}
	if err != nil {
		return rec, row, false, c.failed(noRead, fmt.Errorf("lock: read %s: %w", c.key, c.late(call, err)))
	}
	if row, err = ReadRow(rec); err == nil {
		err = c.remember(row, known)
	}
	if err != nil {
		return rec, row, true, c.failed(mangled, err)
	}
	c.saw(row, rec.Version)
	return rec, row, true, nil
}

// put writes the row and what goes with it, under a deadline of its own.
func (c *campaign) put(ctx context.Context, ops ...store.Op) (string, error) {
	call, cancel := deadline.With(ctx, c.opts.Clock, c.opts.Timeout)
	defer cancel()
	stamps, err := c.st.Commit(call, ops...)
	if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrInvalid) {
		c.wrote()
		return "", err // about what was asked, not about the store's health
	}
	if err != nil {
		return "", c.failed(noWrite, fmt.Errorf("lock: write %s: %w", c.key, c.late(call, err)))
	}
	c.wrote()
	return stamps[0].Version, nil
}

// late says so when it was our own deadline that ended the call: the context
// itself only says that it was cancelled.
func (c *campaign) late(call context.Context, err error) error {
	if deadline.Exceeded(call) {
		return fmt.Errorf("no answer within %v: %w", c.opts.Timeout, err)
	}
	return err
}

// pause waits for d, or until ctx ends, wake says something or dead is closed. It
// reports false when wake was closed.
func (c *campaign) pause(ctx context.Context, d time.Duration, wake, dead <-chan struct{}) bool {
	due := make(chan struct{})
	timer := c.opts.Clock.AfterFunc(d, func() { close(due) })
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-due:
	case <-dead:
	case _, open := <-wake:
		return open
	}
	return true
}
