package cosigning

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/store"
)

// contradiction is what a witness says against this log.
type contradiction struct{ text string }

func (e *contradiction) Error() string { return e.text }

var (
	// errMoved: the log has gone on behind the batch, as another leader's.
	errMoved = errors.New("the log has gone on")
	// errNone: the answer has no cosignature of the checkpoint by the witness's key.
	errNone = errors.New("the witness answered without a cosignature by its key")
	// errRestless: each answer named another size.
	errRestless = errors.New("the witness names another size each time")
)

// maxAsks is how often a witness is asked in one go: from where this instance knows it
// to be, from where it says that it is, and once more.
const maxAsks = 3

// ask returns a witness's cosignature of a batch's checkpoint. The error is a
// *contradiction where it has cosigned what this log is no part of.
func (c *Cosigning) ask(ctx context.Context, w *asked, b evidence.Batch) (witness.Cosignature, error) {
	if w.tree != b.Tree {
		w.tree, w.seen = b.Tree, 0
	}
	for range maxAsks {
		proof, err := c.proof(ctx, b, w.seen)
		if err != nil {
			return witness.Cosignature{}, err
		}
		old := w.seen
		lines, size, err := w.add(ctx, witness.Request{Old: old, Proof: proof, Checkpoint: b.Checkpoint})
		switch {
		case err == nil:
			if found := cosignature(b, strings.Split(lines, "\n"), w.Key); found != nil {
				return *found, nil
			}
			return witness.Cosignature{}, errNone
		case errors.Is(err, witness.ErrInconsistent) && old > 0:
			return witness.Cosignature{}, &contradiction{fmt.Sprintf("it cosigned another history of %q: this one does not go on from its %d leaves", b.Tree, old)}
		case size < 0:
			return witness.Cosignature{}, err
		case size > b.Size:
			return witness.Cosignature{}, c.ahead(ctx, b, size)
		case size == old && size == b.Size:
			return witness.Cosignature{}, &contradiction{fmt.Sprintf("it cosigned another history of %q, which has %d leaves, too", b.Tree, size)}
		case size == old:
			return witness.Cosignature{}, err
		}
		w.seen = size
	}
	return witness.Cosignature{}, errRestless
}

// ahead is the error of a witness that has cosigned more leaves than a batch ends with.
func (c *Cosigning) ahead(ctx context.Context, b evidence.Batch, size int64) error {
	ctx, cancel := deadline.With(ctx, c.Clock, room.StoreTimeout)
	defer cancel()
	_, err := c.Ledger.Batch(ctx, b.Number+1)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return &contradiction{fmt.Sprintf("it cosigned %d leaves of %q, and this log has %d: what came behind them was removed, or goes on in another store", size, b.Tree, b.Size)}
	case err != nil:
		return err
	}
	return errMoved
}

// add asks once. size is that of a conflict, and else -1.
func (a *asked) add(ctx context.Context, r witness.Request) (lines string, size int64, err error) {
	type answer struct {
		lines string
		size  int64
	}
	said := make(chan answer, 1) // it may come when nobody waits any more
	err = a.caller.Call(ctx, func(ctx context.Context) error {
		lines, err := a.Adder.Add(ctx, r)
		got := answer{lines, -1}
		if conflict, ok := spawn.As[*witness.ConflictError](err); ok {
			got.size = conflict.Size
		}
		said <- got
		return spawn.Plain(err, context.Canceled, context.DeadlineExceeded, witness.ErrInconsistent)
	})
	select {
	case got := <-said:
		return got.lines, got.size, err
	default:
		return "", -1, err
	}
}

// proof is that a batch's tree goes on from the one of old leaves.
func (c *Cosigning) proof(ctx context.Context, b evidence.Batch, old int64) ([]tlog.Hash, error) {
	ctx, cancel := deadline.With(ctx, c.Clock, proofTime)
	defer cancel()
	return logbook.Consistency(ctx, c.Ledger, b.Number, old)
}

// cosignature is that by a key among lines; nil where there is none.
func cosignature(b evidence.Batch, lines []string, key witness.Key) *witness.Cosignature {
	found, _ := witness.Cosignatures(b.Checkpoint, strings.Join(lines, "\n"), key) // a wrong one counts for nothing
	if len(found) == 0 {
		return nil
	}
	return &found[0]
}

// keep stores a cosignature beside its batch.
func (c *Cosigning) keep(ctx context.Context, lead leading.Lead, b evidence.Batch, line string) error {
	for try := 1; ; try++ {
		err := c.write(ctx, lead, b, line)
		if !errors.Is(err, store.ErrConflict) || try == maxAsks {
			return err
		}
	}
}

func (c *Cosigning) write(ctx context.Context, lead leading.Lead, b evidence.Batch, line string) error {
	ctx, cancel := deadline.With(ctx, c.Clock, 2*room.StoreTimeout)
	defer cancel()
	op, changed, err := logbook.Cosigned(ctx, c.Ledger, b.Number, line)
	if err != nil || !changed {
		return err
	}
	return lead.Commit(ctx, op)
}
