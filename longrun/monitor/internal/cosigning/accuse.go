package cosigning

import (
	"context"
	"log/slog"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
)

// accuse is what people are to be told of one witness.
type accuse struct {
	since   time.Time // zero: it says nothing against this log
	batch   int64     // that it was said of last
	told    bool      // people were, since then
	pending *Accusation
	retry   room.Backoff // of the telling
}

// accused takes note of what a witness says against a batch: once for each batch.
func (c *Cosigning) accused(ctx context.Context, i int, b evidence.Batch, against *contradiction) {
	w := c.asked[i]
	if w.since.IsZero() {
		w.since = c.Clock.Now().UTC()
	}
	c.set(i, func(s *Status) { s.Contradiction, s.Since, s.Error = against.text, w.since, "" })
	if w.batch == b.Number {
		return
	}
	w.batch = b.Number
	w.pending = &Accusation{By: w.Key.Name(), What: against.text, Since: w.since, Again: w.told}
	w.retry.Well()
	c.Log.ErrorContext(ctx, "a witness contradicts the log of evidence", "witness", w.Key.Name(), "batch", b.Number, "what", against.text, "checkpoint", b.Checkpoint)
}

// forget gives up what could not be told in an earlier lead: it is asked anew.
func (a *accuse) forget() {
	if a.pending != nil {
		a.pending, a.batch = nil, 0
	}
}

// agreed takes note of a cosignature.
func (a *accuse) agreed(now time.Time) {
	if a.since.IsZero() {
		return
	}
	since, told := a.since, a.told
	a.since, a.batch, a.told, a.pending = time.Time{}, 0, false, nil
	if told { // else nobody heard of it
		a.pending = &Accusation{What: "it cosigned the newest checkpoint", Since: since, Until: now, Again: true}
	}
}

// tell tells people what is to be told, and returns how long to wait where that failed.
func (c *Cosigning) tell(ctx context.Context, w *asked) time.Duration {
	if w.pending == nil || ctx.Err() != nil {
		return maxPause
	}
	now := c.Clock.Now()
	if left := w.retry.Wait(now); left > 0 {
		return left
	}
	w.pending.By = w.Key.Name()
	if err := c.options.Tell(ctx, *w.pending); err != nil {
		if ctx.Err() != nil {
			return maxPause
		}
		c.Log.Once(ctx, slog.LevelWarn, "telling of "+w.name(), hostcall.ClassOf(err), "what a witness says could not be told; it is tried again", "witness", w.Key.Name(), "error", spawn.Text(err))
		return w.retry.Failed(now)
	}
	c.Log.Over("telling of " + w.name())
	w.told = w.pending.Until.IsZero()
	w.pending = nil
	w.retry.Well()
	return maxPause
}
