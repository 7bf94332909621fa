package copying

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// Side is one of the two stores.
type Side struct {
	Store  store.Store
	Ledger *ledger.Ledger // of Store
}

// state is what a store is to whoever copies into it.
type state int

const (
	empty state = iota
	begun       // by a copy that did not come to its end
	finished
)

// state finds out what is in a store.
func (s Side) state(ctx context.Context) (state, error) {
	for _, apart := range []struct {
		key store.Key
		is  state
	}{{s.Ledger.Key(ledger.Config, marker), begun}, {s.Ledger.LockKey(), finished}, {s.Ledger.SettingsKey(), finished}} {
		if _, there, err := s.get(ctx, apart.key); there || err != nil {
			return apart.is, err
		}
	}
	for _, c := range ledger.Collections() {
		for _, err := range s.Ledger.Records(ctx, c, ledger.Page{Limit: 1}) {
			return finished, err
		}
	}
	return empty, nil
}

// get reads a document, and whether it is there.
func (s Side) get(ctx context.Context, key store.Key) (rec store.Record, there bool, err error) {
	rec, err = s.Store.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return rec, false, nil
	}
	return rec, err == nil, err
}

// row reads the row of the lock; the zero Row where nobody ever led.
func (s Side) row(ctx context.Context) (lock.Row, error) {
	rec, there, err := s.get(ctx, s.Ledger.LockKey())
	if !there {
		return lock.Row{}, err
	}
	return lock.ReadRow(rec)
}

// free is an error where somebody leads.
func (s Side) free(ctx context.Context) error {
	rec, there, err := s.get(ctx, s.Ledger.LockKey())
	if !there {
		return err
	}
	row, err := lock.ReadRow(rec)
	if err != nil {
		return err
	}
	if row.Held() && rec.Age() < row.Lease() && !strings.HasPrefix(row.HolderInstanceID, "longctl ") {
		return fmt.Errorf("%s leads there; no instance may run meanwhile", visible.Line(row.HolderInstanceID, 100))
	}
	return nil
}

// begin marks an empty store as an unfinished copy. Its lock goes on with the epochs of
// the other: a beat of a lower one behind a higher looks like a second writer.
func (s Side) begin(ctx context.Context, from lock.Row, by string) error {
	const minute = 60
	now := time.Now().UTC()
	row := lock.Row{
		HolderInstanceID: by, Epoch: max(from.Epoch, 1), LeaseSec: minute, AcquiredAt: now, RenewedAt: now, Seq: from.Seq,
		LeaseUntil: now, TS: now, Note: from.Note,
	}
	_, err := s.Store.Commit(ctx, store.Create(s.Ledger.LockKey(), row), store.Create(s.Ledger.Key(ledger.Config, marker), unfinished{TS: now, By: by}))
	if errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("%w: somebody began to write to it", ErrAnother)
	}
	return err
}

// goOn has the lock of an unfinished copy catch up with the epochs of the other, where
// instances led since.
func (s Side) goOn(ctx context.Context, from lock.Row) error {
	rec, err := s.Store.Get(ctx, s.Ledger.LockKey())
	if err != nil {
		return err
	}
	row, err := lock.ReadRow(rec)
	if err != nil || row.Epoch >= from.Epoch || row.Held() {
		return err // held by another copy: it is waited for, and comes to its end
	}
	row.Epoch = from.Epoch
	_, err = s.Store.Commit(ctx, store.Update(rec.Key, row, rec.Version))
	return err
}

// errNoLease is why the work did not begin.
var errNoLease = errors.New("the lease is not to be had")

// The lease of whoever works by hand: short, so that one who was killed does not hold up
// the next for long.
const (
	lease = 15 * time.Second
	wait  = 20 * time.Second
)

// Hold does something under the lease, and gives it back. The lease is waited for, 20 s
// at the most; do's context ends with it. Whether somebody leads was asked before: an
// instance that stands by gets the lease when do is done.
func (s Side) Hold(ctx context.Context, by string, do func(context.Context, *lock.Lease) error) error {
	l, err := lock.New(s.Store, s.Ledger.LockKey(), &lock.Options{InstanceID: by, Lease: lease})
	if err != nil {
		return err
	}
	waiting, cancel := context.WithTimeoutCause(ctx, wait, errNoLease)
	defer cancel()
	done, broke := false, error(nil)
	err = lock.Run(waiting, l, func(_ context.Context, lease *lock.Lease) error {
		done = true
		cancel() // the lease is there; what is done with it may take longer
		working, end := context.WithCancelCause(ctx)
		defer end(nil)
		defer context.AfterFunc(lease.Context(), func() { end(context.Cause(lease.Context())) })()
		broke = do(working, lease)
		return broke
	})
	switch {
	case err != nil:
		return err
	case !done:
		return context.Cause(waiting)
	}
	return broke // to be asked to stop is no failure of the lease, but the work is not done
}
