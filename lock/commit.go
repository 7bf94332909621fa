package lock

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/store"
)

// Commit applies the operations if, and only if, the lease is the row's: all of
// them together with a renewal, atomically. Without operations it is a renewal.
// The lock's own document must not be among them, and at most store.MaxOps − 1
// are allowed. Calls take turns.
//
// Failures of the store are ridden out while ctx and the lease last. The error
// is nil once everything was applied; otherwise nothing was, and the lease goes
// on, with these exceptions:
//
//   - *LostError or ErrReleased: the lease is over. An attempt whose reply was
//     lost may still have landed before.
//   - ErrUnknown: ctx ended first. An attempt may have landed, or may yet, until
//     the next Commit returns nil.
//
// When the operations are refused (a precondition of theirs, an invalid value),
// or fail again and again in a store that answers, the lease is renewed without
// them, and the store's error is returned: a bad write costs no leadership.
func (l *Lease) Commit(ctx context.Context, ops ...store.Op) error {
	return l.commit(ctx, nil, ops)
}

// CommitNote is Commit which also replaces the lock's note, at most MaxNote
// bytes: an opaque value for what must never fork between two leaders. was is the
// note that the new one was made of, as Note returned it. It is ErrNoteMoved, and
// does nothing, when the lock's note is another by now.
func (l *Lease) CommitNote(ctx context.Context, was, note string, ops ...store.Op) error {
	return l.commit(ctx, &move{was, note}, ops)
}

// move is what becomes of a note.
type move struct{ was, note string }

func (l *Lease) commit(ctx context.Context, note *move, ops []store.Op) error {
	if note != nil && len(note.note) > MaxNote {
		return fmt.Errorf("lock: %w: note of %d bytes, at most %d are allowed", store.ErrInvalid, len(note.note), MaxNote)
	}
	all := append([]store.Op{store.Update(l.lock.key, Row{}, "")}, ops...)
	if err := store.ValidateOps(all); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	if err := l.Err(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-l.life.Done():
		return l.Err()
	}
	// A store call must end with the lease too, so that Release need not wait.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(context.Canceled)
	defer context.AfterFunc(l.life, func() { cancel(context.Cause(l.life)) })()

	if l.open {
		// Whatever is still in flight was sent on the version known now: once a
		// renewal moved it, what has not landed never will.
		if err := (&change{lease: l}).run(ctx); err != nil {
			if errors.Is(err, ErrLost) || errors.Is(err, ErrReleased) {
				return err
			}
			return fmt.Errorf("lock: an earlier commit is unsettled: %w", context.Cause(ctx))
		}
	}
	if note != nil && l.Note() != note.was {
		return ErrNoteMoved
	}
	return (&change{lease: l, note: note, ops: ops}).run(ctx)
}

// change is what one call wants written, with what became of its attempts.
type change struct {
	lease *Lease
	note  *move // nil keeps the note
	ops   []store.Op
	sent  map[int64]attempt // by seq: what may have landed
	// why is what the store last said to an attempt with the operations, and
	// failure what it last said at all.
	why, failure error
}

type attempt struct {
	start time.Time
	full  bool // with the operations and the note; otherwise a bare renewal
}

// outcome is what is known of an attempt after the row was read back.
type outcome int

const (
	landed  outcome = iota // the change is in the store
	bare                   // a renewal landed, and the change never will
	over                   // the lease is
	refused                // the row stands: it was an operation's fault
	stuck                  // the row stands, and the store did not say why
	unread                 // not even the row can be read
	shifted                // the row moved, by no attempt of this call
)

// maxStuck is how many times in a row a store that answers may fail a change
// before a bare renewal shows whether the operations are the trouble. If that
// lands, they get one more chance: the store may just have come back.
const maxStuck = 2

// run attempts the change until it landed, is known never to land, or the lease
// or ctx ends.
func (c *change) run(ctx context.Context) error {
	l := c.lease
	c.sent = make(map[int64]attempt)
	fault := 0     // of the operations, as far as it shows; at maxStuck they are left out
	final := false // whether a bare renewal settles it
	for n := 0; ; n++ {
		if err := l.Err(); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return c.giveUp(ctx)
		}
		full := len(c.ops) == 0 || fault < maxStuck
		switch c.attempt(ctx, full) {
		case landed, over:
			return l.Err()
		case bare:
			if final {
				return fmt.Errorf("lock: renewed without the operations: %w", c.why)
			}
			fault, final = maxStuck-1, true
			continue
		case refused:
			fault, final = maxStuck, true
			continue // the sooner the lease is renewed, the better
		case stuck:
			fault++
			if !full {
				fault = 0 // it fails without them as well
			}
		case shifted:
			if c.note != nil && l.Note() != c.note.was {
				return ErrNoteMoved // which also killed what was sent before
			}
			fault = 0
		case unread:
			fault = 0
		}
		l.lock.pause(ctx, l.lock.opts.retry(n), nil, nil)
	}
}

