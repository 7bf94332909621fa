package ledger

import (
	"context"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
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
