// Package logtest writes the log of evidence in tests, where nobody leads.
//
// Its lease is none: nobody else is kept from writing, and the row of the lock is not
// touched.
package logtest

import (
	"context"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/retention"
	"github.com/seed-13dc028d/longwatch/store"
)

// Lease is a logbook.Lease over a store, with a note in memory.
type Lease struct {
	Store store.Store
	// Fault runs ahead of each commit; its error is the commit's. Default: none.
	Fault func(ops []store.Op) error

	note, granted string
	beat          *evidence.Head // which the note does not have yet
	sign          func(evidence.Note) evidence.Note
}

var _ logbook.Lease = (*Lease)(nil)

// Granted implements logbook.Lease.
func (l *Lease) Granted() string { return l.granted }

// Note implements logbook.Lease.
func (l *Lease) Note() string {
	if l.beat != nil {
		note, _ := evidence.ParseNote(l.note)
		note.Head, note.Signature = *l.beat, ""
		if l.sign != nil {
			note = l.sign(note)
		}
		l.note, l.beat = note.String(), nil
	}
	return l.note
}

// Grant sets the note, as a lease that begins with it.
func (l *Lease) Grant(note string) { l.note, l.granted, l.beat = note, note, nil }

// Move implements logbook.Lease.
func (l *Lease) Move(ctx context.Context, change logbook.Move) error {
	next, ops, err := change(l.Note())
	if err != nil {
		return err
	}
	if l.Fault != nil {
		if err := l.Fault(ops); err != nil {
			return err
		}
	}
	if _, err := l.Store.Commit(ctx, ops...); err != nil {
		return err
	}
	l.note = next
	return nil
}

// Beat moves the head of the chain in the note. A note that nobody looks at before the
// next one is not signed.
func (l *Lease) Beat(head evidence.Head, sign func(evidence.Note) evidence.Note) {
	l.beat, l.sign = &head, sign
}

// Close closes a day and logs it.
func Close(ctx context.Context, l *ledger.Ledger, log *logbook.Log, day, now time.Time, interval time.Duration, by string) (ledger.Closing, error) {
	c, err := l.CloseDay(ctx, day, now, interval, by, log.Logged)
	if err != nil || !c.Changed {
		return c, err
	}
	stored, err := log.Append(ctx, logbook.Addition{Now: now, Lines: c.Lines, Broken: c.Broken, Rollups: []logbook.Rollup{{Rollup: c.Rollup}}})
	if err == nil {
		c.Rollup = stored[0]
	}
	return c, err
}

// Retention is what retention writes with.
func Retention(st store.Store, log *logbook.Log, now time.Time) retention.Writer {
	return retention.Writer{
		Logged: log.Logged,
		Mark: func(ctx context.Context, marks []logbook.Rollup) error {
			_, err := log.Append(ctx, logbook.Addition{Now: now, Rollups: marks})
			return err
		},
		Delete: func(ctx context.Context, ops []store.Op) error {
			_, err := st.Commit(ctx, ops...)
			return err
		},
	}
}

// Counting is what retention counts with.
func Counting(log *logbook.Log) retention.Writer {
	return retention.Writer{
		Logged: log.Logged,
		Mark:   func(context.Context, []logbook.Rollup) error { return nil },
		Delete: func(context.Context, []store.Op) error { return nil },
	}
}
