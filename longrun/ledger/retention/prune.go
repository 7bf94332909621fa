package retention

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// Batch is how many documents Prune hands over at once, half of what one
// commit may hold.
const Batch = 200

// Pruned is what Prune found to delete.
type Pruned struct {
	// Counts are the documents of each collection that were handed over.
	Counts map[ledger.Collection]int64
	// Kept says of a collection why it was not pruned as far as it might be, and
	// Unsound are the days for want of whose rollups that is.
	Kept    map[ledger.Collection]string
	Unsound []time.Time
}

// Prune hands over what the settings' RetentionDays no longer keep at now, oldest
// first, as the deletes of at most Batch documents at once; apply commits
// them, or does nothing where they are only counted. It may be broken off
// anywhere and begun again.
//
// No day loses its beats, probes or incidents before it has a sound rollup, and
// beats go by whole segments of the chain, in its order: those that a later seal
// covers wait for that one. With the first deletes of a day comes a write of its
// rollup, which is from then on marked with PrunedAt: what is missing without
// such a mark was not pruned.
//
// Whatever its age, Prune keeps what is in use: an incident that is open, or whose
// end its day's rollup does not know, a run that has not ended, a silence that
// lasts; and what does not decode, which somebody should look at. A message goes
// whatever became of it, once it was decided and due so long ago: nothing of that
// age is told any more.
func Prune(ctx context.Context, l *ledger.Ledger, s longrun.Settings, now time.Time, apply func(context.Context, []store.Op) error) (Pruned, error) {
	out := Pruned{Counts: map[ledger.Collection]int64{}, Kept: map[ledger.Collection]string{}}
	for _, c := range []ledger.Collection{ledger.Heartbeats, ledger.Probes, ledger.Incidents, ledger.Runs, ledger.Outbox, ledger.Silences} {
		days, ok := s.RetentionDays[string(c)]
		if !ok {
			continue
		}
		before := longrun.DayOf(now).From.AddDate(0, 0, -int(days))
		p := &pruner{l: l, c: c, now: now, apply: apply}
		err := p.run(ctx, before)
		out.Counts[c] = p.count
		if p.kept != "" {
			out.Kept[c] = p.kept
			out.Unsound = append(out.Unsound, p.unsound)
		}
		if err != nil {
			return out, fmt.Errorf("ledger: prune %s: %w", c, err)
		}
	}
	return out, nil
}

// pruner prunes one collection.
type pruner struct {
	l     *ledger.Ledger
	c     ledger.Collection
	now   time.Time
	apply func(context.Context, []store.Op) error
	count int64
	kept  string // why, if it is
	// unsound is the day that has no sound rollup, if one is in the way.
	unsound time.Time
	left    []numbered // late beats that a later seal covers
}

// untoldFor is for how long a message is kept that could not be delivered, after
// the end of what it tells of. The outbox gives it up then, too.
const untoldFor = 30 * 24 * time.Hour

// spent reports whether nobody needs a message of before any more. One that waits
// counts from when it was decided, as it is due again and again. One that could not
// be delivered is kept while what it tells of goes on; of one that says nothing of
// it, as in older versions, that is not known.
func (p *pruner) spent(n longrun.Notice, before time.Time) bool {
	switch {
	case n.State == longrun.Waiting:
		return n.Created.Before(before)
	case n.State != longrun.Undelivered:
		return true
	case n.Until != nil:
		return p.now.Sub(*n.Until) > untoldFor
	}
	return n.UndeliveredSince == nil && p.now.Sub(n.TS) > untoldFor
}

// run prunes what is older than before.
func (p *pruner) run(ctx context.Context, before time.Time) error {
	switch p.c {
	case ledger.Runs:
		return pruneAll(ctx, p, ledger.Page{To: before}, func(r longrun.Run) bool { return r.End != nil && r.End.Before(before) })
	case ledger.Outbox:
		return pruneAll(ctx, p, ledger.Page{To: before}, func(n longrun.Notice) bool { return p.spent(n, before) })
	case ledger.Silences:
		return pruneAll(ctx, p, ledger.Page{To: before}, func(s longrun.Silence) bool { return s.Until.Before(before) })
	case ledger.Heartbeats:
		return p.beats(ctx, before)
	case ledger.Probes, ledger.Incidents, ledger.Config, ledger.Locks, ledger.Rules, ledger.Rollups:
	}
	// Day by day, as far as each has its rollup.
	for day := (time.Time{}); ; {
		at, ok, err := p.next(ctx, day, before)
		if err != nil || !ok {
			return err
		}
		w := longrun.DayOf(at)
		r, sound, err := p.rollup(ctx, w.From)
		if err != nil || !sound {
			return err
		}
		if err := p.day(ctx, w, &r); err != nil {
			return err
		}
		day = w.To
	}
}

