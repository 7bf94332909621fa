package closing

import (
	"context"
	"crypto/ed25519"
	"log/slog"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
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

// find tells once in a lead of the batch that the log goes on from. One that the key
// did not sign is nobody's to vouch for.
func (c *Closing) find(ctx context.Context, p *progress) error {
	if c.Found == nil || p.found {
		return nil
	}
	ctx, cancel := deadline.With(ctx, c.Clock, room.StoreTimeout)
	defer cancel()
	newest, err := p.log.Newest(ctx)
	if err != nil {
		return err
	}
	p.found = true
	if newest.Number == 0 {
		return nil
	}
	if len(c.EvidenceKey) > 0 {
		public, _ := c.EvidenceKey.Public().(ed25519.PublicKey) // what an Ed25519 key returns
		if _, err := evidence.VerifyCheckpoint(newest.Checkpoint, public); err != nil {
			c.Log.Changed(ctx, slog.LevelWarn, "checkpoint", newest.Checkpoint, "the newest checkpoint of the evidence is not signed by this instance's key, and is not handed on", "batch", newest.Number, "error", spawn.Text(err))
			return nil
		}
	}
	c.Found(newest)
	return nil
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
