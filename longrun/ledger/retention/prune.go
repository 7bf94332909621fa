package retention

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
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
	// Unsound are the days that are in the way: they have no sound rollup, or not all
	// of their documents are logged. To close them again helps.
	Kept    map[ledger.Collection]string
	Unsound []time.Time
}

// Writer is how Prune writes. Where what would be deleted is only counted, Mark and
// Delete do nothing.
type Writer struct {
	// Mark stores rollups, and has them logged: logbook.Log.Append. Required.
	Mark func(context.Context, []logbook.Rollup) error
	// Delete commits the deletes of at most Batch documents. Required.
	Delete func(context.Context, []store.Op) error
	// Logged says what the log has of a day. Required.
	Logged func(context.Context, ledger.Entry[longrun.Rollup]) (ledger.Logged, error)
}

// Prune deletes what the settings' RetentionDays no longer keep at now, oldest
// first. It may be broken off anywhere and begun again.
//
// No day loses its beats, probes or incidents before it has a sound rollup that is
// logged, and each of them a line in the log, nor before that rollup says so by
// PrunedAt, and is logged with it: what is missing without such a mark was not
// pruned. Then they go in any order.
//
// Whatever its age, Prune keeps what is in use: an incident that is open, or whose
// end its day's rollup does not know, a run that has not ended, a silence that
// lasts; and what does not decode, which somebody should look at. A message goes
// whatever became of it, once it was decided and due so long ago: nothing of that
// age is told any more.
func Prune(ctx context.Context, l *ledger.Ledger, s longrun.Settings, now time.Time, w Writer) (Pruned, error) {
	p := &pruner{l: l, now: now, w: w, out: Pruned{Counts: map[ledger.Collection]int64{}, Kept: map[ledger.Collection]string{}}}
	var days []*evidenceOf
	for _, c := range []ledger.Collection{ledger.Heartbeats, ledger.Probes, ledger.Incidents, ledger.Runs, ledger.Outbox, ledger.Silences} {
		keep, ok := s.RetentionDays[string(c)]
		if !ok {
			continue
		}
		p.out.Counts[c] = 0
		before := longrun.DayOf(now).From.AddDate(0, 0, -int(keep))
		switch c {
		case ledger.Heartbeats, ledger.Probes, ledger.Incidents:
			days = append(days, &evidenceOf{c: c, before: before})
			continue
		default:
		}
		if err := p.other(ctx, c, before); err != nil {
			return p.out, fmt.Errorf("ledger: prune %s: %w", c, err)
		}
	}
	return p.out, p.evidence(ctx, days)
}

// pruner prunes.
type pruner struct {
	l   *ledger.Ledger
	now time.Time
	w   Writer
	out Pruned
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

// other prunes what is no evidence.
func (p *pruner) other(ctx context.Context, c ledger.Collection, before time.Time) error {
	page := ledger.Page{To: before}
	switch c {
	case ledger.Runs:
		return pruneAll(ctx, p, c, page, func(r longrun.Run) bool { return r.End != nil && r.End.Before(before) })
	case ledger.Outbox:
		return pruneAll(ctx, p, c, page, func(n longrun.Notice) bool { return p.spent(n, before) })
	default:
		return pruneAll(ctx, p, c, page, func(s longrun.Silence) bool { return s.Until.Before(before) })
	}
}

// remove deletes documents.
func (p *pruner) remove(ctx context.Context, c ledger.Collection, keys []store.Key) error {
	for batch := range slices.Chunk(keys, Batch) {
		ops := make([]store.Op, len(batch))
		for i, key := range batch {
			ops[i] = store.Delete(key)
		}
		if err := p.w.Delete(ctx, ops); err != nil {
			return err
		}
		p.out.Counts[c] += int64(len(batch))
	}
	return nil
}

// pruneAll removes the documents of a page that are old, batch by batch. Its place
// is a cursor, so that it ends also where they are only counted.
func pruneAll[T any](ctx context.Context, p *pruner, c ledger.Collection, page ledger.Page, old func(T) bool) error {
	for more := true; more; {
		var keys []store.Key
		more = false
		for e, err := range ledger.List[T](ctx, p.l, c, page) {
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
		if err := p.remove(ctx, c, keys); err != nil {
			return err
		}
	}
	return nil
}

// isDocument reports whether an error is about one document alone.
func isDocument(err error) bool {
	_, ok := errors.AsType[*ledger.DocumentError](err)
	return ok
}
