package closing

import (
	"context"
	"iter"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/store"
)

// readTimeout bounds one read, and of a Scan each wait for a record. It is long,
// since nobody waits for it.
const readTimeout = 30 * time.Second

// patient makes a store each of whose reads has its own time, and of a Scan each
// wait for the next record: one that hangs costs one pass, and one that is long
// is none that hangs.
func patient(clk clock.Clock) func(store.Store) store.Store {
	return func(st store.Store) store.Store { return &bounded{Store: st, clock: clk} }
}

type bounded struct {
	store.Store
	clock clock.Clock
}

var _ store.Store = (*bounded)(nil)

// Get implements store.Store.
func (b *bounded) Get(ctx context.Context, key store.Key) (store.Record, error) {
	ctx, cancel := deadline.With(ctx, b.clock, readTimeout)
	defer cancel()
	return b.Store.Get(ctx, key)
}

// Scan implements store.Store.
func (b *bounded) Scan(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		ctx, pass, cancel := deadline.New(ctx)
		defer cancel()
		timer := b.clock.AfterFunc(readTimeout, pass)
		defer func() { timer.Stop() }()
		for rec, err := range b.Store.Scan(ctx, q) {
			timer.Stop() // what the loop does takes its own time
			if !yield(rec, err) {
				return
			}
			timer = b.clock.AfterFunc(readTimeout, pass)
		}
	}
}
