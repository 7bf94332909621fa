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

	What   string `arg:"" enum:"gaps,incidents,probes" help:"gaps, incidents or probes."`
	Format string `enum:"csv,text,json" default:"csv" help:"csv, which is text, or json: one object with the documents."`
	Out    string `short:"o" type:"path" placeholder:"FILE" help:"Write into a file; standard output unless given, or -."`
}

// Help is what longctl export --help says beside the flags.
func (exportCommand) Help() string {
	return `CSV with a head of column names, in the order of time; without a window it is of the
last 30 days. No cell is a formula to a spreadsheet. At most 100,000 rows are
written, and a last row that begins with # says what is left out.

Examples:

    longctl export gaps --window 90d --out gaps.csv
    longctl export probes --from 2025-12-29 --to 2026-01-05
    longctl export incidents --window 365d
    longctl export gaps --format json`
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
		return export(c, out, w, table.IncidentColumns(), documents(l.Incidents(ctx, page)), table.Incident)
	case "probes":
		return export(c, out, w, table.ProbeColumns(), documents(l.Probes(ctx, page)), table.Probe)
	}
	interval, err := c.interval(ctx, l)
	if err != nil {
		return err
	}
	survey, err := l.Survey(ctx, w, interval, now, nil)
	if err != nil {
		return err
	}
	gaps := func(yield func(longrun.Gap, error) bool) {
		for _, g := range survey.Summary.Coverage.Gaps {
			if !yield(g, nil) {
				return
			}
		}
	}
	return export(c, out, w, table.GapColumns(), gaps, table.Gap)
}

// documents are the values of entries.
func documents[T any](entries iter.Seq2[ledger.Entry[T], error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for e, err := range entries {
			if !yield(e.Value, err) {
				return
			}
		}
	}
}

// list is what is exported as JSON.
type list struct {
	What string    `json:"what"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	Rows []any     `json:"rows"`
	// Undecodable counts the documents that are left out, and More says that there are
	// more rows than these.
	Undecodable int64 `json:"undecodable"`
	More        bool  `json:"more"`
}

// export writes what a list has, row by row; JSON, when it is whole.
func export[T any](c exportCommand, out io.Writer, w longrun.Window, columns table.Row, values iter.Seq2[T, error], row func(T) table.Row) error {
	l := list{What: c.What, From: w.From, To: w.To}
	t := table.NewWriter(out, columns, 0)
	add := func(v T) bool { return t.Add(row(v)) }
	if c.Format == "json" {
		add = func(v T) bool {
			if len(l.Rows) == table.MaxRows {
				return false
			}
			l.Rows = append(l.Rows, v)
			return true
		}
	}
	for v, err := range values {
		if _, mangled := errors.AsType[*ledger.DocumentError](err); mangled {
			t.Undecodable()
			l.Undecodable++
			continue
		}
		if err != nil {
			return err
		}
		if !add(v) {
			t.More("ask for a shorter window")
			l.More = true
			break
		}
	}
	if c.Format == "json" {
		return output.JSON(out, l)
	}
	return t.Close()
}
