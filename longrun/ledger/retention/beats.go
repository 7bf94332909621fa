package retention

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// numbered is a beat, its day and its number in the chain, 0 for one outside it.
type numbered struct {
	key store.Key
	day time.Time
	seq int64
}

// segment are days of which the last one's rollup has the seal of the chain up to
// there, or of which none has.
type segment struct {
	longrun.Window
	rollups []ledger.Entry[longrun.Rollup]
	seal    *longrun.Seal
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
		s, err := p.segment(ctx, longrun.DayOf(at), before)
		if err != nil {
			return err
		}
		if err := p.segmentBeats(ctx, s); err != nil || p.kept != "" {
			return err
		}
		day = s.To
	}
}

// segment lengthens a day to the first one whose rollup has a seal, and no further
// than to the end, or to a day that has no sound rollup, which is said.
func (p *pruner) segment(ctx context.Context, first longrun.Window, end time.Time) (segment, error) {
	s := segment{Window: longrun.Window{From: first.From, To: first.From}}
	for s.seal == nil && s.To.Before(end) {
		r, sound, err := p.rollup(ctx, s.To)
		if err != nil || !sound {
			return s, err
		}
		s.rollups, s.seal = append(s.rollups, r), r.Value.Seal
		s.To = longrun.DayOf(s.To).To
	}
	return s, nil
}

// segmentBeats removes the beats of a segment's days that it covers, or an
// earlier one does, and those outside the chain; of earlier days those that
// waited for it.
func (p *pruner) segmentBeats(ctx context.Context, s segment) error {
	covering := s.seal
	if covering == nil {
		var err error
		if covering, err = p.l.LastSeal(ctx, s.From); err != nil {
			return err
		}
	}
	var last int64
	if covering != nil {
		last = covering.LastSeq
	}
	var gone []numbered
	p.left = slices.DeleteFunc(p.left, func(b numbered) bool {
		if b.seq > last {
			return false
		}
		gone = append(gone, b)
		return true
	})
	for e, err := range p.l.Heartbeats(ctx, ledger.Page{From: s.From, To: s.To}) {
		if isDocument(err) {
			continue
		}
		if err != nil {
			return err
		}
		switch b := (numbered{e.Key, longrun.DayOf(e.At).From, e.Value.ChainSeq}); {
		case b.seq <= last:
			gone = append(gone, b)
		case s.seal != nil: // it came late, or was made when a clock was wrong
			p.left = append(p.left, b)
		}
	}
	slices.SortFunc(gone, func(a, b numbered) int { return cmp.Compare(a.seq, b.seq) })
	marks := p.marks(s, gone)
	for ; len(marks) > Batch; marks = marks[Batch:] {
		if err := p.remove(ctx, nil, marks[:Batch]...); err != nil {
			return err
		}
	}
	for batch := range slices.Chunk(gone, Batch) {
		keys := make([]store.Key, len(batch))
		for i, b := range batch {
			keys[i] = b.key
		}
		if err := p.remove(ctx, keys, marks...); err != nil {
			return err
		}
		marks = nil
	}
	return nil
}

// marks are those of the days that lose a beat, and of the one with the seal,
// which stands for the segment.
func (p *pruner) marks(s segment, gone []numbered) (marks []store.Op) {
	days := map[time.Time]bool{}
	for _, b := range gone {
		days[b.day] = true
	}
	for i := range s.rollups {
		r := &s.rollups[i]
		if days[r.Value.TS] || s.seal != nil && len(gone) > 0 && i == len(s.rollups)-1 {
			marks = append(marks, p.mark(r)...)
		}
	}
	return marks
}
