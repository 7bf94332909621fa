package outbox

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
)

// QuietError says that a message was not sent, since the channel has asked to be left
// alone. It is a *alert.RetryAfterError for errors.As.
type QuietError struct {
	// Until is when that ends.
	Until time.Time
	after alert.RetryAfterError
}

// Error implements error.
func (e *QuietError) Error() string {
	return fmt.Sprintf("nothing was sent: the channel has asked to be left alone until %s", e.Until.UTC().Format(time.RFC3339))
}

// Unwrap returns for how long that is.
func (e *QuietError) Unwrap() error { return &e.after }

// Test sends a message that says it is a test, now. It has a turn of its own and
// spends nothing of the messages that matter: where the channel answers that it is
// to be left alone, tests leave it alone and nobody else; and while it is left
// alone, a test is a *QuietError at once. Any other error is the channel's: the
// message was not sent, or it is not known.
func (c *Channel) Test(ctx context.Context) error {
	now := c.Clock.Now().UTC()
	c.mu.Lock()
	quiet := max(leftOf(c.health.QuietUntil, now), leftOf(c.testsUntil, now))
	c.mu.Unlock()
	if quiet > 0 {
		return &QuietError{Until: now.Add(quiet), after: alert.RetryAfterError{After: quiet}}
	}
	err := c.tests.Alert(ctx, c.anchored(alert.Message{
		Kind: alert.Test, Service: c.options.Service, Zone: c.options.Zone, Summary: "somebody asked for this message; nothing has happened", Since: now,
		Instance: c.Self.InstanceID, Commit: c.Self.CommitHash, Key: "#test-" + now.Format("20060102T150405"), Link: c.link(""),
	}))
	if err == nil || ctx.Err() == nil {
		c.noteTest(ctx, err)
		c.tellTook(err)
	}
	return err
}

// noteTest is note for a test. That tests are too many says nothing of the
// channel.
func (c *Channel) noteTest(ctx context.Context, err error) {
	now := c.Clock.Now().UTC()
	c.mu.Lock()
	if pause, asked := pauseOf(err); asked {
		c.testsUntil = room.Latest(c.testsUntil, now.Add(pause))
		c.mu.Unlock()
		return
	}
	c.keep(now, err)
	permanent := c.health.Permanent
	c.mu.Unlock()
	c.sayHealth(ctx, err, permanent)
}
