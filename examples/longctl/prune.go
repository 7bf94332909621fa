package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/exit"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/output"
	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/retention"
	"github.com/seed-13dc028d/longwatch/store"
)

// pruneCommand deletes what is no longer kept.
type pruneCommand struct {
	storeFlags     `embed:""`
	logFlags       `embed:""`
	output.Options `embed:""`

	Keep   map[string]int64 `placeholder:"COLLECTION=DAYS" help:"Keep a collection for so many days, instead of what the live settings say: heartbeats=90. May be given several times."`
	DryRun bool             `short:"n" help:"Count what would be deleted, and delete nothing."`
}

// Help is what longctl prune --help says beside the flags.
func (pruneCommand) Help() string {
	return `The leader does this by itself, as the live settings say (retentionDays; nothing is
deleted where they say nothing). No day goes before it has a sound rollup, and its
documents are in the log of evidence, which is told of it first: so reports and
evidence stand. It needs the leader's lease, so no instance may run meanwhile.

Examples:

    longctl prune --dry-run
    longctl prune --dry-run --keep heartbeats=90 --keep probes=180
    longctl prune`
}

// Run prunes.
func (c pruneCommand) Run(ctx context.Context, s surroundings) error {
	open := c.open
	if c.DryRun {
		open = c.openToRead
	}
	st, l, end, err := open(ctx)
	if err != nil {
		return err
	}
	defer end()
	settings, _, err := l.Settings(ctx, longrun.DefaultInterval)
	if err != nil {
		return err
	}
	if len(c.Keep) > 0 {
		settings.RetentionDays = c.Keep
		if err := settings.Validate(); err != nil {
			return exit.Usage(fmt.Errorf("--keep: %w", err))
		}
	}
	if len(settings.RetentionDays) == 0 {
		return c.Show(s.out, prunedStore{DryRun: c.DryRun}, func(out io.Writer) error {
			_, err := fmt.Fprintln(out, "everything is kept: the live settings have no retentionDays, and no --keep is given")
			return err
		})
	}
	p := newProgress(s.err)
	defer p.end()
	total := 0
	now := time.Now()
	o, err := c.options()
	if err != nil {
		return err
	}
	var pruned retention.Pruned
	err = writing(ctx, st, l, o, c.DryRun, func(ctx context.Context, log *logbook.Log, commit func(context.Context, []store.Op) error) error {
		w := retention.Writer{
			Logged: log.Logged,
			Mark: func(ctx context.Context, marks []logbook.Rollup) error {
				if c.DryRun {
					return ctx.Err()
				}
				_, err := log.Append(ctx, logbook.Addition{Now: now, Rollups: marks})
				return err
			},
			Delete: func(ctx context.Context, ops []store.Op) error {
				total += len(ops)
				p.show("%d documents", total)
				return commit(ctx, ops)
			},
		}
		var err error
		pruned, err = retention.Prune(ctx, l, settings, now, w)
		return err
	})
	p.end()
	became := prunedStore{DryRun: c.DryRun}
	for _, collection := range slices.Sorted(maps.Keys(pruned.Counts)) {
		became.Collections = append(became.Collections, prunedCollection{
			Collection: collection, KeepDays: settings.RetentionDays[string(collection)], Deleted: pruned.Counts[collection], Kept: pruned.Kept[collection],
		})
	}
	if errors.Is(err, context.Canceled) {
		err = errors.New("broken off; what is deleted is deleted, and the rest is for the next time")
	}
	return errors.Join(c.Show(s.out, became, became.text), err)
}

// prunedStore is what became of the collections.
type prunedStore struct {
	DryRun      bool               `json:"dryRun"`
	Collections []prunedCollection `json:"collections"`
}

type prunedCollection struct {
	Collection ledger.Collection `json:"collection"`
	KeepDays   int64             `json:"keepDays"`
	// Deleted counts what is, or in a dry run would be; Kept is why the rest is not.
	Deleted int64  `json:"deleted"`
	Kept    string `json:"kept"`
}

func (p prunedStore) text(out io.Writer) error {
	verb := "deleted"
	if p.DryRun {
		verb = "would be deleted"
	}
	var b strings.Builder
	for _, c := range p.Collections {
		fmt.Fprintf(&b, "%-10s  kept for %d days, %d %s%s\n", c.Collection, c.KeepDays, c.Deleted, verb, because(c.Kept))
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return "; the rest is kept: " + visible.Line(why, maxLine)
}
