package copying

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// ErrAnother says that what is to be copied into holds another history.
var ErrAnother = errors.New("it holds another history")

// Options say how to copy.
type Options struct {
	// By names who copies, in the rows of both locks.
	By string
	// Archive says that nobody writes the one that is copied from, and that no lease of
	// it is needed: it may be read-only.
	Archive bool
	// Progress is told how many documents of a collection were looked at. Default: nil.
	Progress func(c ledger.Collection, n int64)
}

// Count is what became of the documents.
type Count struct {
	Copied  int64 `json:"copied"`
	Same    int64 `json:"same"`    // they were there
	Changed int64 `json:"changed"` // they were there as they had been at an earlier, unfinished copy
	Removed int64 `json:"removed"` // likewise, and are gone from where it is copied from
}

// marker is the ID of the document, in config, that says that a copy is unfinished.
const marker = "copy"

type unfinished struct {
	TS time.Time `json:"ts" firestore:"ts"`
	By string    `json:"by" firestore:"by"`
}

// Copy copies all under from's root to to, whose root is the same. It holds the leases
// of both, so that nobody leads meanwhile; where somebody does, it is an error that
// names who. When it is broken off, the next call goes on.
//
// Where to has anything in it that an unfinished copy of the same documents has not, the
// error is an ErrAnother, and nothing was written. A finished copy is compared, and is
// no error where it is the same.
func Copy(ctx context.Context, from, to Side, o Options) (Count, error) {
	var n Count
	err := from.free(ctx)
	if err != nil {
		return n, err
	}
	state, err := to.state(ctx)
	if err != nil {
		return n, err
	}
	if state == finished {
		if err := to.free(ctx); err != nil {
			return n, err
		}
		return n, merge(ctx, from, to, o.Progress, &n, nil)
	}
	if o.Archive {
		row, err := from.row(ctx)
		if err != nil {
			return n, err
		}
		err = into(ctx, from, to, row, state, o, &n)
		if now, unread := from.row(ctx); err == nil && (unread != nil || now.Seq != row.Seq) {
			err = errors.Join(unread, errors.New("it was written to meanwhile, and is no archive; copy again"))
		}
		return n, err
	}
	err = from.Hold(ctx, o.By, func(ctx context.Context, _ *lock.Lease) error {
		row, err := from.row(ctx)
		if err != nil {
			return err
		}
		return into(ctx, from, to, row, state, o, &n)
	})
	return n, err
}

// into copies under the lease of to.
func into(ctx context.Context, from, to Side, row lock.Row, state state, o Options, n *Count) error {
	if err := to.free(ctx); err != nil {
		return err
	}
	begin := to.goOn
	if state == empty {
		begin = func(ctx context.Context, row lock.Row) error { return to.begin(ctx, row, o.By) }
	}
	if err := begin(ctx, row); err != nil {
		return err
	}
	return to.Hold(ctx, o.By, func(ctx context.Context, lease *lock.Lease) error {
		if lease.Token().Epoch < row.Epoch { // a copy that was killed held it
			return errors.New("its lock is behind that of what is copied; copy again")
		}
		w := &writer{commit: lease.Commit}
		if err := merge(ctx, from, to, o.Progress, n, w); err != nil {
			return err
		}
		if err := w.flush(ctx); err != nil {
			return err
		}
		// Only now is it a history that somebody may go on with.
		return lease.CommitNote(ctx, lease.Note(), row.Note, store.Delete(to.Ledger.Key(ledger.Config, marker)))
	})
}

// merge goes through both sides beside each other. Without a writer it only compares.
func merge(ctx context.Context, from, to Side, progress func(ledger.Collection, int64), n *Count, w *writer) error {
	for _, c := range ledger.Collections() {
		if err := mergeOne(ctx, c, from, to, progress, n, w); err != nil {
			return err
		}
	}
	return settings(ctx, from, to, n, w)
}

// settings are the one document without a time, and in no list.
func settings(ctx context.Context, from, to Side, n *Count, w *writer) error {
	a, here, err := from.get(ctx, from.Ledger.SettingsKey())
	if err != nil {
		return err
	}
	b, there, err := to.get(ctx, to.Ledger.SettingsKey())
	switch {
	case err != nil || !here && !there:
		return err
	case !here:
		return decide(ctx, ledger.Config, from, a, b, 1, n, w)
	case !there:
		return decide(ctx, ledger.Config, from, a, b, -1, n, w)
	}
	return decide(ctx, ledger.Config, from, a, b, 0, n, w)
}

