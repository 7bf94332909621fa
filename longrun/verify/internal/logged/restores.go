package logged

import (
	"context"
	"errors"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
)

// restored is a declared restore that is what was logged.
type restored struct {
	evidence.Restore
	path string
	// counts says that it excuses what it says is lost: nobody but the key's holder
	// could log it, or no key was given to tell.
	counts bool
	head   evidence.Head // that is left
	lost   evidence.Head // that was there
}

// Restores reads the declared restores, holds each against its line, and says of each
// what was declared: never is it passed over. keys says that some were given, and [from,
// to) is the window that is asked for.
func (b *Book) Restores(ctx context.Context, keys bool, from, to time.Time) error {
	for e, err := range b.ledger.Restores(ctx, ledger.Page{}) {
		if bad, ok := errors.AsType[*ledger.DocumentError](err); ok {
			b.find.Fault(bad.Path, "is no declared restore: %v", bad.Err)
			b.Seen(evidence.Restored, e.Key.ID)
			continue
		}
		if err != nil {
			return err
		}
		b.restore(e, keys, from, to)
	}
	return nil
}

func (b *Book) restore(e ledger.Entry[evidence.Restore], keys bool, from, to time.Time) {
	r := restored{Restore: e.Value, path: e.Path()}
	logged := b.Check(evidence.Restored, e.Key, evidence.RestoreLine(e.Key.ID, e.Value).Leaf)
	batch := b.restoredBy(e.Key.ID)
	invalid := r.Validate()
	switch {
	case !logged || batch == nil:
		b.find.Fault(r.path, "declares a restore, and is in no batch of the log: it was inserted. It says: %s", r)
		return
	case b.find.Named(r.path):
		return
	case invalid != nil:
		b.find.Fault(r.path, "is no declared restore: %v", invalid)
		return
	case batch.first != r.Size || r.Size > 0 && batch.Tree != r.Tree:
		b.find.Fault(r.path, "declares a restore to %d leaves of %q, and batch %d logged it behind %d of %q", r.Size, r.Tree, batch.Number, batch.first, batch.Tree)
		return
	}
	r.Tree = batch.Tree
	r.head, _ = evidence.ParseHead(r.Head) // which Validate has read
	r.lost, _ = evidence.ParseHead(r.LostHead)
	r.counts = !keys || b.vouched(batch)
	b.restored = append(b.restored, r)
	b.Counts["restores"]++
	outside := !from.IsZero() && !r.TS.After(from) || !to.IsZero() && !r.LastBeat.Before(to)
	switch {
	case !r.counts:
		b.find.Doubt(r.path, "declares a restore, and no key that was given signed it: it excuses nothing. It says: %s", r)
	case outside:
		b.find.Note(r.path, "%s", r)
	default:
		b.find.Doubt(r.path, "%s", r)
	}
}

// restoredBy is the batch that logged a declared restore, nil without one.
func (b *Book) restoredBy(id string) *Batch {
	lines := b.linesOf(evidence.Restored, id)
	if len(lines) == 0 || !lines[0].batch.sound {
		return nil
	}
	return lines[0].batch
}

// vouched reports whether a checkpoint of the batch's tree is signed that covers it.
func (b *Book) vouched(batch *Batch) bool {
	for _, c := range b.Batches {
		if c.sound && c.Signed && c.Tree == batch.Tree && c.Number >= batch.Number {
			return true
		}
	}
	return false
}

// restoredOver reports whether a declared restore went back to days in which a leader still
// looked for what came late of a day that ended at end: it may have looked no more when
// the next leader began.
func (b *Book) restoredOver(end time.Time) bool {
	for _, r := range b.restored {
		if r.counts && end.AddDate(0, 0, settledDays).After(r.LastBeat) && end.Before(r.TS) {
			return true
		}
	}
	return false
}

// lostLeaves reports whether a checkpoint is of what a declared restore says is lost.
func (b *Book) lostLeaves(tree string, c evidence.Checkpoint) bool {
	for _, r := range b.restored {
		if r.counts && r.Tree == tree && r.Size < c.Size && (c.Size < r.LostSize || c.Size == r.LostSize && c.Root.String() == r.LostRoot) {
			return true
		}
	}
	return false
}

// LostBeat reports whether one of the hashes of a number of the chain is of what a declared
// restore says is lost.
func (b *Book) LostBeat(seq int64, hashes []string) bool {
	for _, r := range b.restored {
		if !r.counts || seq <= r.head.ChainSeq {
			continue
		}
		for _, hash := range hashes {
			if seq < r.lost.ChainSeq || seq == r.lost.ChainSeq && hash == r.lost.Hash {
				return true
			}
		}
	}
	return false
}
