package ledger

import (
	"context"
	"iter"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// RunID names the run that an instance began at start.
func RunID(instanceID string, start time.Time) string {
	return "RUN_" + instanceID + "_" + start.UTC().Format("20060102T150405")
}

// Runs streams the runs of a page; see List.
func (l *Ledger) Runs(ctx context.Context, p Page) iter.Seq2[Entry[longrun.Run], error] {
	return List[longrun.Run](ctx, l, Runs, p)
}

// How many runs explain the gaps of a window: those that began in it, and the
// newest that began before. Who began earlier, and a hundred others since,
// explains nothing.
const (
	maxRunsWithin = 10_000
	maxRunsBefore = 100
)

// RunsOf returns the runs that explain the gaps of a window, oldest last. Those
// that do not decode are passed over, and counted.
func (l *Ledger) RunsOf(ctx context.Context, w longrun.Window) (runs []longrun.Run, mangled int, err error) {
	for _, p := range []Page{
		{From: w.From, To: w.To, Desc: true, Limit: maxRunsWithin},
		{To: w.From, Desc: true, Limit: maxRunsBefore},
	} {
		for e, err := range l.Runs(ctx, p) {
			switch {
			case isDocument(err):
				mangled++
			case err != nil:
				return nil, 0, err
			default:
				runs = append(runs, e.Value)
			}
		}
	}
	return runs, mangled, nil
}

// Run reads one run.
func (l *Ledger) Run(ctx context.Context, id string) (Entry[longrun.Run], error) {
	return Read[longrun.Run](ctx, l, Runs, id)
}

// PutRun writes a run and returns its new version. An empty version asks that
// the document does not exist yet, any other that it is still at it; otherwise
// the error is a *store.ConflictError.
func (l *Ledger) PutRun(ctx context.Context, r longrun.Run, version string) (string, error) {
	return put(ctx, l, l.Key(Runs, r.RunID), r, version)
}
