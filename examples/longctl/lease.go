package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/seed-13dc028d/longwatch/examples/internal/copying"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/exit"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/store"
)

// logFlags are those of commands that write to the log of evidence.
type logFlags struct {
	Key    string `env:"LONGRUN_EVIDENCE_KEY" hidden:""`
	Origin string `placeholder:"NAME" env:"LONGRUN_ORIGIN" help:"The name of the log of evidence, where it is not the root."`
}

// options are those of a log, from the flags.
func (f logFlags) options() (logbook.Options, error) {
	host, _ := os.Hostname() // for people only
	o := logbook.Options{By: "longctl " + host, Origin: f.Origin}
	if f.Origin != "" && evidence.ValidateOrigin(f.Origin) != nil {
		return o, exit.Usage(errors.New("--origin: it is of 1 to 200 visible ASCII characters without '+'"))
	}
	if f.Key == "" {
		return o, nil
	}
	var err error
	if o.Key, err = evidence.ParsePrivateKey(f.Key); err != nil {
		return o, exit.Usage(fmt.Errorf("LONGRUN_EVIDENCE_KEY: %w", err))
	}
	return o, nil
}

// writing writes to the log under the lease of the leader, which must not be there:
// a log has one writer. With dry nothing is written.
func writing(ctx context.Context, st store.Store, l *ledger.Ledger, o logbook.Options, dry bool, do func(ctx context.Context, log *logbook.Log, commit func(context.Context, []store.Op) error) error) error {
	row, held, err := holder(ctx, l)
	if err != nil {
		return err
	}
	if dry {
		return do(ctx, logbook.New(l, reading{row.Note}, o), func(ctx context.Context, _ []store.Op) error { return ctx.Err() })
	}
	if held && !gone(ctx, st, row) {
		return fmt.Errorf("%s leads and does this by itself; by hand it can be done only while no instance runs", row.HolderInstanceID)
	}
	return copying.Side{Store: st, Ledger: l}.Hold(ctx, o.By, func(ctx context.Context, lease *lock.Lease) error {
		held := &writer{lease: lease, granted: lease.Note()}
		return do(ctx, logbook.New(l, held, o), func(ctx context.Context, ops []store.Op) error { return lease.Commit(ctx, ops...) })
	})
}

// holder reads who leads, and whether somebody does now.
func holder(ctx context.Context, l *ledger.Ledger) (row lock.Row, held bool, err error) {
	rec, err := l.Record(ctx, l.LockKey())
	if errors.Is(err, store.ErrNotFound) {
		return row, false, nil
	}
	if err != nil {
		return row, false, err
	}
	if row, err = lock.ReadRow(rec); err != nil {
		return row, false, err
	}
	return row, row.Held() && rec.Age() < row.Lease() && !strings.HasPrefix(row.HolderInstanceID, "longctl "), nil
}

// gone reports whether the holder's process is known to be, though its lease runs.
func gone(ctx context.Context, st store.Store, row lock.Row) bool {
	w, ok := st.(store.Witness)
	if !ok {
		return false
	}
	done, err := w.Seize(ctx, row.Owner, row.Proof, false)
	if err != nil {
		return false
	}
	done(false) // the lock asks again, and takes it
	return true
}

// writer is a logbook.Lease of a lease.
type writer struct {
	lease   *lock.Lease
	granted string
}

func (w *writer) Granted() string { return w.granted }
func (w *writer) Note() string    { return w.lease.Note() }

func (w *writer) Move(ctx context.Context, change logbook.Move) error {
	was := w.lease.Note()
	next, ops, err := change(was)
	if err != nil {
		return err
	}
	return w.lease.CommitNote(ctx, was, next, ops...)
}

// reading is a logbook.Lease under which nothing can be written.
type reading struct{ note string }

func (r reading) Granted() string { return r.note }
func (r reading) Note() string    { return r.note }

func (r reading) Move(context.Context, logbook.Move) error {
	return errors.New("nothing is written in a dry run")
}