// rollup reads the rollup of a day. Where there is none that is sound, the
// documents of the day are kept.
func (p *pruner) rollup(ctx context.Context, day time.Time) (e ledger.Entry[longrun.Rollup], sound bool, err error) {
	e, err = p.l.Rollup(ctx, day)
	if err != nil && !errors.Is(err, store.ErrNotFound) && !isDocument(err) {
		return e, false, err
	}
	// One made at a time that is to come was made by a clock that was ahead.
	if err != nil || coverage.Check(e.Value) != nil || e.Value.ComputedAt.After(p.now) {
		p.unsound = day
		p.kept = "the day " + longrun.RollupID(day) + " has no sound rollup"
		return e, false, nil //nolint:nilerr // that it is not there is the answer
	}
	return e, true, nil
}

// next returns the time of the oldest document from from on and before to.
func (p *pruner) next(ctx context.Context, from, to time.Time) (time.Time, bool, error) {
	for rec, err := range p.l.Records(ctx, p.c, ledger.Page{From: from, To: to, Limit: 1}) {
		return rec.At, err == nil, err
	}
	return time.Time{}, false, nil
}

// mark is the write that marks a day's rollup, unless it is marked.
func (p *pruner) mark(r *ledger.Entry[longrun.Rollup]) []store.Op {
	if _, marked := r.Value.PrunedAt[string(p.c)]; marked {
		return nil
	}
	r.Value.PrunedAt = maps.Clone(r.Value.PrunedAt)
	if r.Value.PrunedAt == nil {
		r.Value.PrunedAt = map[string]time.Time{}
	}
	r.Value.PrunedAt[string(p.c)] = p.now.UTC()
	return []store.Op{store.Update(r.Key, r.Value, r.Version)}
}

// day prunes the probes or the incidents of a day.
func (p *pruner) day(ctx context.Context, w longrun.Window, r *ledger.Entry[longrun.Rollup]) error {
	page := ledger.Page{From: w.From, To: w.To}
	if p.c == ledger.Incidents {
		// How one ended that was open when its day was rolled up, only its document
		// says.
		known := ledger.NewKnownIncidents(r.Value)
		return pruneAll(ctx, p, page, func(i longrun.Incident) bool { return !i.Open() && !known.Lack(i) }, p.mark(r)...)
	}
	return pruneAll(ctx, p, page, func(longrun.Probe) bool { return true }, p.mark(r)...)
}

// remove deletes documents, together with what else is given.
func (p *pruner) remove(ctx context.Context, keys []store.Key, also ...store.Op) error {
	ops := slices.Clone(also)
	for _, key := range keys {
		ops = append(ops, store.Delete(key))
	}
	if err := p.apply(ctx, ops); err != nil {
		return err
	}
	p.count += int64(len(keys))
	return nil
}

// pruneAll removes the documents of a page that are old, batch by batch, the first
// together with what else is given. Its place is a cursor, so that it ends also
// where they are only counted.
func pruneAll[T any](ctx context.Context, p *pruner, page ledger.Page, old func(T) bool, also ...store.Op) error {
	for more := true; more; {
		var keys []store.Key
		more = false
		for e, err := range ledger.List[T](ctx, p.l, p.c, page) {
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
			if more = len(keys) == Batch; more {
				break
			}
		}
		if len(keys) == 0 {
			return nil
		}
		if err := p.remove(ctx, keys, also...); err != nil {
			return err
		}
		also = nil
	}
	return nil
}

// isDocument reports whether an error is about one document alone.
func isDocument(err error) bool {
	_, ok := errors.AsType[*ledger.DocumentError](err)
	return ok
}
