package logged

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
)

// rollups are what those that were logged say.
type rollups struct {
	days    map[string]day
	batches map[int64][]string // the days that a batch has documents of
	newest  time.Time          // the last day whose documents were logged
}

type day struct {
	prunedAt map[string]time.Time
	closed   bool // its documents were logged when it was closed
}

// pruned reports whether a rollup says that documents of a collection were pruned: of
// a day or, where that is not known, of one that the batch has documents of.
func (r *rollups) pruned(of time.Time, c ledger.Collection, batch int64) bool {
	says := func(date string) bool {
		_, ok := r.days[date].prunedAt[string(c)]
		return ok
	}
	if !of.IsZero() {
		return says(longrun.RollupID(of))
	}
	return slices.ContainsFunc(r.batches[batch], says)
}

// Rollups holds each rollup against its newest line. number is that of the newest
// batch by the lock after all was read: what a later batch than those read has is
// not judged.
func (b *Book) Rollups(ctx context.Context, number int64) error {
	b.rolls = rollups{days: map[string]day{}, batches: map[int64][]string{}}
	newest := b.Newest()
	for e, err := range b.ledger.Rollups(ctx, ledger.Page{}) {
		if bad, ok := errors.AsType[*ledger.DocumentError](err); ok {
			if !b.find.Named(bad.Path) {
				b.find.Fault(bad.Path, "is no rollup: %v", bad.Err)
			}
			b.Seen(evidence.Rollup, e.Key.ID)
			continue
		}
		if err != nil {
			return err
		}
		r := e.Value
		lines := b.linesOf(evidence.Rollup, e.Key.ID)
		for _, l := range lines {
			l.batch.seen[l.n] = true
		}
		if r.Batch > newest.Number && r.Batch <= number {
			continue // it was closed while this was read
		}
		if b.rollup(e, lines) {
			b.rolls.take(e.Key.ID, r)
		}
	}
	for last := range b.newestRollups() {
		if !last.batch.seen[last.n] {
			b.find.Fault(b.path(ledger.Rollups, last.id), "is missing: batch %d logged it", last.batch.Number)
		}
	}
	return nil
}

// newestRollups are the newest lines of all rollups.
func (b *Book) newestRollups() iter.Seq[line] {
	return func(yield func(line) bool) {
		x := b.page("rollups").kinds[evidence.Rollup]
		for i := 0; x != nil && i < len(x.lines); i++ {
			if i+1 < len(x.lines) && x.lines[i+1].id == x.lines[i].id {
				continue
			}
			if !yield(x.lines[i]) {
				return
			}
		}
	}
}

func (r *rollups) take(id string, v longrun.Rollup) {
	r.days[id] = day{prunedAt: v.PrunedAt, closed: v.Batch > 0}
	for _, n := range v.Batches {
		r.batches[n] = append(r.batches[n], id)
	}
	if at, err := longrun.ParseRollupID(id); err == nil && v.Batch > 0 && at.After(r.newest) {
		r.newest = at
	}
}

// rollup judges one, and reports whether it is what was logged.
func (b *Book) rollup(e ledger.Entry[longrun.Rollup], lines []line) bool {
	path := e.Path()
	if len(lines) == 0 {
		b.find.Fault(path, "is in no batch of the log: it was inserted, or its batch was changed")
		return false
	}
	leaf := evidence.Leaf(evidence.RollupEntry(e.Value))
	last := lines[len(lines)-1]
	newest := last.batch.line(last.n)
	if newest.Leaf == leaf {
		b.Counts["rollups"]++
		return true
	}
	for _, l := range lines {
		if old := l.batch.line(l.n); old.Leaf == leaf {
			b.find.Fault(path, "was set back to revision %d, of batch %d: batch %d logged revision %d", old.Number, l.batch.Number, last.batch.Number, newest.Number)
			return false
		}
	}
	b.find.Fault(path, "was edited: it is not revision %d, which batch %d logged", newest.Number, last.batch.Number)
	return false
}

// NewestDay is the last day whose documents were logged when it was closed; zero
// without one.
func (b *Book) NewestDay() time.Time { return b.rolls.newest }

// Closed reports whether each day of the window [from, to) was closed, and has the rollup
// that was logged then: what is not there of them was not written, or was pruned. Of a
// window without an end it is false.
func (b *Book) Closed(from, to time.Time) bool {
	if from.IsZero() || to.IsZero() || !from.Before(to) {
		return false
	}
	for d := longrun.DayOf(from); d.From.Before(to); d = longrun.DayOf(d.To) {
		if !b.rolls.days[longrun.RollupID(d.From)].closed {
			return false
		}
	}
	return true
}

const (
	// settledDays is how many days later a day must have been closed before what it
	// lacks was inserted: until then a leader looks for what came late.
	settledDays = 8
	// lateGrace is how long after its day a document may wait for a leader that
	// closes it.
	lateGrace = 2*24*time.Hour + 6*time.Hour
)

// Unlogged judges a probe or an incident that has no line. at tells its day, and over
// since when it could be logged, as an incident is when it is over. now is the verifier's
// clock; zero judges no age.
func (b *Book) Unlogged(path string, at, over, now time.Time) {
	d, end := longrun.DayOf(at), longrun.DayOf(over)
	if end.From.Before(d.From) {
		end = d
	}
	settled := func(d longrun.Window) bool { return !b.rolls.newest.Before(d.From.AddDate(0, 0, settledDays)) }
	closed := b.rolls.days[longrun.RollupID(at)].closed
	switch {
	case b.find.Named(path):
	case closed && b.restoredOver(d.To):
		b.find.Doubt(path, "is in no batch of the log, and was there when a backup was restored that had not logged it, or was inserted")
	case closed && settled(end) && over.Sub(at) > evidence.LongIncident:
		b.find.Doubt(path, "is in no batch of the log, though its day was closed long ago: a leader died when it was over, after %d days, or it was inserted", int(over.Sub(at).Hours()/24))
	case closed && settled(end):
		b.find.Fault(path, "is in no batch of the log, though its day was closed long ago: it was inserted")
	case !closed && settled(d):
		b.find.Doubt(path, "is in no batch of the log, and its day was never closed, though days behind it were")
	case closed && !now.IsZero() && now.Sub(end.To) > lateGrace:
		b.find.Doubt(path, "is in no batch of the log yet, though its day has been over since %s", end.To.Format(time.RFC3339))
	default:
		b.Counts["unlogged"]++
	}
}
