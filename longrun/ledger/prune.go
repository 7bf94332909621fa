package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/store"
)

// PruneBatch is how many documents Prune hands over at once, half of what one
// commit may hold.
const PruneBatch = 200

// Pruned is what Prune found to delete.
type Pruned struct {
	// Counts are the documents of each collection that were handed over.
	Counts map[Collection]int64
	// Kept says of a collection why it was not pruned as far as it might be.
	Kept map[Collection]string
}

// Prune hands over what the settings' RetentionDays no longer keep at now, oldest
// first, in batches of at most PruneBatch; remove deletes them, or only counts.
// It may be broken off anywhere and begun again.
//
// No day loses its beats, probes or incidents before it has a sound rollup, and
// beats go in whole segments of the chain: those that a later seal covers wait
// for that one. Whatever its age, Prune keeps what is in use: an open incident, a
// run that has not ended, a message that waits, a silence that lasts; and what
// does not decode, which somebody should look at.
func (l *Ledger) Prune(ctx context.Context, s longrun.Settings, now time.Time, remove func(context.Context, []store.Key) error) (Pruned, error) {
	out := Pruned{Counts: map[Collection]int64{}, Kept: map[Collection]string{}}
	for _, c := range []Collection{Heartbeats, Probes, Incidents, Runs, Outbox, Silences} {
		days, ok := s.RetentionDays[string(c)]
		if !ok {
			continue
		}
		before := longrun.DayOf(now).From.AddDate(0, 0, -int(days))
		p := &pruner{l: l, c: c, now: now, remove: remove}
		err := p.run(ctx, before)
		out.Counts[c] = p.count
		if p.kept != "" {
			out.Kept[c] = p.kept
		}
		if err != nil {
			return out, fmt.Errorf("ledger: prune %s: %w", c, err)
		}
	}
	return out, nil
}

// pruner prunes one collection.
type pruner struct {
	l      *Ledger
	c      Collection
	now    time.Time
	remove func(context.Context, []store.Key) error
	count  int64
	kept   string
	left   []left // late beats that a later seal covers
}

// left is a beat that was passed over, since its segment goes on.
type left struct {
	key store.Key
	seq int64
}

// run prunes what is older than before.
func (p *pruner) run(ctx context.Context, before time.Time) error {
	switch p.c {
	case Runs:
		return pruneAll(ctx, p, Page{To: before}, func(r longrun.Run) bool { return r.End != nil && r.End.Before(before) })
	case Outbox:
		return pruneAll(ctx, p, Page{To: before}, func(n longrun.Notice) bool { return n.State != longrun.Waiting })
	case Silences:
		return pruneAll(ctx, p, Page{To: before}, func(s longrun.Silence) bool { return s.Until.Before(before) })
	case Heartbeats, Probes, Incidents, Config, Locks, Rules, Rollups:
	}
	// Day by day, as far as each has its rollup.
	for day := (time.Time{}); ; {
		at, ok, err := p.next(ctx, day, before)
		if err != nil || !ok {
			return err
		}
		w := longrun.DayOf(at)
		r, err := p.l.Rollup(ctx, w.From)
		sound := err == nil && r.Value.Check() == nil
		if err != nil && !errors.Is(err, store.ErrNotFound) && !isDocument(err) {
			return err
		}
		if !sound {
			p.kept = "the day " + longrun.RollupID(w.From) + " has no sound rollup"
			return nil
		}
		if err := p.day(ctx, w, r.Value); err != nil {
			return err
		}
		day = w.To
	}
}

// next returns the time of the oldest document from from on and before to.
func (p *pruner) next(ctx context.Context, from, to time.Time) (time.Time, bool, error) {
	for rec, err := range p.l.store.Scan(ctx, store.Query{Collection: p.l.Path(p.c), From: from, To: to, Limit: 1}) {
		return rec.At, err == nil, err
	}
	return time.Time{}, false, nil
}

func (p *pruner) day(ctx context.Context, w longrun.Window, r longrun.Rollup) error {
	switch p.c {
	case Probes:
		return pruneAll(ctx, p, Page{From: w.From, To: w.To}, func(longrun.Probe) bool { return true })
	case Incidents:
		// One that was open when its day was rolled up is read from its document.
		return pruneAll(ctx, p, Page{From: w.From, To: w.To}, func(i longrun.Incident) bool { return !i.Open() })
	case Heartbeats, Config, Locks, Runs, Rules, Silences, Outbox, Rollups:
	}
	seal := r.Seal
	if seal == nil {
		var err error
		if seal, err = p.l.LastSeal(ctx, w.From); err != nil {
			return err
		}
	}
	sealed := func(seq int64) bool { return seq == 0 || seal != nil && seq <= seal.LastSeq }
	if err := p.again(ctx, sealed); err != nil {
		return err
	}
	return pruneAll(ctx, p, Page{From: w.From, To: w.To}, func(h longrun.Heartbeat) bool {
		if sealed(h.ChainSeq) {
			return true
		}
		p.left = append(p.left, left{p.l.Key(Heartbeats, h.BucketID), h.ChainSeq})
		return false
	})
}

// again removes beats of earlier days that were passed over, and lie in a segment
// that is sealed now.
func (p *pruner) again(ctx context.Context, sealed func(seq int64) bool) error {
	var keys []store.Key
	p.left = slices.DeleteFunc(p.left, func(l left) bool {
		if sealed(l.seq) && len(keys) < PruneBatch {
			keys = append(keys, l.key)
			return true
		}
		return false
	})
	if len(keys) == 0 {
		return nil
	}
	if err := p.remove(ctx, keys); err != nil {
		return err
	}
	p.count += int64(len(keys))
	return p.again(ctx, sealed)
}

// pruneAll removes the documents of a page that are old, batch by batch. Its
// place is a cursor, so that it ends also where remove only counts.
func pruneAll[T any](ctx context.Context, p *pruner, page Page, old func(T) bool) error {
	for more := true; more; {
		var keys []store.Key
		more = false
		for e, err := range List[T](ctx, p.l, p.c, page) {
			if isDocument(err) {
				continue
			}
			if err != nil {
				return err
			}
			if !old(e.Value) {
				continue
			}
			keys, page.After = append(keys, e.Key), e.Cursor()
			if more = len(keys) == PruneBatch; more {
				break
			}
		}
		if len(keys) == 0 {
			return nil
		}
		if err := p.remove(ctx, keys); err != nil {
			return err
		}
		p.count += int64(len(keys))
	}
	return nil
}
