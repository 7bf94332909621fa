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
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/store"
)

const (
	// atOnce is how many days of a collection are announced together.
	atOnce = 8
	// maxUnsound is how many days of a collection may be in the way before the rest
	// waits for them: each was read in vain.
	maxUnsound = 8
)

// evidenceOf is one collection of evidence, and how far it is pruned.
type evidenceOf struct {
	c       ledger.Collection
	before  time.Time
	from    time.Time // the first day that was not looked at
	done    bool
	unsound int // days in the way
}

// due is a day of a collection whose documents may go.
type due struct {
	c    ledger.Collection
	keys []store.Key
}

// evidence prunes what is logged: some days of each collection are announced in one
// batch, then they are deleted, and so on.
func (p *pruner) evidence(ctx context.Context, all []*evidenceOf) error {
	for {
		var gone []due
		marks := map[string]*logbook.Rollup{}
		for _, e := range all {
			for n := 0; n < atOnce && !e.done; n++ {
				d, err := p.day(ctx, e, marks)
				if err != nil {
					return fmt.Errorf("ledger: prune %s: %w", e.c, err)
				}
				if len(d.keys) > 0 {
					gone = append(gone, d)
				}
			}
		}
		more := slices.ContainsFunc(all, func(e *evidenceOf) bool { return !e.done })
		if len(gone) == 0 && len(marks) == 0 && !more {
			return nil
		}
		if err := p.announce(ctx, marks); err != nil {
			return fmt.Errorf("ledger: prune: %w", err)
		}
		for _, d := range gone {
			if err := p.remove(ctx, d.c, d.keys); err != nil {
				return fmt.Errorf("ledger: prune %s: %w", d.c, err)
			}
		}
	}
}

// announce stores the marks, before the first delete.
func (p *pruner) announce(ctx context.Context, marks map[string]*logbook.Rollup) error {
	if len(marks) == 0 {
		return nil
	}
	rollups := make([]logbook.Rollup, 0, len(marks))
	for _, date := range slices.Sorted(maps.Keys(marks)) {
		rollups = append(rollups, *marks[date])
	}
	return p.w.Mark(ctx, rollups)
}

// day looks at the next day that has documents which are old enough, and returns
// those that may go now that the marks are there.
func (p *pruner) day(ctx context.Context, e *evidenceOf, marks map[string]*logbook.Rollup) (due, error) {
	at, ok, err := p.next(ctx, e.c, e.from, e.before)
	if err != nil || !ok {
		e.done = true
		return due{}, err
	}
	w := longrun.DayOf(at)
	e.from = w.To
	if e.done = !e.from.Before(e.before); e.done {
		e.from = e.before
	}
	r, sound, err := p.rollup(ctx, e, w.From)
	if err != nil || !sound {
		return due{}, err
	}
	logged, err := p.w.Logged(ctx, r)
	if err != nil {
		return due{}, err
	}
	if !logged.Trusted {
		p.keep(e, w.From, "the rollup of the day "+longrun.RollupID(w.From)+" is not the one that was logged")
		return due{}, nil
	}
	keys, missing, err := p.old(ctx, e.c, w, r.Value, logged)
	if err != nil {
		return due{}, err
	}
	if missing > 0 {
		p.keep(e, w.From, fmt.Sprintf("%d documents of the day %s are not logged yet", missing, longrun.RollupID(w.From)))
	}
	_, marked := r.Value.PrunedAt[string(e.c)]
	if len(keys) == 0 || missing > 0 && !marked {
		return due{}, nil
	}
	if !marked {
		p.mark(e.c, r, marks)
	}
	return due{e.c, keys}, nil
}

// keep notes why a day is not pruned, the first of them in words.
func (p *pruner) keep(of *evidenceOf, day time.Time, why string) {
	if p.out.Kept[of.c] == "" {
		p.out.Kept[of.c] = why
	}
	p.out.Unsound = append(p.out.Unsound, day)
	if of.unsound++; of.unsound >= maxUnsound {
		of.done = true
	}
}

// mark adds the mark of a collection to those that are to be stored.
func (p *pruner) mark(c ledger.Collection, e ledger.Entry[longrun.Rollup], marks map[string]*logbook.Rollup) {
	m := marks[e.Value.Date]
	if m == nil {
		m = &logbook.Rollup{Rollup: e.Value, Version: e.Version}
		m.Revision++
		m.PrunedAt = maps.Clone(m.PrunedAt)
		if m.PrunedAt == nil {
			m.PrunedAt = map[string]time.Time{}
		}
		marks[e.Value.Date] = m
	}
	m.PrunedAt[string(c)] = p.now.UTC()
}

// old returns what may go of a day, and how many documents of it are not logged.
func (p *pruner) old(ctx context.Context, c ledger.Collection, w longrun.Window, r longrun.Rollup, logged ledger.Logged) ([]store.Key, int, error) {
	page := ledger.Page{From: w.From, To: w.To}
	switch c {
	case ledger.Heartbeats:
		return loggedOf(ctx, p, c, evidence.Beat, page, logged, func(longrun.Heartbeat) bool { return true })
	case ledger.Probes:
		return loggedOf(ctx, p, c, evidence.Probe, page, logged, func(longrun.Probe) bool { return true })
	default:
		// How one ended that was open when its day was rolled up, only its document
		// says.
		known := ledger.NewKnownIncidents(r)
		return loggedOf(ctx, p, c, evidence.Incident, page, logged, func(i longrun.Incident) bool { return !i.Open() && !known.Lack(i) })
	}
}

func loggedOf[T any](ctx context.Context, p *pruner, c ledger.Collection, kind evidence.Kind, page ledger.Page, logged ledger.Logged, old func(T) bool) (keys []store.Key, missing int, err error) {
	for e, err := range ledger.List[T](ctx, p.l, c, page) {
		switch {
		case isDocument(err):
		case err != nil:
			return nil, 0, err
		case !old(e.Value):
		case logged.Has[ledger.LoggedID{Kind: kind, ID: e.Key.ID}]:
			keys = append(keys, e.Key)
		default:
			missing++
		}
	}
	return keys, missing, nil
}

// rollup reads the rollup of a day. Where there is none that is sound, the
// documents of the day are kept.
func (p *pruner) rollup(ctx context.Context, of *evidenceOf, day time.Time) (e ledger.Entry[longrun.Rollup], sound bool, err error) {
	e, err = p.l.Rollup(ctx, day)
	if err != nil && !errors.Is(err, store.ErrNotFound) && !isDocument(err) {
		return e, false, err
	}
	// One made at a time that is to come was made by a clock that was ahead.
	if err != nil || coverage.Check(e.Value) != nil || e.Value.ComputedAt.After(p.now) {
		p.keep(of, day, "the day "+longrun.RollupID(day)+" has no sound rollup")
		return e, false, nil //nolint:nilerr // that it is not there is the answer
	}
	return e, true, nil
}

// next returns the time of the oldest document from from on and before to.
func (p *pruner) next(ctx context.Context, c ledger.Collection, from, to time.Time) (time.Time, bool, error) {
	for rec, err := range p.l.Records(ctx, c, ledger.Page{From: from, To: to, Limit: 1}) {
		return rec.At, err == nil, err
	}
	return time.Time{}, false, nil
}
