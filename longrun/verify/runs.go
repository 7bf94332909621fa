package verify

import (
	"context"
	"errors"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
)

// readRuns reads every run, the oldest first: there is one for each start of an
// instance.
func readRuns(ctx context.Context, l *ledger.Ledger, q *inquiry) ([]ledger.Entry[longrun.Run], error) {
	var runs []ledger.Entry[longrun.Run]
	for e, err := range l.Runs(ctx, ledger.Page{}) {
		if bad, ok := errors.AsType[*ledger.DocumentError](err); ok {
			q.Fault(bad.Path, "is no run: %v", bad.Err)
			continue
		}
		if err != nil {
			return nil, err
		}
		runs = append(runs, e)
	}
	q.counts["runs"] = int64(len(runs))
	return runs, nil
}

// judgeRuns judges how runs ended. One is explained when it was closed, by its
// own instance or by a leader that found it lost, or when its instance may still
// run: it holds the lock, or stands by. Whoever stands by writes nothing, so that
// its end may go unnoticed; that is a note.
func judgeRuns(q *inquiry, runs []ledger.Entry[longrun.Run], k locked, s *slots) {
	if len(runs) == 0 && s.ours > 0 {
		q.Doubt("", "there are beats, and no run of any instance")
	}
	newest := map[string]time.Time{} // of each instance, the start of its last run
	for _, e := range runs {
		newest[e.Value.InstanceID] = e.At
	}
	for _, e := range runs {
		r := e.Value
		switch {
		case (r.End == nil) != (r.Ended == ""):
			q.Fault(e.Path(), "says how it ended and not when, or when and not how")
		case r.End != nil && r.End.Before(e.At):
			q.Fault(e.Path(), "ended before it began")
		case r.End != nil && r.Ended != longrun.Stopped && r.Ended != longrun.Failed && r.Ended != longrun.Lost:
			q.Fault(e.Path(), "ended as %.40q, which is no way to end", r.Ended)
		case r.End == nil:
			open(q, e, k, newest[r.InstanceID].After(e.At))
		}
		if r.Ended == longrun.Stopped && r.End != nil {
			afterStop(q, e, s, newest[r.InstanceID].After(e.At))
		}
	}
}

// open judges a run that is not closed.
func open(q *inquiry, e ledger.Entry[longrun.Run], k locked, again bool) {
	r := e.Value
	holds := k.found && k.bad == nil && k.row.Held() && k.row.HolderInstanceID == r.InstanceID
	q.counts["openRuns"]++
	switch {
	case again:
		q.Note(e.Path(), "was never closed, and %s has started anew since: it died while it stood by, or two processes have one name", r.InstanceID)
	case holds && k.rec.Age() > 2*k.row.Lease():
		q.Fault(e.Path(), "was never closed: %s holds the lock, has said nothing for %v, and nobody has taken over", r.InstanceID, k.rec.Age().Truncate(time.Second))
	case !holds:
		q.counts["standbys"]++
	}
}

// afterStop looks for beats of an instance after it said that it had stopped.
func afterStop(q *inquiry, e ledger.Entry[longrun.Run], s *slots, again bool) {
	if again {
		return
	}
	for _, c := range s.thread.Living() {
		for _, w := range c.Terms {
			if w.Instance == e.Value.InstanceID && w.Last.TS.After(e.Value.End.Add(s.interval)) {
				q.Fault(e.Path(), "was closed at %s, and its instance wrote %s after that", e.Value.End.Format(time.RFC3339), s.path(w.Last))
				return
			}
		}
	}
}
