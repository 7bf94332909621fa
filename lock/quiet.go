package lock

import (
	"context"
	"log/slog"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
)

// quiet is a host's slog.Handler whose panics harm nobody: it is called from
// timers and from the renewal, where a panic would end the process.
type quiet struct{ slog.Handler }

// Enabled implements slog.Handler.
func (q quiet) Enabled(ctx context.Context, level slog.Level) (enabled bool) {
	_ = spawn.Guard("the logger", func() error {
		enabled = q.Handler.Enabled(ctx, level)
		return nil
	})
	return enabled
}

// Handle implements slog.Handler.
func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	return spawn.Guard("the logger", func() error { return q.Handler.Handle(ctx, r) })
}
