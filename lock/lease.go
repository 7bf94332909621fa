package lock

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/store"
)

// How tells how a grant came about.
type How string

// The ways to be granted a lease.
const (
	// First: there was no row.
	First How = "first"
	// Released: the holder before gave it back.
	Released How = "released"
	// Expired: the holder before fell silent for its whole lease.
	Expired How = "expired"
	// Died: the holder before had not given it back, and its process was gone, as far
	// as a Witness could tell.
	Died How = "died"
	// Regained: the row was still this same Lock's own, from a lease that had
	// ended without the store hearing of it.
	Regained How = "regained"
)

// Lease is one grant. It is trusted from Acquire until Release, loss, or the end
// of its trust, and never again after. Whoever got it calls Release when all
// work under it has ended, also after a loss. All methods are safe for
// concurrent use.
type Lease struct {
	lock  *campaign
	token Token
	prev  Row
	how   How

	life context.Context //nolint:containedctx // the lease is a lifetime; this is its end
	end  context.CancelCauseFunc

	// turn is full while a commit or a release is under way; whoever filled it
	// has the fields below to itself.
	turn    chan struct{}
	row     Row              // as it was last known to be …
	version string           // … and the version of it
	seq     int64            // of the last attempt; no attempt uses one twice
	open    bool             // a call ended without knowing what became of its attempts
	gone    bool             // the row is no longer ours, so there is nothing to release
	sign    func(spent bool) // ends what shows that this process lives; nil when it has, or where nothing does
	proof   string           // what the next attempt says of it

	vouched <-chan struct{} // closed when nobody watches the sign any more; nil when nobody ever did

	mu      sync.Mutex
	since   time.Time // start of the last attempt that landed: trust counts from here
	alarm   *clock.Timer
	note    string
	trouble error // of the last attempt, for the reason of a loss
}

func newLease(ctx context.Context, c *campaign, g claim, version string) *Lease {
	life, end := context.WithCancelCause(context.WithoutCancel(ctx))
	return &Lease{
		lock: c, token: g.row.token(c.key.ID), prev: g.prev, how: g.how,
		life: life, end: end, turn: make(chan struct{}, 1),
		row: g.row, version: version, seq: g.row.Seq, since: g.start, note: g.row.Note, sign: g.end, proof: g.row.Proof,
	}
}

// Token identifies the grant. It does not change.
func (l *Lease) Token() Token { return l.token }

// Previous returns the row that the grant replaced, and how it came about. After First
// only its Epoch is set: the one before, where a row was deleted. After Expired its
// HolderInstanceID is the instance that fell silent, some time after its RenewedAt, after
// Died too; after Released, the one that stopped cleanly; after Regained, this one.
func (l *Lease) Previous() (Row, How) { return l.prev, l.how }

// Context ends when the lease does, with the cause that Err returns. It carries
// the values of Acquire's context, but does not end with it.
func (l *Lease) Context() context.Context { return l.life }

// Err is nil while the lease is trusted; then ErrReleased, or a *LostError. It
// reads the clocks, so it is right even when no timer had a chance to run: ask
// it last before an effect that Commit cannot fence.
func (l *Lease) Err() error {
	if l.life.Err() == nil && l.left(l.lock.opts.Clock.Now()) <= 0 {
		l.distrust()
	}
	return context.Cause(l.life)
}

// Note returns the lock's note: what the last CommitNote wrote that is known to
// have landed, by whichever holder. After ErrUnknown from CommitNote, call
// Commit without operations first, so that it is known; Note is right then.
func (l *Lease) Note() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.note
}

// Release ends the lease's Context at once, waits for a commit under way to
// give up, and then frees the lock, so that the next holder need not wait for
// the lease to expire. It retries until ctx ends or the lease would have expired
// anyway; give ctx a deadline. It is idempotent, and nil when the lock is no
// longer ours to free. After an error, call it again or let the lease expire.
func (l *Lease) Release(ctx context.Context) error {
	l.finish(ErrReleased)
	if l.vouched != nil {
		select {
		case <-l.vouched:
		case <-ctx.Done(): // it ends by itself
		}
	}
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return fmt.Errorf("lock: release: %w", context.Cause(ctx))
	}
	if l.gone {
		l.unsign(true)
		return nil
	}
	if err := l.free(ctx); err != nil {
		// No work is left under it, so others need not wait, though the row says so.
		l.unsign(false)
		// The row may still show our owner, and nobody works under it: this
		// Lock may take it again at once.
		l.lock.abandon(l.row)
		return fmt.Errorf("lock: release: %w", err)
	}
	l.gone = true
	l.unsign(true)
	return nil
}

// unsign ends the sign that this process lives, for whoever waits for the lock. spent
// tells that the row does not name it any more.
func (l *Lease) unsign(spent bool) {
	if l.sign != nil {
		l.sign(spent)
		l.sign = nil
	}
}

// free writes the row without an owner until that is done or moot. It needs no
// seq to recognise its own attempts: whatever freed the row, it is free.
func (l *Lease) free(ctx context.Context) error {
	var last error
	for n := 0; ; n++ {
		if ctx.Err() != nil {
			return errors.Join(context.Cause(ctx), last)
		}
		now := l.lock.opts.Clock.Now()
		l.seq++
		row := l.row.released(l.seq, now.UTC())
		version, err := l.lock.put(ctx, store.Update(l.lock.key, row, l.version))
		if err == nil {
			l.lock.saw(row, version)
			l.lock.opts.Logger.InfoContext(ctx, "lock released", "key", l.lock.key.String(), "epoch", l.token.Epoch)
			return nil
		}
		last = err
		rec, row, found, err := l.lock.get(ctx)
		var corrupt *CorruptError
		switch {
		case errors.As(err, &corrupt):
			return nil // not ours any more, whoever's it is
		case err == nil && (!found || row.token(l.token.Name) != l.token):
			return nil
		case err == nil:
			l.row, l.version = row, rec.Version
		}
		l.mu.Lock()
		expired := elapsed(l.since, now) >= l.lock.opts.Lease
		l.mu.Unlock()
		if expired {
			return last
		}
		l.lock.pause(ctx, l.lock.opts.retry(n), nil, nil)
	}
}

// finish ends the lease; only the first cause counts.
func (l *Lease) finish(cause error) {
	l.mu.Lock()
	first := l.life.Err() == nil
	if first {
		l.end(cause)
		if l.alarm != nil {
			l.alarm.Stop()
		}
	}
	l.mu.Unlock()
	if first && errors.Is(cause, ErrLost) {
		l.lock.opts.Logger.Warn("lock lost", "key", l.lock.key.String(), "epoch", l.token.Epoch, "error", cause)
	}
}
