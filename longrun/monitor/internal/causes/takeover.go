package causes

import (
	"context"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
)

// TookOver says in one line what a take-over cost: how many slots lie without a beat
// between the last one before it and the first one after it, and why, as far as the
// documents tell. It waits a little first, so that the first beat, beats that were
// late and the end of a dead instance are written down; where ctx ends before, it says
// nothing.
//
// Began is when this instance took over, and previous the one that led before; empty
// where nobody knows. Where there was no beat before, nothing can have been lost.
func TookOver(ctx context.Context, d room.Deps, began time.Time, previous string) {
	if !deadline.Sleep(ctx, d.Clock, min(d.Self.Interval/2, maxDoubt)) {
		return
	}
	previous = hostcall.Line(previous, hostcall.MaxText)
	gap, known, err := lostBefore(ctx, d, began)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		d.Log.WarnContext(ctx, "took over; how many slots were lost cannot be read now, and a report will say it", "previous", previous, "error", hostcall.Text(err))
	case !known:
	case gap.Missed == 0:
		d.Log.InfoContext(ctx, "took over: no slot was lost", "previous", previous)
	default:
		why := Because(gap)
		if why == "" {
			why = "not known: no document tells"
		}
		d.Log.WarnContext(ctx, "took over: slots without a heartbeat were lost", "slots", gap.Missed, "time", gap.Duration().String(),
			"from", gap.From.Format(time.RFC3339), "to", gap.To.Format(time.RFC3339), "why", why, "previous", previous)
	}
}

// lostBefore is the gap between the last beat before the slot of a time and the first
// one from there on, with its cause.
func lostBefore(parent context.Context, d room.Deps, began time.Time) (gap longrun.Gap, known bool, err error) {
	ctx, cancel := deadline.With(parent, d.Clock, room.StoreTimeout)
	defer cancel()
	own := longrun.SlotAt(began, d.Self.Interval)
	start := own.Start(d.Self.Interval)
	before, after, err := d.Ledger.Neighbours(ctx, longrun.Window{From: start, To: start})
	if err != nil || before == nil {
		return longrun.Gap{}, false, err
	}
	first := longrun.SlotAt(before.TS, d.Self.Interval) + 1
	if after != nil {
		own = max(own, longrun.SlotAt(after.TS, d.Self.Interval))
	}
	if first >= own {
		return longrun.Gap{}, true, nil
	}
	gap = longrun.Gap{From: first.Start(d.Self.Interval), To: own.Start(d.Self.Interval), Missed: int(own - first), Cause: longrun.Unknown, Before: before.InstanceID}
	explained, err := Explain(parent, d, []longrun.Gap{gap}, longrun.Heartbeat{})
	if err != nil {
		return longrun.Gap{}, false, err
	}
	return explained[0], true, nil
}
