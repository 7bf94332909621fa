package live

import (
	"context"
	"io"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// Runs lists the runs of instances.
type Runs struct {
	ListFlags `embed:""`
}

// Help is what longctl runs --help says beside the flags.
func (Runs) Help() string {
	return `A run is one process of an instance, from its start to its end.

Examples:

    longctl runs
    longctl runs --window 7d --format json`
}

// Run lists.
func (c Runs) Run(ctx context.Context, out io.Writer) error {
	return list(ctx, c.ListFlags, out, "runs", nil, []string{"START", "INSTANCE", "ENDED", "COMMIT", "VERSION"}, func(r longrun.Run) []string {
		return []string{instant(r.TS), or(r.InstanceID), or(r.Ended), or(r.CommitHash), or(r.Version)}
	})
}
