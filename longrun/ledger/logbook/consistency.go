package logbook

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/tree"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// Consistency returns the proof that the tree behind the batch of a number goes on
// from the one of old leaves, whether that was the end of a batch or not. It reads the
// batches that have leaves behind old. The error says what they do not agree in, or is
// the store's.
func Consistency(ctx context.Context, l *ledger.Ledger, number, old int64) ([]tlog.Hash, error) {
	if old == 0 {
		return nil, nil
	}
	var all tree.Stretch
	var leaves [][]tlog.Hash // of the batches, the last first
	var last evidence.Opened
	for n := number; ; n-- {
		e, err := l.Batch(ctx, n)
		if err != nil {
			return nil, err
		}
		o, err := e.Value.Open()
		if err != nil {
			return nil, err
		}
		if n == number {
			last = o
		} else if o.After.Tree != last.After.Tree || !o.After.Edge.Equal(all.Before) {
			return nil, fmt.Errorf("logbook: batch %d does not go on from batch %d", n+1, n)
		}
		all.Before = o.Stretch.Before
		leaves = append(leaves, o.Stretch.Leaves)
		if all.Before.Size() <= old {
			break
		}
	}
	for _, part := range slices.Backward(leaves) {
		all.Leaves = append(all.Leaves, part...)
	}
	return all.Consistency(old, all.End())
}

// Cosigned is the write of lines of cosignatures beside a batch, a later one by a
// witness in the place of an earlier one; false where they are there. Nothing else of
// the batch changes. It fails with store.ErrConflict where somebody else wrote it.
func Cosigned(ctx context.Context, l *ledger.Ledger, number int64, lines ...string) (store.Op, bool, error) {
	e, err := l.Batch(ctx, number)
	if err != nil {
		return store.Op{}, false, err
	}
	b := e.Value
	if b.Cosigned = witness.Merge(b.Cosigned, lines...); slices.Equal(b.Cosigned, e.Value.Cosigned) {
		return store.Op{}, false, nil
	}
	return store.Update(e.Key, b, e.Version), true, nil
}
