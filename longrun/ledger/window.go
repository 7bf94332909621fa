package ledger

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
)

// Interval returns the length of a slot as the documents say it: the newest run,
// else the newest beat, else longrun.DefaultInterval.
func (l *Ledger) Interval(ctx context.Context) (time.Duration, error) {
	run, known, err := First[longrun.Run](ctx, l, Runs, Page{Desc: true, Limit: 5})
	if err != nil {
		return 0, err
	}
	if interval := time.Duration(run.Value.IntervalSec) * time.Second; known && longrun.ValidateInterval(interval) == nil {
		return interval, nil
	}
	h, err := l.nearest(ctx, Page{Desc: true})
	if err != nil {
		return 0, err
	}
	if h != nil {
		if interval := time.Duration(h.ExpectedIntervalSec) * time.Second; longrun.ValidateInterval(interval) == nil {
			return interval, nil
		}
	}
	return longrun.DefaultInterval, nil
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

// runsWindow is where the runs of a window are looked for: up to the beat after
// it, whose writer may have begun after the window.
func runsWindow(w longrun.Window, after *longrun.Heartbeat) longrun.Window {
	if after != nil && after.TS.After(w.To) {
		w.To = after.TS.Add(time.Microsecond)
	}
	return w
}

// taker is what takes the documents of a window: a coverage.Day or Merge.
type taker interface {
	Add(h longrun.Heartbeat)
	AddProbe(p longrun.Probe)
	AddIncident(i longrun.Incident)
	AddUndecodable(n int)
}

// read hands all documents of a window to a taker. Those that do not decode are
// handed to mangled, which may be nil, and all others to lines, which may be too.
func (l *Ledger) read(ctx context.Context, w longrun.Window, to taker, mangled func(*DocumentError), lines *lines) error {
	p := Page{From: w.From, To: w.To}
	bad := func(err error) {
		to.AddUndecodable(1)
		if doc, ok := errors.AsType[*DocumentError](err); ok && mangled != nil {
			mangled(doc)
		}
	}
	if err := each(l.Heartbeats(ctx, p), func(e Entry[longrun.Heartbeat]) { to.Add(e.Value); lines.beat(e) }, bad); err != nil {
		return err
	}
	if err := each(l.Probes(ctx, p), func(e Entry[longrun.Probe]) { to.AddProbe(e.Value); lines.probe(e) }, bad); err != nil {
		return err
	}
	return each(l.Incidents(ctx, p), func(e Entry[longrun.Incident]) { to.AddIncident(e.Value); lines.incident(e) }, bad)
}

// each calls add for each entry of a list and bad for each that does not decode.
func each[T any](list iter.Seq2[Entry[T], error], add func(Entry[T]), bad func(error)) error {
	for e, err := range list {
		switch {
		case isDocument(err):
			bad(err)
		case err != nil:
			return err
		default:
			add(e)
		}
	}
	return nil
}
