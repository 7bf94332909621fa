package ledger

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
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

// Earliest returns the time of the oldest run or beat, and whether there is
// any: a window does not count what lies before it.
func (l *Ledger) Earliest(ctx context.Context) (time.Time, bool, error) {
	run, haveRun, err := First[longrun.Run](ctx, l, Runs, Page{Limit: 5})
	if err != nil {
		return time.Time{}, false, err
	}
	beat, haveBeat, err := First[longrun.Heartbeat](ctx, l, Heartbeats, Page{Limit: 5})
	if err != nil {
		return time.Time{}, false, err
	}
	switch {
	case haveRun && (!haveBeat || run.At.Before(beat.At)):
		return run.At, true, nil
	case haveBeat:
		return beat.At, true, nil
	}
	return time.Time{}, false, nil
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
