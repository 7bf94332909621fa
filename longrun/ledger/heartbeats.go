package ledger

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/store"
)

// Heartbeats streams the beats of a page; see List.
func (l *Ledger) Heartbeats(ctx context.Context, p Page) iter.Seq2[Entry[longrun.Heartbeat], error] {
	return List[longrun.Heartbeat](ctx, l, Heartbeats, p)
}

// FilledSlots returns the slots of [from, to) that have a beat, whoever wrote
// it and whatever its ID. A document that does not decode is no beat and fills
// none, as in coverage; it is handed to mangled, which may be nil. One that has a
// slot's ID keeps that slot from being written all the same: nothing is
// overwritten.
func (l *Ledger) FilledSlots(ctx context.Context, from, to time.Time, interval time.Duration, mangled func(Entry[longrun.Heartbeat], *DocumentError)) (map[longrun.Slot]bool, error) {
	filled := make(map[longrun.Slot]bool)
	for e, err := range l.Heartbeats(ctx, Page{From: from, To: to}) {
		if bad, ok := errors.AsType[*DocumentError](err); ok {
			if mangled != nil {
				mangled(e, bad)
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		filled[longrun.SlotAt(e.At, interval)] = true
	}
	return filled, nil
}

// Earliest returns the first moment that anything is known of, and whether there
// is one: the oldest run, beat or rollup, whichever is left after old documents
// were pruned. A window does not count what lies before it.
func (l *Ledger) Earliest(ctx context.Context) (earliest time.Time, known bool, err error) {
	note := func(t time.Time) {
		if !known || t.Before(earliest) {
			earliest, known = t, true
		}
	}
	run, ok, err := First[longrun.Run](ctx, l, Runs, Page{Limit: 5})
	if err != nil {
		return time.Time{}, false, err
	}
	if ok {
		note(run.At)
	}
	beat, ok, err := First[longrun.Heartbeat](ctx, l, Heartbeats, Page{Limit: 5})
	if err != nil {
		return time.Time{}, false, err
	}
	if ok {
		note(beat.At)
	}
	rollup, ok, err := First[longrun.Rollup](ctx, l, Rollups, Page{Limit: 5})
	if err != nil {
		return time.Time{}, false, err
	}
	if ok {
		day := longrun.DayOf(rollup.At)
		switch {
		case coverage.Check(rollup.Value) == nil:
			note(rollup.Value.From)
		case !known || !earliest.Before(day.To):
			// One that contradicts itself, and whose beats are gone: something was
			// known of its day, and it is not to vanish from the count.
			note(day.From)
		}
	}
	return earliest, known, nil
}

// Neighbours returns the last beat before a window and the first one after it,
// those of them that there are: they explain the gaps at its edges.
func (l *Ledger) Neighbours(ctx context.Context, w longrun.Window) (before, after *longrun.Heartbeat, err error) {
	if before, err = l.nearest(ctx, Page{To: w.From, Desc: true}); err != nil {
		return nil, nil, err
	}
	after, err = l.nearest(ctx, Page{From: w.To})
	return before, after, err
}

// nearest returns the first beat of a page that decodes.
func (l *Ledger) nearest(ctx context.Context, p Page) (*longrun.Heartbeat, error) {
	p.Limit = 5
	e, ok, err := First[longrun.Heartbeat](ctx, l, Heartbeats, p)
	if err != nil || !ok {
		return nil, err
	}
	return &e.Value, nil
}

// mendHeartbeat fills in what an older document says by another name, and what
// follows from the record itself.
func mendHeartbeat(h *longrun.Heartbeat, rec store.Record) {
	h.TS = rec.At
	if h.BucketID == "" {
		h.BucketID = rec.Key.ID
	}
	if h.CommitHash == "" {
		h.CommitHash = originalCommit(rec)
	}
}

// originalCommit returns what the original system wrote as the commit.
func originalCommit(rec store.Record) string {
	var old struct {
		Commit string `json:"commit" firestore:"commit"`
	}
	_ = rec.Decode(&old) // of another type: as good as missing
	return old.Commit
}

func isDocument(err error) bool {
	var mangled *DocumentError
	return errors.As(err, &mangled)
}
