package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/outfile"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/report"
)

// reportCommand says how a window was.
type reportCommand struct {
	storeFlags    `embed:""`
	intervalFlags `embed:""`
	windowFlags   `embed:""`

	Format    string `enum:"markdown,json,html" default:"markdown" help:"markdown, json or html."`
	Out       string `short:"o" type:"path" placeholder:"FILE" help:"Write into a file; standard output unless given, or -."`
	FromBeats bool   `help:"Read every day from its beats, and compare whole days with their rollups."`
	Strict    bool   `help:"End with code 1 where the verdict is FAIL, and 2 where there is none: no data, or a window that is known in part."`
}

// Help is what longctl report --help says beside the flags.
func (reportCommand) Help() string {
	return `Coverage, gaps with their causes, the error budget, instances, probes, incidents,
MTTR and MTBF of a window, a verdict against the target for its length, and how to
re-derive each number by hand. Targets and planned maintenance are those of the
settings. Whole days are read from their rollups. Without a window it is of
the last 7 days.

Examples:

    longctl report
    longctl report --window 36h
    longctl report --window 30d --format html --out report.html
    longctl report --window 2025-12-29/2025-12-30 --from-beats
    longctl report --store firestore:my-project --window 24h --format json --strict`
}

// Run reports.
func (c reportCommand) Run(ctx context.Context, s surroundings) error {
	now := time.Now()
	w, err := c.read(now, 7*24*time.Hour)
	if err != nil {
		return err
	}
	to, err := outfile.New(c.Out)
	if err != nil {
		return usageError{fmt.Errorf("--out: %w", err)}
	}
	_, l, end, err := c.openToRead(ctx)
	if err != nil {
		return err
	}
	defer end()
	p := newProgress(s.err)
	defer p.end()
	interval, err := c.interval(ctx, l)
	if err != nil {
		return err
	}
	settings, _, err := l.Settings(ctx, interval)
	if bad, ok := errors.AsType[*ledger.DocumentError](err); ok {
		s.complain(fmt.Errorf("the settings are not usable, the defaults hold: %w", bad))
	} else if err != nil {
		return err
	}
	survey, err := l.Survey(ctx, w, interval, now, &ledger.SurveyOptions{
		FromBeats: c.FromBeats, Progress: func(done, days int) { p.show("%d of %d days read", done, days) },
	})
	p.end()
	if err != nil {
		return err
	}
	r := report.New(survey, report.OptionsOf(settings))
	if err := c.write(s, r, to); err != nil {
		return err
	}
	switch {
	case c.Strict && r.Judgement.Outcome == report.Fail:
		return exitError(1)
	case c.Strict && r.Judgement.Outcome != report.Pass:
		return exitError(2)
	}
	return nil
}

func (c reportCommand) write(s surroundings, r report.Report, to *outfile.File) error {
	var data []byte
	var err error
	switch c.Format {
	case "json":
		data, err = r.JSON()
	case "html":
		data, err = r.HTML()
	default:
		data = []byte(r.Markdown())
	}
	if err != nil {
		return err
	}
	if to == nil {
		_, err = s.out.Write(data)
		return err
	}
	if err := to.Write(data); err != nil {
		return err
	}
	fmt.Fprintf(s.err, "%s written, %d bytes: %s\n", c.Out, len(data), r.Judgement.Outcome)
	return nil
}

// intervalFlags say how long a slot is.
type intervalFlags struct {
	Interval time.Duration `placeholder:"DURATION" help:"The length of a slot; what the documents say unless given."`
}

func (f intervalFlags) interval(ctx context.Context, l *ledger.Ledger) (time.Duration, error) {
	if f.Interval == 0 {
		return l.Interval(ctx)
	}
	if err := longrun.ValidateInterval(f.Interval); err != nil {
		return 0, usageError{fmt.Errorf("--%w", err)}
	}
	return f.Interval, nil
}
