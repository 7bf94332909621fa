package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/exit"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/output"
	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/store"
)

// rollupCommand rolls up days that are over.
type rollupCommand struct {
	storeFlags      `embed:""`
	intervalFlags   `embed:""`
	logFlags        `embed:""`
	output.FileFlag `embed:""`

	Day     []moment `placeholder:"DAY" help:"A UTC day such as 2025-12-29. May be given several times."`
	Missing bool     `help:"Every day that is over and has no rollup."`
	DryRun  bool     `short:"n" help:"Say what would be written, and write nothing."`
}

// Help is what longctl rollup --help says beside the flags.
func (rollupCommand) Help() string {
	return `The leader does this by itself soon after midnight, UTC, and for days it missed.
By hand it is of use after documents were mended or brought from elsewhere, and to
log the days of an older version in the evidence. It needs the leader's lease, so no
instance may run meanwhile. Where nothing changed nothing is written. With
LONGRUN_EVIDENCE_KEY the evidence is signed, as the server does.

Examples:

    longctl rollup --missing --dry-run
    longctl rollup --missing
    longctl rollup --day 2025-12-29`
}

// Run rolls up.
func (c rollupCommand) Run(ctx context.Context, s surroundings) error {
	if c.Missing == (len(c.Day) > 0) {
		return exit.Usage(errors.New("give --missing, or one --day or more"))
	}
	o, err := c.options()
	if err != nil {
		return err
	}
	open := c.open
	if c.DryRun {
		open = c.openToRead
	}
	st, l, end, err := open(ctx)
	if err != nil {
		return err
	}
	defer end()
	now := time.Now()
	interval, err := c.interval(ctx, l)
	if err != nil {
		return err
	}
	days, err := c.days(ctx, l, now)
	if err != nil {
		return err
	}
	if len(days) == 0 {
		fmt.Fprintln(s.out, "no day lacks its rollup")
		return nil
	}
	p := newProgress(s.err)
	defer p.end()
	return writing(ctx, st, l, o, c.DryRun, func(ctx context.Context, log *logbook.Log, _ func(context.Context, []store.Op) error) error {
		for i, day := range days {
			p.show("day %d of %d: %s", i+1, len(days), longrun.RollupID(day))
			d, err := l.CloseDay(ctx, day, now, interval, o.By, log.Logged)
			p.end()
			if err != nil {
				return err
			}
			if err := c.put(ctx, s, log, d, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// days are those asked for, oldest first: they are logged in their order.
func (c rollupCommand) days(ctx context.Context, l *ledger.Ledger, now time.Time) ([]time.Time, error) {
	if !c.Missing {
		var days []time.Time
		for _, d := range c.Day {
			day := longrun.DayOf(time.Time(d))
			if day.To.After(now) {
				return nil, exit.Usage(fmt.Errorf("--day: %s is not over", longrun.RollupID(day.From)))
			}
			days = append(days, day.From)
		}
		slices.SortFunc(days, time.Time.Compare)
		return slices.CompactFunc(days, time.Time.Equal), nil
	}
	earliest, known, err := l.Earliest(ctx)
	switch {
	case err != nil:
		return nil, err
	case !known: // a wrong --root looks like that; it is not said that nothing is missing
		return nil, errors.New("nothing is stored here, so that no day can be rolled up")
	}
	return l.MissingRollups(ctx, earliest, now)
}

func (c rollupCommand) put(ctx context.Context, s surroundings, log *logbook.Log, d ledger.Closing, now time.Time) error {
	r := d.Rollup
	verb := "unchanged"
	switch {
	case d.Shrunk && !d.Changed:
		verb = "kept: documents that it counted are gone"
	case d.Changed && c.DryRun:
		verb = "would be written"
	case d.Changed:
		verb = "written"
		_, err := log.Append(ctx, logbook.Addition{Now: now, Lines: d.Lines, Broken: d.Broken, Rollups: []logbook.Rollup{{Rollup: r, Version: d.Version}}})
		if err != nil {
			return err
		}
	}
	if d.Broken > 0 {
		s.complain(fmt.Errorf("%s: %d beats do not follow on those before them", r.Date, d.Broken))
	}
	if d.Forged {
		s.complain(fmt.Errorf("%s: its rollup is not the one that was logged", r.Date))
	}
	_, err := fmt.Fprintf(s.out, "%s  expected %d, written %d, missed %d, %s  %s\n", visible.Line(r.Date, maxLine), r.ExpectedHb, r.WrittenHb, r.MissedHb, hundredths(r.WrittenHb, r.ExpectedHb), verb)
	return err
}

// hundredths shows part of whole, cut: one missed slot of 86,400 is not 100.00 %.
func hundredths(part, whole int64) string {
	if whole <= 0 {
		return "no slot"
	}
	cut := part * 10_000 / whole
	return fmt.Sprintf("%d.%02d %%", cut/100, cut%100)
}
