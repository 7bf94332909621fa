package ledger

import (
	"context"
	"iter"

	"github.com/seed-13dc028d/longwatch/store"
)

// Heard returns the same ledger, which calls heard whenever the store answers a
// read: with each document, at the end of a list, and with an error. So whoever
// waits can tell a store that is slow from one that says nothing. heard is called
// in the goroutine that reads, and must not block.
func (l *Ledger) Heard(heard func()) *Ledger {
	return &Ledger{store: listener{l.store, heard}, root: l.root}
}

// listener is a store that tells of its answers.
type listener struct {
	store.Store
	heard func()
}

func (l listener) Get(ctx context.Context, key store.Key) (store.Record, error) {
	rec, err := l.Store.Get(ctx, key)
	l.heard()
	return rec, err
}

func (l listener) Scan(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		for rec, err := range l.Store.Scan(ctx, q) {
			l.heard()
			if !yield(rec, err) {
				return
			}
		}
		l.heard()
	}
}
