package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/exit"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/output"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/window"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/report/table"
)

// exportCommand writes lists for spreadsheets.
type exportCommand struct {
	storeFlags    `embed:""`
	intervalFlags `embed:""`
	window.Flags  `embed:""`

	What string `arg:"" enum:"gaps,incidents,probes" help:"gaps, incidents or probes."`
	Out  string `short:"o" type:"path" placeholder:"FILE" help:"Write into a file; standard output unless given, or -."`
}

// Help is what longctl export --help says beside the flags.
func (exportCommand) Help() string {
	return `CSV with a head of column names, in the order of time; without a window it is of the
last 30 days. No cell is a formula to a spreadsheet. At most 100,000 rows are
written, and a last row that begins with # says what is left out.

Examples:

    longctl export gaps --window 90d --out gaps.csv
    longctl export probes --from 2025-12-29 --to 2026-01-05
    longctl export incidents --window 365d`
}

// Run exports.
func (c exportCommand) Run(ctx context.Context, s surroundings) error {
	now := time.Now()
	w, err := c.Read(now, 30*24*time.Hour)
	if err != nil {
		return err
	}
	to, err := output.New(c.Out)
	if err != nil {
		return exit.Usage(fmt.Errorf("--out: %w", err))
	}
	_, l, end, err := c.openToRead(ctx)
	if err != nil {
		return err
	}
	defer end()
	fill := func(out io.Writer) error { return c.fill(ctx, l, w, now, out) }
	if to == nil {
		return fill(s.out)
	}
	return to.Fill(fill)
}

func (c exportCommand) fill(ctx context.Context, l *ledger.Ledger, w longrun.Window, now time.Time, out io.Writer) error {
	page := ledger.Page{From: w.From, To: w.To}
	switch c.What {
	case "incidents":
		return export(out, table.IncidentColumns(), l.Incidents(ctx, page), table.Incident)
	case "probes":
		return export(out, table.ProbeColumns(), l.Probes(ctx, page), table.Probe)
	}
	interval, err := c.interval(ctx, l)
	if err != nil {
		return err
	}
	survey, err := l.Survey(ctx, w, interval, now, nil)
	if err != nil {
		return err
	}
	t := table.NewWriter(out, table.GapColumns(), 0)
	for _, g := range survey.Summary.Coverage.Gaps {
		if !t.Add(table.Gap(g)) {
			t.More("ask for a shorter window")
			break
		}
	}
	return t.Close()
}

// export writes what a list reads, row by row.
func export[T any](out io.Writer, columns table.Row, entries iter.Seq2[ledger.Entry[T], error], row func(T) table.Row) error {
	t := table.NewWriter(out, columns, 0)
	for e, err := range entries {
		if _, mangled := errors.AsType[*ledger.DocumentError](err); mangled {
			t.Undecodable()
			continue
		}
		if err != nil {
			return err
		}
		if !t.Add(row(e.Value)) {
			t.More("ask for a shorter window")
			break
		}
	}
	return t.Close()
}
