package ledger

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/store"
)

// numbered is a beat and its number in the chain, 0 for one outside it.
type numbered struct {
	key store.Key
	seq int64
}

// beats prunes heartbeats segment by segment, in the order of the chain. So what
// is left is always one end of it, wherever a prune is broken off: beats whose
// hashes lead to the seal of their segment.
func (p *pruner) beats(ctx context.Context, before time.Time) error {
	for day := (time.Time{}); ; {
		at, ok, err := p.next(ctx, day, before)
		if err != nil || !ok {
			return err
		}
		w := longrun.DayOf(at)
		sealed, err := p.segment(ctx, &w, before)
		if err != nil {
			return err
		}
		if err := p.segmentBeats(ctx, w, sealed); err != nil || p.kept != "" {
			return err
		}
		day = w.To
	}
}

// segment lengthens a day to the first one whose rollup has a seal, and returns
// that rollup. Where none has before the end, the segment goes on, and there is
// nothing to return; so too before a day that has no sound rollup, which is said.
func (p *pruner) segment(ctx context.Context, w *longrun.Window, end time.Time) (*Entry[longrun.Rollup], error) {
	for day := w.From; day.Before(end); day = day.AddDate(0, 0, 1) {
		r, sound, err := p.rollup(ctx, day)
		if err != nil || !sound {
			w.To = day
			return nil, err
		}
		w.To = longrun.DayOf(day).To
		if r.Value.Seal != nil {
			return &r, nil
		}
	}
	return nil, nil
}

// segmentBeats removes the beats of a window that belong to the segment that was
// sealed with its last day or to one before, and those outside the chain; of
// earlier ones those that waited for it.
func (p *pruner) segmentBeats(ctx context.Context, w longrun.Window, sealed *Entry[longrun.Rollup]) error {
	var last int64
	if sealed != nil {
		last = sealed.Value.Seal.LastSeq
	} else if seal, err := p.l.LastSeal(ctx, w.From); err != nil {
		return err
	} else if seal != nil {
		last = seal.LastSeq
	}
	var gone []numbered
	p.left = slices.DeleteFunc(p.left, func(b numbered) bool {
		if b.seq > last {
			return false
		}
		gone = append(gone, b)
		return true
	})
	for e, err := range p.l.Heartbeats(ctx, Page{From: w.From, To: w.To}) {
		if isDocument(err) {
			continue
		}
		if err != nil {
			return err
		}
		switch b := (numbered{e.Key, e.Value.ChainSeq}); {
		case b.seq <= last:
			gone = append(gone, b)
		case sealed != nil: // it came late, or was made when a clock was wrong
			p.left = append(p.left, b)
		}
	}
	slices.SortFunc(gone, func(a, b numbered) int { return cmp.Compare(a.seq, b.seq) })
	for batch := range slices.Chunk(gone, PruneBatch) {
		var mark []store.Op
		if sealed != nil && sealed.Value.PrunedAt == nil {
			at := p.now.UTC()
			sealed.Value.PrunedAt = &at
			mark = append(mark, store.Update(sealed.Key, sealed.Value, sealed.Version))
		}
		keys := make([]store.Key, len(batch))
		for i, b := range batch {
			keys[i] = b.key
		}
		if err := p.remove(ctx, keys, mark...); err != nil {
			return err
		}
	}
	return nil
}