func mergeOne(ctx context.Context, c ledger.Collection, from, to Side, progress func(ledger.Collection, int64), n *Count, w *writer) error {
	source, endSource := iter.Pull2(from.Ledger.Records(ctx, c, ledger.Page{}))
	defer endSource()
	target, endTarget := iter.Pull2(to.Ledger.Records(ctx, c, ledger.Page{}))
	defer endTarget()
	next := func(pull func() (store.Record, error, bool)) (rec store.Record, ok bool, err error) {
		for {
			if rec, err, ok = pull(); !ok || err != nil || !from.apart(rec) {
				return rec, ok && err == nil, err
			}
		}
	}
	a, more, err := next(source)
	if err != nil {
		return err
	}
	b, there, err := next(target)
	for looked := int64(1); err == nil && (more || there); looked++ {
		if progress != nil {
			progress(c, looked)
		}
		order := -1
		switch {
		case !more:
			order = 1
		case there:
			order = compare(a, b)
		}
		if err = decide(ctx, c, from, a, b, order, n, w); err != nil {
			break
		}
		if order <= 0 {
			if a, more, err = next(source); err != nil {
				break
			}
		}
		if order >= 0 {
			b, there, err = next(target)
		}
	}
	return err
}

// apart reports whether a document is none of the lists': the lock that a copy holds, its
// marker, and the settings.
func (s Side) apart(rec store.Record) bool {
	return rec.Key == s.Ledger.LockKey() || rec.Key == s.Ledger.Key(ledger.Config, marker) || rec.Key == s.Ledger.SettingsKey()
}

// compare orders documents as their lists are.
func compare(a, b store.Record) int {
	switch {
	case !a.At.Equal(b.At):
		return a.At.Compare(b.At)
	case a.Key.ID < b.Key.ID:
		return -1
	case a.Key.ID > b.Key.ID:
		return 1
	}
	return 0
}

// grows reports whether documents of a collection are written once and stay.
func grows(c ledger.Collection) bool {
	return c == ledger.Heartbeats || c == ledger.Probes || c == ledger.Evidence
}

// decide says what becomes of a document that is on one side (order −1: from, 1: to), or
// on both.
func decide(ctx context.Context, c ledger.Collection, from Side, a, b store.Record, order int, n *Count, w *writer) error {
	if order > 0 {
		if w == nil || grows(c) {
			return fmt.Errorf("%w: %s is not in what is copied", ErrAnother, name(b))
		}
		// One that has another time now stands elsewhere in the list, and is written.
		if _, moved, err := from.get(ctx, b.Key); moved || err != nil {
			return err
		}
		n.Removed++
		return w.add(ctx, store.Delete(b.Key))
	}
	raw, err := textOf(a)
	if err != nil {
		return fmt.Errorf("%s: %w", name(a), err)
	}
	if order == 0 {
		there, err := textOf(b)
		switch {
		case err == nil && same(raw, there):
			n.Same++
			return nil
		case w == nil || grows(c):
			return fmt.Errorf("%w: %s says something else", ErrAnother, name(b))
		}
	}
	if w == nil {
		return fmt.Errorf("%w: it has not %s", ErrAnother, name(a))
	}
	value, err := valueOf(raw, shapeOf(c), !a.At.IsZero())
	if err != nil {
		return fmt.Errorf("%s: %w", name(a), err)
	}
	if order == 0 {
		n.Changed++
	} else {
		n.Copied++
	}
	return w.add(ctx, store.Set(a.Key, value))
}

func name(rec store.Record) string { return visible.Line(rec.Key.String(), 600) }

// writer gathers what is to be written.
type writer struct {
	commit func(context.Context, ...store.Op) error
	ops    []store.Op
}

// batch is how many documents one commit has.
const batch = 200

func (w *writer) add(ctx context.Context, op store.Op) error {
	w.ops = append(w.ops, op)
	if len(w.ops) < batch {
		return nil
	}
	return w.flush(ctx)
}

func (w *writer) flush(ctx context.Context) error {
	if len(w.ops) == 0 {
		return nil
	}
	err := w.commit(ctx, w.ops...)
	w.ops = w.ops[:0]
	return err
}
