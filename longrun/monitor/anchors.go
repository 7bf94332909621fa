package monitor

import (
	"context"

	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/anchoring"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/closing"
)

// keepers are who keeps checkpoints of the evidence outside.
func (m *Monitor) keepers() (keepers []anchoring.Keeper) {
	if keep := m.cfg.Anchor; keep != nil {
		keepers = append(keepers, anchoring.Keeper{
			Name: "Anchor", Keep: func(ctx context.Context, c anchoring.Checkpoint) error { return keep(ctx, c.Text) },
		})
	}
	if m.cfg.AnchorAlerts {
		keepers = append(keepers, anchoring.Keeper{
			Name: "the alerter, of a checkpoint", Daily: true,
			Keep: func(ctx context.Context, c anchoring.Checkpoint) error { return m.channel.Checkpoint(ctx, c.Text) },
		})
	}
	return keepers
}

// closingOptions are those of the room that makes checkpoints.
func (m *Monitor) closingOptions() closing.Options {
	o := closing.Options{
		Origin: m.cfg.origin(), EvidenceKey: m.cfg.EvidenceKey, Trusted: m.store.Time().Trusted, Rolled: m.measures.Day,
		Logged: func(b evidence.Batch) {
			m.anchors.Tell(anchoring.Checkpoint{Text: b.Checkpoint, At: b.TS})
			m.cosigning.Tell(b)
		},
	}
	if m.cfg.Anchor != nil || m.cfg.Alerter != nil || len(m.cfg.Cosigners) > 0 { // else it would be a read for nobody
		o.Found = func(b evidence.Batch) {
			m.anchors.Tell(anchoring.Checkpoint{Text: b.Checkpoint, At: b.TS, Found: true})
			m.cosigning.Tell(b)
		}
	}
	return o
}
