package closing

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/storehealth"
	"github.com/seed-13dc028d/longwatch/store"
)

// certain returns the time, where the clocks at hand and the beats bear it out;
// else why not, which is said once.
func (c *Closing) certain(ctx context.Context) (time.Time, error) {
	now, err := c.Trusted()
	if err == nil {
		err = c.settled(ctx, now)
	}
	if why, ok := errors.AsType[*storehealth.UntrustedError](err); ok {
		c.Log.Once(ctx, slog.LevelWarn, "time", why.Class, "nothing is closed or deleted while the time is not certain", "reason", why.Reason)
	}
	if err == nil {
		c.Log.Over("time")
	}
	return now, err
}

// settled asks the beats, by two reads.
func (c *Closing) settled(ctx context.Context, now time.Time) error {
	edge := now.Add(-storehealth.MaxSilence)
	// What lies ahead of now was written by a clock that was ahead.
	first, _, err := ledger.First[longrun.Heartbeat](ctx, c.Ledger, ledger.Heartbeats, ledger.Page{From: edge, To: now.Add(c.Self.Interval), Limit: mangled})
	if err != nil {
		return err
	}
	before, _, err := ledger.First[longrun.Heartbeat](ctx, c.Ledger, ledger.Heartbeats, ledger.Page{To: edge, Desc: true, Limit: mangled})
	if err != nil {
		return err
	}
	if first.At.IsZero() && !before.At.IsZero() {
		return &storehealth.UntrustedError{Class: "silence", Reason: "there is no heartbeat of the last " + storehealth.MaxSilence.String()}
	}
	return storehealth.Settled(before.At, first.At, now)
}

// mangled is how many documents that do not decode are passed over when one is
// looked for.
const mangled = 5

func uncertain(err error) bool {
	_, ok := errors.AsType[*storehealth.UntrustedError](err)
	return ok
}

// commit is one that cannot be taken back: it asks the clock once more, which may
// have jumped since the pass began. The lease bounds who makes it, and the turns
// of background commits how often.
func (c *Closing) commit(ctx context.Context, lead leading.Lead, ops ...store.Op) error {
	if _, err := c.Trusted(); err != nil {
		return err
	}
	ctx, cancel := deadline.With(ctx, c.Clock, room.StoreTimeout)
	defer cancel()
	return lead.Commit(ctx, ops...)
}
