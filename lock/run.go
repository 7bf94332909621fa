package lock

import (
	"context"
	"errors"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
)

// Run waits for the lease, calls fn once with it, renews it behind fn's back,
// and releases it after fn has returned, not before: even when ctx ends, the
// lease is kept as long as fn takes to wind up.
//
// fn's context ends when ctx does or the lease does; in the latter case with the
// *LostError as its cause. While only ctx has ended, the lease still commits:
// use context.WithoutCancel for a last write.
//
// Run returns nil when ctx ended and fn had no error of its own; a *LostError,
// joined with fn's error if that tells more, when the lease was lost; otherwise
// fn's error. It does not campaign again: call it again to stand by again. If fn
// panics, the lease is released and the panic goes on.
//
// After fn has returned, Run takes no longer than Timeout and two seconds, even
// with a store that hangs and ignores its context.
func Run(ctx context.Context, l Lock, fn func(ctx context.Context, lease *Lease) error) error {
	lease, err := l.Acquire(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil // to be asked to stop is no failure
		}
		return err
	}
	kept := spawn.Start("lock: the renewal", func() error {
		lease.keep()
		return nil
	})
	defer func() {
		// Also while fn's panic passes through. The store may be out of reach:
		// then the lease expires by itself, and the lock has logged why.
		end, cancel := deadline.With(context.WithoutCancel(ctx), lease.lock.opts.Clock, lease.lock.opts.Timeout)
		defer cancel()
		_ = lease.Release(end)
		if err := <-kept; err != nil {
			lease.lock.opts.Logger.ErrorContext(end, "the renewal of a lease failed", "error", err)
		}
	}()
	// A child of the lease's context, so that no instant lies between the loss
	// and fn's learning of it.
	work, stop := context.WithCancelCause(lease.Context())
	defer stop(context.Canceled)
	defer context.AfterFunc(ctx, func() { stop(context.Cause(ctx)) })()

	err = fn(work, lease)
	if errors.Is(err, context.Canceled) && work.Err() != nil {
		err = nil
	}
	if lost := lease.Err(); errors.Is(lost, ErrLost) {
		if err == nil || errors.Is(err, ErrLost) {
			return lost
		}
		return errors.Join(lost, err)
	}
	return err
}

// keep renews the lease Renew and a little (RetryMax) after each commit that
// landed, whoever made it, until the lease ends.
func (l *Lease) keep() {
	for l.Err() == nil {
		if wait := l.due(); wait > 0 {
			l.lock.pause(l.life, wait, nil, nil)
			continue
		}
		if err := l.Commit(l.life); err != nil {
			// Commit rides out what can be ridden out; do not spin on the rest.
			l.lock.pause(l.life, l.lock.opts.spread(l.lock.opts.RetryMax), nil, nil)
		}
	}
}

// due is how long the background renewal still waits. It gives way to a holder
// that commits by itself every Renew: that commit renews, and a second one at
// the same moment would only cost.
func (l *Lease) due() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lock.opts.Renew + l.lock.opts.RetryMax - elapsed(l.since, l.lock.opts.Clock.Now())
}
