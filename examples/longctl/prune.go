package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/exit"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/output"
	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/retention"
	"github.com/seed-13dc028d/longwatch/store"
)

// pruneCommand deletes what is no longer kept.
type pruneCommand struct {
	storeFlags      `embed:""`
	logFlags        `embed:""`
	output.FileFlag `embed:""`

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
		fmt.Fprintln(s.out, "everything is kept: the live settings have no retentionDays, and no --keep is given")
		return nil
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
	verb := "deleted"
	if c.DryRun {
		verb = "would be deleted"
	}
	for _, collection := range slices.Sorted(maps.Keys(pruned.Counts)) {
		fmt.Fprintf(s.out, "%-10s  kept for %d days, %d %s%s\n", collection, settings.RetentionDays[string(collection)], pruned.Counts[collection], verb, because(pruned.Kept[collection]))
	}
	if errors.Is(err, context.Canceled) {
		return errors.New("broken off; what is deleted is deleted, and the rest is for the next time")
	}
	return err
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return "; the rest is kept: " + visible.Line(why, maxLine)
}
