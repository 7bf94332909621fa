package causes

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
)

const (
	// maxDeaths bounds the deaths that are remembered, the newest ones.
	maxDeaths = 50
	// recentRuns is how many of the newest runs are searched for the dead, and
	// diedWithin is how long ago one may have died that an earlier leader found: it
	// may have died itself before it told anybody.
	recentRuns = 100
	diedWithin = time.Hour
	// maxDoubt bounds the time in which an instance may take its death back.
	maxDoubt = 30 * time.Second
)

// Deaths are the runs that were found dead lately. They outlive a lead. It is safe
// for concurrent use.
type Deaths struct {
	room.Deps

	mu    sync.Mutex
	known []death // by their last sign, at most maxDeaths
}

// death is one run, and since when this process knows of it. It is sure when its
// document still said so some time later, and void when it did not.
type death struct {
	rules.Death
	since      time.Time
	sure, void bool
}

// NewDeaths returns Deaths that knows of none.
func NewDeaths(d room.Deps) *Deaths { return &Deaths{Deps: d} }

// Found takes note of a run that was found dead when this instance began to lead.
func (d *Deaths) Found(run longrun.Run, found time.Time) {
	d.add(run, found, d.Self.InstanceID)
}

func (d *Deaths) add(run longrun.Run, found time.Time, by string) {
	if run.End == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.Clock.Now()
	d.known = slices.DeleteFunc(d.known, func(k death) bool { return now.Sub(k.since) > rules.RecentSpan })
	for i := range d.known {
		if k := &d.known[i]; k.RunID == run.RunID && k.Last.Equal(*run.End) {
			if k.Found.IsZero() {
				k.Found, k.By = found, by
			}
			return
		}
	}
	d.known = append(d.known, death{since: now, Death: rules.Death{
		RunID: run.RunID, InstanceID: hostcall.Line(run.InstanceID, hostcall.MaxText), CommitHash: run.CommitHash,
		Last: run.End.UTC(), Found: found, By: hostcall.Line(by, hostcall.MaxText),
	}})
	slices.SortStableFunc(d.known, func(a, b death) int { return a.Last.Compare(b.Last) })
	d.known = d.known[max(0, len(d.known)-maxDeaths):]
}

// Restore reads the deaths that earlier leaders found in the last hour, for a lead that
// began at a time. What this instance knew before is asked again, or has been known for
// too long: others may have told it, and who was found dead may have taken it back.
func (d *Deaths) Restore(ctx context.Context, began time.Time) error {
	ctx, cancel := deadline.With(ctx, d.Clock, room.StoreTimeout)
	defer cancel()
	now := d.Clock.Now()
	d.doubt(began)
	for e, err := range d.Ledger.Runs(ctx, ledger.Page{Desc: true, Limit: recentRuns}) {
		if _, mangled := errors.AsType[*ledger.DocumentError](err); mangled {
			continue // whoever reads the runs for themselves says so
		}
		if err != nil {
			return err
		}
		if run := e.Value; run.Ended == longrun.Lost && run.End != nil && now.Sub(*run.End) <= diedWithin {
			d.add(run, time.Time{}, run.EndedBy)
		}
	}
	return nil
}

func (d *Deaths) doubt(began time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.known = slices.DeleteFunc(d.known, func(k death) bool { return began.Sub(k.since) > diedWithin })
	for i := range d.known {
		if k := &d.known[i]; k.since.Before(began) {
			k.sure = false
		}
	}
}

// Confirm asks of each death that is not sure, when its time has come, whether the
// run's document still says so. It asks no store where there is nothing to confirm.
func (d *Deaths) Confirm(parent context.Context) {
	now := d.Clock.Now()
	for _, id := range d.doubtful(now) {
		ctx, cancel := deadline.With(parent, d.Clock, room.StoreTimeout)
		e, err := d.Ledger.Run(ctx, id)
		cancel()
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			if parent.Err() == nil {
				d.Log.Once(parent, slog.LevelWarn, "deaths", "unread", "whether an instance is dead cannot be read, and is later", "run", id, "error", hostcall.Text(err))
			}
			return
		}
		d.Log.Over("deaths")
		d.settle(id, err == nil && e.Value.Ended == longrun.Lost)
	}
}

// doubtful are the runs whose death is to be confirmed now.
func (d *Deaths) doubtful(now time.Time) (ids []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	doubt := min(d.Self.Interval/2, maxDoubt)
	for _, k := range d.known {
		if !k.sure && !k.void && now.Sub(k.since).Abs() >= doubt {
			ids = append(ids, k.RunID)
		}
	}
	return ids
}

func (d *Deaths) settle(id string, dead bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.known {
		if k := &d.known[i]; k.RunID == id && !k.sure {
			k.sure, k.void = dead, !dead
		}
	}
}

// Sure appends the deaths that are sure, the oldest first.
func (d *Deaths) Sure(to []rules.Death) []rules.Death {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, k := range d.known {
		if k.sure {
			to = append(to, k.Death)
		}
	}
	return to
}
