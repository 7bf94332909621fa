package closing

import (
	"context"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
)

// log is the log of evidence as a lead goes on with it.
func (c *Closing) log(lead leading.Lead) *logbook.Log {
	return logbook.New(c.Ledger, lead, logbook.Options{
		Origin: c.Origin, Key: c.EvidenceKey, By: c.Self.InstanceID, Added: c.Logged,
		Anew: func(ctx context.Context, tree string, why error) {
			c.Log.ErrorContext(ctx, "the log of evidence cannot be gone on with, and another one begins", "tree", tree, "reason", spawn.Text(why))
		},
	})
}

// append logs what cannot be taken back: it asks the clock once more, as commit does.
func (c *Closing) append(ctx context.Context, p *progress, a logbook.Addition) ([]longrun.Rollup, error) {
	if _, err := c.Trusted(); err != nil {
		return nil, err
	}
	ctx, cancel := deadline.With(ctx, c.Clock, 2*room.StoreTimeout)
	defer cancel()
	return p.log.Append(ctx, a)
}
