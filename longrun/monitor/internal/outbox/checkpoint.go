package outbox

import (
	"context"
	"errors"
	"strings"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/longrun"
)

// errBusy says that another message is under way.
var errBusy = errors.New("the channel is busy")

// anchored is a message with the newest checkpoint of the evidence beside it.
func (c *Channel) anchored(m alert.Message) alert.Message {
	if c.options.Checkpoint != nil && m.Checkpoint == "" {
		m.Checkpoint = c.options.Checkpoint()
	}
	return m
}

// Checkpoint sends a checkpoint of the evidence to people, to be kept, once, if the
// channel has time for it: alerts go first. The error is a *QuietError where it asked
// to be left alone, and else the channel's: it was not sent, or that is not known.
func (c *Channel) Checkpoint(ctx context.Context, text string) error {
	now := c.Clock.Now().UTC()
	return c.once(ctx, alert.Message{
		Kind: alert.Checkpoint, Service: c.options.Service, Zone: c.options.Zone, Since: now, Summary: "of the evidence, to be kept: longctl verify evidence --anchor holds the store against it",
		Instance: c.Self.InstanceID, Commit: c.Self.CommitHash, Key: "#checkpoint-" + longrun.RollupID(now), Details: strings.Split(strings.TrimSuffix(text, "\n"), "\n"), Checkpoint: text,
	})
}