// giveUp is the end by ctx. What was sent may have landed or may yet.
func (c *change) giveUp(ctx context.Context) error {
	cause := context.Cause(ctx)
	if len(c.sent) == 0 {
		return cause
	}
	c.lease.open = true
	return fmt.Errorf("%w: %w", ErrUnknown, errors.Join(cause, c.failure))
}

// attempt sends the row, with the operations or without, under a seq that no
// other attempt of this lease ever has.
func (c *change) attempt(ctx context.Context, full bool) outcome {
	l := c.lease
	a := attempt{start: l.lock.opts.Clock.Now(), full: full}
	note, ops := l.row.Note, []store.Op(nil)
	if full {
		ops = c.ops
	}
	if full && c.note != nil {
		note = c.note.note
	}
	l.seq++
	row := l.row.renewed(l.seq, a.start.UTC(), note)
	row.Proof = l.proof
	c.sent[l.seq] = a
	version, err := l.lock.put(ctx, append([]store.Op{store.Update(l.lock.key, row, l.version)}, ops...)...)
	if err == nil {
		return c.landed(a, row, version)
	}
	l.setTrouble(err)
	c.failure = err
	if full {
		c.why = err
	}
	if errors.Is(err, store.ErrInvalid) && full && len(ops) > 0 {
		return refused
	}
	return c.readBack(ctx, full && errors.Is(err, store.ErrConflict))
}

// readBack asks the row what became of the attempts. conflict says that the last
// one met a precondition that does not hold: the row's, unless the row stands.
func (c *change) readBack(ctx context.Context, conflict bool) outcome {
	l := c.lease
	rec, row, found, err := l.lock.get(ctx)
	var corrupt *CorruptError
	switch {
	case errors.As(err, &corrupt):
		return l.lose("the row is not usable", Row{}, corrupt)
	case err != nil:
		return unread
	case !found:
		return l.lose("the row is gone", Row{}, nil)
	case row.token(l.token.Name) != l.token:
		l.overthrown()
		return l.lose(fmt.Sprintf("%q has epoch %d", row.HolderInstanceID, row.Epoch), row, nil)
	case rec.Version == l.version && conflict && len(c.ops) > 0:
		return refused
	case rec.Version == l.version:
		return stuck
	}
	l.seq = max(l.seq, row.Seq)
	if a, ours := c.sent[row.Seq]; ours {
		return c.landed(a, row, rec.Version)
	}
	// An earlier call's attempt, or a hand from outside: that of whoever restored a
	// backup, or made a replica the primary that did not have everything.
	if row.Seq < l.row.Seq {
		l.lock.opts.Logger.ErrorContext(ctx, "the store has lost what it had acknowledged: the lock's row is an earlier one again",
			"key", l.lock.key.String(), "epoch", row.Epoch, "renewed_before", l.row.RenewedAt, "renewed_now", row.RenewedAt)
	}
	l.mu.Lock()
	l.note = row.Note
	l.mu.Unlock()
	l.row, l.version = row, rec.Version
	return shifted
}

// landed takes over what an attempt wrote. Versions are never used again, so no
// other attempt that was sent before can land any more.
func (c *change) landed(a attempt, row Row, version string) outcome {
	l := c.lease
	l.lock.saw(row, version)
	l.row, l.version, l.open = row, version, false
	clear(c.sent)
	if l.Err() != nil {
		return over // too late: trust, once ended, does not come back
	}
	l.renewed(a.start, row.Note)
	if !a.full && len(c.ops) > 0 {
		return bare
	}
	return landed
}

// lose ends the lease because the row says so.
func (l *Lease) lose(reason string, now Row, err error) outcome {
	l.gone = true
	l.mu.Lock()
	since := l.since
	l.mu.Unlock()
	l.finish(&LostError{Token: l.token, Holder: now.HolderInstanceID, Epoch: now.Epoch, Err: err, Since: since, reason: reason})
	return over
}
