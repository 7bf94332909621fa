package closing

import (
	"context"
	"errors"
	"log/slog"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/retention"
	"github.com/seed-13dc028d/longwatch/store"
)

// maxBatches is how many batches of deletes, of retention.Batch documents each,
// one pass makes.
const maxBatches = 25

// errEnough ends a prune that has done its part.
var errEnough = errors.New("closing: enough for one pass")

// prune deletes what the settings no longer keep, and reports whether it is not
// all.
func (c *Closing) prune(ctx context.Context, p *progress) (bool, error) {
	settings := c.Settings()
	if len(settings.RetentionDays) == 0 {
		return false, nil
	}
	now, err := c.Trusted() // the days may have taken long
	if err != nil {
		return false, err
	}
	batches := 0
	turn := func(ctx context.Context, write func() error) error {
		if batches++; batches > maxBatches {
			return errEnough
		}
		if err := write(); err != nil {
			return err
		}
		if !deadline.Sleep(ctx, c.Clock, breath) {
			return context.Cause(ctx)
		}
		return nil
	}
	pruned, err := retention.Prune(ctx, c.Ledger, settings, now, retention.Writer{
		Logged: p.log.Logged,
		Mark: func(ctx context.Context, marks []logbook.Rollup) error {
			return turn(ctx, func() error {
				_, err := c.append(ctx, p, logbook.Addition{Now: now, Rollups: marks})
				return err
			})
		},
		Delete: func(ctx context.Context, ops []store.Op) error {
			return turn(ctx, func() error { return c.commit(ctx, p.lead, ops...) })
		},
	})
	for collection, n := range pruned.Counts {
		if n > 0 {
			c.Log.InfoContext(ctx, "old documents deleted", "collection", string(collection), "count", n)
		}
		if why := pruned.Kept[collection]; why != "" {
			c.Log.Once(ctx, slog.LevelWarn, "retention "+string(collection), "unsound", "old documents are kept", "collection", string(collection), "reason", why)
		} else {
			c.Log.Over("retention " + string(collection))
		}
	}
	// What is in the way may have been forgotten: it is looked at by the next pass.
	again := false
	for _, day := range pruned.Unsound {
		if !p.refused[day] && !p.done[day] && p.failed[day] == nil {
			c.dirty.mark(day)
			again = true
		}
	}
	if errors.Is(err, errEnough) {
		return true, nil
	}
	return again && err == nil, err
}
