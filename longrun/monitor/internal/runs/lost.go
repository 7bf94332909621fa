package runs

import (
	"context"
	"errors"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/chance"
	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/store"
)

// MarkLost closes the runs of an instance that fell silent while it led. Should
// it be alive all the same, it will take that back. It tries until ctx ends; where that
// has taken for longer than a lease, one that has made a beat since is not called lost.
func (r *Run) MarkLost(ctx context.Context, before lock.Row) {
	found := r.Clock.Now().UTC()
	for pause := time.Second; ; pause = min(2*pause, maxMarkPause) {
		err := r.markLost(ctx, before, found)
		if err == nil || !deadline.Sleep(ctx, r.Clock, pause*3/4+chance.Below(r.Clock, pause/4)) {
			return
		}
	}
}

// maxMarkPause bounds the pause between two tries to mark a run as lost.
const maxMarkPause = time.Minute

// recentRuns is how many of the newest runs are searched for the lost one.
const recentRuns = 100

func (r *Run) markLost(ctx context.Context, before lock.Row, found time.Time) error {
	ctx, cancel := deadline.With(ctx, r.Clock, room.StoreTimeout)
	defer cancel()
	if r.Clock.Now().Sub(found) > r.Self.Lease {
		if alive, err := r.madeABeat(ctx, before.RenewedAt, before.HolderInstanceID, before.RenewedAt); err != nil || alive {
			return err
		}
	}
	var lost []ledger.Entry[longrun.Run]
	newest := true // of that instance
	for e, err := range r.Ledger.Runs(ctx, ledger.Page{Desc: true, Limit: recentRuns}) {
		if mangled, ok := errors.AsType[*ledger.DocumentError](err); ok {
			r.Mangled(ctx, mangled, e.Version)
			continue
		}
		if err != nil {
			return err
		}
		run := e.Value
		if run.InstanceID != before.HolderInstanceID || r.own(run) || run.TS.After(before.RenewedAt) {
			continue
		}
		switch {
		case run.End == nil:
			lost = append(lost, e)
		case run.Ended == longrun.Lost && run.EndedBy == r.Self.InstanceID && run.End.Equal(before.RenewedAt.UTC()):
			r.Lost(run, found) // at a try before this one, whose reply was lost
		case newest && run.Ended == longrun.Lost && run.End.Before(before.RenewedAt):
			// It had been given up, and led all the same; or who led is a later run of its
			// instance, which is not stored.
			led, err := r.madeABeat(ctx, *run.End, run.InstanceID, run.TS.Add(time.Second))
			if err != nil {
				return err
			}
			if led {
				lost = append(lost, e)
			}
		}
		newest = false
	}
	for _, e := range lost {
		end := before.RenewedAt.UTC()
		e.Value.End, e.Value.Ended, e.Value.EndedBy = &end, longrun.Lost, r.Self.InstanceID
		_, err := r.Ledger.PutRun(ctx, e.Value, e.Version)
		switch {
		case err == nil:
			r.Log.WarnContext(ctx, "a run was found dead", "run", e.Value.RunID, "last_sign", end)
			r.Lost(e.Value, found)
		case !errors.Is(err, store.ErrConflict): // a conflict: it lives, and wrote
			return err
		}
	}
	return nil
}

// madeABeat reports whether a process of an instance that began before a time made a beat
// after another: where it had held a lease until then it has led again, and lives, or its
// death is another's to find.
func (r *Run) madeABeat(ctx context.Context, after time.Time, instance string, began time.Time) (bool, error) {
	for e, err := range r.Ledger.Heartbeats(ctx, ledger.Page{From: after}) {
		if _, mangled := errors.AsType[*ledger.DocumentError](err); mangled {
			continue // whoever reads the beats for themselves says so
		}
		if err != nil {
			return false, err
		}
		if h := &e.Value; h.InstanceID == instance && h.TS.After(after) && h.Started().Before(began) {
			return true, nil
		}
	}
	return false, nil
}
