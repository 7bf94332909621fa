package live

import (
	"context"
	"io"
	"strconv"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// Heartbeats lists beats.
type Heartbeats struct {
	ListFlags `embed:""`
}

// Help is what longctl heartbeats --help says beside the flags.
func (Heartbeats) Help() string {
	return `Examples:

    longctl heartbeats --limit 5
    longctl heartbeats --window 2025-12-29T22:00:00Z/2025-12-29T23:00:00Z
    longctl heartbeats --server http://127.0.0.1:8080 --format json`
}

// Run lists.
func (c Heartbeats) Run(ctx context.Context, out io.Writer) error {
	return list(ctx, c.ListFlags, out, "heartbeats", nil, []string{"TIME", "INSTANCE", "HEALTHY", "CONNECTED", "EPOCH", "COMMIT"}, beatRow)
}

// beat is a heartbeat as the server shows it.
type beat struct {
	longrun.Heartbeat
	Healthy *bool `json:"healthy"` // nil: the document does not say it
}

func beatRow(h beat) []string {
	health := "–"
	if h.Healthy != nil {
		health = yes(*h.Healthy)
	}
	return []string{instant(h.TS), or(h.InstanceID), health, strconv.FormatInt(h.ConnectedCount, 10), strconv.FormatInt(h.Epoch, 10), or(h.CommitHash)}
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
