package closing

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/store"
)

// days closes the days that are due, oldest first, and reports whether there are
// more of them.
func (c *Closing) days(ctx context.Context, p *progress, now time.Time) (bool, error) {
	days, more, err := c.due(ctx, p, now)
	if err != nil {
		return false, err
	}
	failed := false
	for _, day := range days {
		if err := ctx.Err(); err != nil {
			return false, context.Cause(ctx)
		}
		if over, wait := c.aside(p, day, now); over {
			continue
		} else if wait > 0 {
			return false, &heldError{day, wait}
		}
		err := c.day(ctx, p, day, now)
		if err == nil {
			delete(p.failed, day)
			p.failures.Well()
			c.Log.Over("day " + longrun.RollupID(day))
			failed = false
			continue
		}
		if ctx.Err() != nil || p.lead.Err() != nil || uncertain(err) {
			return false, err
		}
		// Two that fail one after the other are not at fault themselves.
		if alone := !failed; !p.fail(day, c.Clock.Now()) || !alone {
			return false, err
		}
		failed = true
		c.Log.Once(ctx, slog.LevelError, "day "+longrun.RollupID(day), hostcall.ClassOf(err), "a day cannot be closed; it is put aside and tried again later", "day", longrun.RollupID(day), "error", spawn.Text(err))
	}
	if !more {
		p.closed = c.closedBy(now)
	}
	return more, nil
}

// day rolls up one day and logs it.
func (c *Closing) day(ctx context.Context, p *progress, day, now time.Time) error {
	word := c.dirty.word(day)
	d, err := c.compute(ctx, p, day, now)
	if err != nil {
		return err
	}
	date := longrun.RollupID(day)
	if d.Broken > 0 {
		c.Log.Once(ctx, slog.LevelError, "evidence "+date, "broken", "beats of a day do not follow on those before them: some were edited or inserted", "day", date, "beats", d.Broken)
	}
	if d.Forged {
		c.Log.Once(ctx, slog.LevelError, "rollup "+date, "forged", "the rollup of a day is not the one that was logged", "day", date, "made_anew", d.Changed)
	}
	if !d.Changed {
		c.cleaned(p, day, word, d.Rollup)
		return nil
	}
	stored, err := c.append(ctx, p, logbook.Addition{Now: now, Lines: d.Lines, Broken: d.Broken, Rollups: []logbook.Rollup{{Rollup: d.Rollup}}})
	switch {
	case errors.Is(err, store.ErrInvalid): // too large, for one: it is no use to try again
		c.Log.Once(ctx, slog.LevelError, "rollup "+date, "invalid", "the rollup of a day cannot be stored", "day", date, "error", spawn.Text(err))
		c.dirty.clean(day, word)
		p.refuse(day)
		return nil
	case err != nil:
		return err
	}
	r := stored[0]
	c.cleaned(p, day, word, r)
	c.Log.Over("rollup " + date)
	c.Log.InfoContext(ctx, "day rolled up", "day", r.Date, "expected", r.ExpectedHb, "written", r.WrittenHb, "missed", r.MissedHb, "incidents", r.IncidentsCount, "revision", r.Revision)
	return nil
}

// cleaned takes note that a day was closed behind a word, with this rollup.
func (c *Closing) cleaned(p *progress, day time.Time, word int64, r longrun.Rollup) {
	c.dirty.clean(day, word)
	p.done[day] = true
	if c.Rolled != nil {
		c.Rolled(r)
	}
}

// compute reads one day and makes what its document has to hold.
func (c *Closing) compute(ctx context.Context, p *progress, day, now time.Time) (ledger.Closing, error) {
	ctx, cancel := deadline.With(ctx, c.Clock, closeTimeout)
	defer cancel()
	d, err := c.Ledger.CloseDay(ctx, day, now, c.Self.Interval, c.Self.InstanceID, p.log.Logged)
	if err == nil && d.Changed && d.Rollup.WrittenHb == 0 {
		d.Rollup.CommitHash = c.Self.CommitHash
	}
	return d, err
}
