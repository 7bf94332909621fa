package logged

import (
	"context"
	"errors"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
	"github.com/seed-13dc028d/longwatch/store"
)

// asked is a witness that can be reached.
type asked struct {
	key   witness.Key
	adder witness.Adder
}

// Look asks a witness how far it has seen the newest tree, and holds that against the
// batches. It asks with checkpoints of that very size alone: such a request moves
// nothing. The error is the store's.
func (b *Book) Look(ctx context.Context, key witness.Key, adder witness.Adder) error {
	name, newest := key.Name(), b.Newest()
	if newest == nil {
		return nil
	}
	w := asked{key, adder}
	lines, size, err := w.seen(ctx, newest)
	if err == nil {
		b.agrees(w, newest, lines)
		return nil
	}
	c := b.Ending(newest.Tree, size)
	switch {
	case size < 0:
		b.find.Doubt("", "the witness %s could not be asked what it has seen of %q: %s", name, newest.Tree, spawn.Text(err))
	case size == 0:
		b.find.Doubt(newest.Path, "the witness %s has seen nothing of %q yet", name, newest.Tree)
	case size == newest.Size:
		b.find.Fault(newest.Path, "contradicts the witness %s: it cosigned another history of %q, which has %d leaves, too", name, newest.Tree, size)
	case size > newest.Size:
		// The log may have gone on while it was read.
		if _, err := b.ledger.Batch(ctx, newest.Number+1); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		b.find.Fault(newest.Path, "is the last batch of %q, with %d leaves, and the witness %s cosigned %d: what came behind it was removed", newest.Tree, newest.Size, name, size)
	case c == nil:
		b.find.Fault(newest.Path, "contradicts the witness %s: no batch ends with leaf %d of %q, and it cosigned that many", name, size, newest.Tree)
	default:
		lines, again, err := w.seen(ctx, c)
		switch {
		case err == nil:
			b.agrees(w, c, lines)
		case again == size:
			b.find.Fault(c.Path, "contradicts the witness %s: it cosigned another history of %q, which has %d leaves, too", name, newest.Tree, size)
		default: // it moved meanwhile
			b.find.Doubt("", "the witness %s could not be asked what it has seen of %q: %s", name, newest.Tree, spawn.Text(err))
		}
	}
	return nil
}

// agrees takes in that a witness has seen the tree up to a batch.
func (b *Book) agrees(w asked, c *Batch, lines string) {
	if found, err := witness.Cosignatures(c.Checkpoint, lines, w.key); err != nil || len(found) == 0 {
		b.find.Doubt("", "the witness %s answered without a cosignature by its key", w.key.Name())
		return
	}
	b.Counts["witnessesAgree"]++
}

// seen asks for a cosignature of a checkpoint that the witness has seen, if it has. size
// is what it has seen where that is not this, and else -1.
func (w asked) seen(ctx context.Context, c *Batch) (lines string, size int64, err error) {
	size = -1
	err = spawn.Guard("the witness "+w.key.Name(), func() error {
		lines, err = w.adder.Add(ctx, witness.Request{Old: c.Size, Checkpoint: c.Checkpoint})
		if conflict, ok := spawn.As[*witness.ConflictError](err); ok {
			size = conflict.Size
		}
		if errors.Is(err, witness.ErrInconsistent) { // as some say of the same size and another hash
			size = c.Size
		}
		return err
	})
	return lines, size, err
}
