package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/verify/internal/logged"
)

// ErrNothingLost says that no anchor tells of more than is stored.
var ErrNothingLost = errors.New("verify: the anchors tell of nothing that is not stored: nothing is known to be lost")

// Lost returns what is to be declared after a backup was restored, by the anchors that were
// kept elsewhere: what is left, and the newest that was there. Who declares it, when and
// why is for the caller to say. It is of use before anything else is written: what an
// instance adds afterwards looks like a part of what is left. The errors are
// ErrNothingLost, and the store's.
func Lost(ctx context.Context, l *ledger.Ledger, anchors []string) (evidence.Restore, error) {
	k, err := readLock(ctx, l)
	if err != nil {
		return evidence.Restore{}, err
	}
	if err := errors.Join(k.bad, k.note); err != nil {
		return evidence.Restore{}, fmt.Errorf("verify: %s: %w", k.path, err)
	}
	batch, err := l.NewestBatch(ctx)
	if err != nil {
		return evidence.Restore{}, err
	}
	r := evidence.Restore{Tree: batch.Value.Tree, Size: batch.Value.Size, Head: k.head.String()}
	if r.Tree == "" {
		r.Tree = evidence.Origin(l.Root())
	}
	beat, ok, err := ledger.First[longrun.Heartbeat](ctx, l, ledger.Heartbeats, ledger.Page{Desc: true, Limit: 5})
	if err != nil {
		return r, err
	}
	if ok {
		r.LastBeat = beat.At
	}
	before, err := declared(ctx, l)
	if err != nil {
		return r, err
	}
	// What an earlier restore lost already says nothing of this one, unless nothing else does.
	for _, known := range []restores{before, nil} {
		if r.Leaves() == 0 && r.Beats() == 0 {
			newest(&r, logged.Anchors(strings.Join(anchors, "\n")), k.head.ChainSeq, known)
		}
	}
	if r.Leaves() == 0 && r.Beats() == 0 {
		return r, ErrNothingLost
	}
	return r, nil
}

// newest notes the newest checkpoint and the newest head of the anchors, behind what is
// left, that known does not tell of.
func newest(r *evidence.Restore, anchors []logged.Anchor, last int64, known restores) {
	for _, a := range anchors {
		if c := a.Checkpoint; strings.HasSuffix(c.Origin, r.Tree) && c.Size > max(r.Size, r.LostSize) && !known.leaves(c) {
			r.LostSize, r.LostRoot = c.Size, c.Root.String()
		}
		if a.Head.ChainSeq > last && !known.beat(a.Head) {
			last, r.LostHead = a.Head.ChainSeq, a.Head.String()
		}
	}
}

// restores are those that were declared before.
type restores []evidence.Restore

func declared(ctx context.Context, l *ledger.Ledger) (all restores, err error) {
	for e, err := range l.Restores(ctx, ledger.Page{}) {
		if _, mangled := errors.AsType[*ledger.DocumentError](err); mangled {
			continue // which verification names
		}
		if err != nil {
			return nil, err
		}
		all = append(all, e.Value)
	}
	return all, nil
}

// leaves reports whether a checkpoint is of what was lost already. A log that went back
// twice may have ended twice with as many leaves, and not the same.
func (rs restores) leaves(c evidence.Checkpoint) bool {
	return slices.ContainsFunc(rs, func(r evidence.Restore) bool {
		return r.Size < c.Size && (c.Size < r.LostSize || c.Size == r.LostSize && c.Root.String() == r.LostRoot)
	})
}

// beat is leaves for the head of the chain.
func (rs restores) beat(h evidence.Head) bool {
	return slices.ContainsFunc(rs, func(r evidence.Restore) bool {
		left, _ := evidence.ParseHead(r.Head) // none of what cannot be read
		lost, _ := evidence.ParseHead(r.LostHead)
		return left.ChainSeq < h.ChainSeq && (h.ChainSeq < lost.ChainSeq || h == lost)
	})
}
