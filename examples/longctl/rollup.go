package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/exit"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/output"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/window"
	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/store"
)

// rollupCommand rolls up days that are over.
type rollupCommand struct {
	storeFlags     `embed:""`
	intervalFlags  `embed:""`
	logFlags       `embed:""`
	window.Flags   `embed:""`
	output.Options `embed:""`

	Day     []moment `placeholder:"DAY" help:"A UTC day such as 2025-12-29. May be given several times."`
	Missing bool     `help:"Only the days that have no rollup; without a window, of all that is stored."`
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
    longctl rollup --day 2025-12-29
    longctl rollup --window 7d`
}

// Run rolls up.
func (c rollupCommand) Run(ctx context.Context, s surroundings) error {
	if asked := c.Missing || !c.None(); asked == (len(c.Day) > 0) {
		return exit.Usage(errors.New("give --missing, a --window, or one --day or more"))
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
	p := newProgress(s.err)
	defer p.end()
	made := rolledUp{DryRun: c.DryRun, none: "no day of the window is over"}
	if c.Missing {
		made.none = "no day lacks its rollup"
	}
	if len(days) > 0 {
		err = writing(ctx, st, l, o, c.DryRun, func(ctx context.Context, log *logbook.Log, _ func(context.Context, []store.Op) error) error {
			for i, day := range days {
				p.show("day %d of %d: %s", i+1, len(days), longrun.RollupID(day))
				d, err := l.CloseDay(ctx, day, now, interval, o.By, log.Logged)
				p.end()
				if err != nil {
					return err
				}
				became, err := c.put(ctx, log, d, now)
				if err != nil {
					return err
				}
				made.Days = append(made.Days, became)
				became.complain(s)
			}
			return nil
		})
	}
	return errors.Join(c.Show(s.out, made, made.text), err) // what is done is done
}

// days are those asked for, oldest first: they are logged in their order.
func (c rollupCommand) days(ctx context.Context, l *ledger.Ledger, now time.Time) ([]time.Time, error) {
	var days []time.Time
	for _, d := range c.Day {
		day := longrun.DayOf(time.Time(d))
		if day.To.After(now) {
			return nil, exit.Usage(fmt.Errorf("--day: %s is not over", longrun.RollupID(day.From)))
		}
		days = append(days, day.From)
	}
	if len(days) > 0 {
		slices.SortFunc(days, time.Time.Compare)
		return slices.CompactFunc(days, time.Time.Equal), nil
	}
	from, to, err := c.Bounds(now)
	if err != nil {
		return nil, err
	}
	earliest, known, err := l.Earliest(ctx)
	switch {
	case err != nil:
		return nil, err
	case !known: // a wrong --root looks like that; it is not said that nothing is missing
		return nil, errors.New("nothing is stored here, so that no day can be rolled up")
	case from.Before(earliest):
		from = earliest
	}
	if from = longrun.DayOf(from).From; to.IsZero() || to.After(now) {
		to = now
	} else if day := longrun.DayOf(to); !day.From.Equal(to) && !day.To.After(now) {
		to = day.To // the day that it ends in, too
	}
	if c.Missing {
		return l.MissingWithin(ctx, longrun.Window{From: from, To: to}, now, nil)
	}
	for day := longrun.DayOf(from); !day.To.After(to); day = longrun.DayOf(day.To) {
		days = append(days, day.From)
	}
	return days, nil
}

// put stores and logs a day, and says what became of it.
func (c rollupCommand) put(ctx context.Context, log *logbook.Log, d ledger.Closing, now time.Time) (rolledUpDay, error) {
	r := d.Rollup
	day := rolledUpDay{
		Date: r.Date, Expected: r.ExpectedHb, Written: r.WrittenHb, Missed: r.MissedHb,
		Broken: d.Broken, Forged: d.Forged, Became: "unchanged",
	}
	switch {
	case d.Shrunk && !d.Changed:
		day.Became = "kept: documents that it counted are gone"
	case d.Changed && c.DryRun:
		day.Became = "would be written"
	case d.Changed:
		day.Became = "written"
		_, err := log.Append(ctx, logbook.Addition{Now: now, Lines: d.Lines, Broken: d.Broken, Rollups: []logbook.Rollup{{Rollup: r, Version: d.Version}}})
		return day, err
	}
	return day, nil
}

// rolledUp is what became of the days.
type rolledUp struct {
	DryRun bool          `json:"dryRun"`
	Days   []rolledUpDay `json:"days"`

	none string // what to say where there is no day
}

type rolledUpDay struct {
	Date     string `json:"date"`
	Expected int64  `json:"expected"`
	Written  int64  `json:"written"`
	Missed   int64  `json:"missed"`
	Became   string `json:"became"`
	// Broken counts the beats that do not follow on those before them, and Forged says
	// that the rollup was not the one that was logged.
	Broken int64 `json:"broken"`
	Forged bool  `json:"forged"`
}

func (r rolledUp) text(out io.Writer) error {
	var b strings.Builder
	if len(r.Days) == 0 {
		b.WriteString(r.none + "\n")
	}
	for _, d := range r.Days {
		fmt.Fprintf(&b, "%s  expected %d, written %d, missed %d, %s  %s\n", visible.Line(d.Date, maxLine), d.Expected, d.Written, d.Missed, hundredths(d.Written, d.Expected), d.Became)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func (d rolledUpDay) complain(s surroundings) {
	if d.Broken > 0 {
		s.complain(fmt.Errorf("%s: %d beats do not follow on those before them", d.Date, d.Broken))
	}
	if d.Forged {
		s.complain(fmt.Errorf("%s: its rollup is not the one that was logged", d.Date))
	}
}

// hundredths shows part of whole, cut: one missed slot of 86,400 is not 100.00 %.
func hundredths(part, whole int64) string {
	if whole <= 0 {
		return "no slot"
	}
	cut := part * 10_000 / whole
	return fmt.Sprintf("%d.%02d %%", cut/100, cut%100)
}
