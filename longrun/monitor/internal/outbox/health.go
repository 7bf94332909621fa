package outbox

import (
	"context"
	"errors"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
)

// maxQuiet is the longest that a channel may ask to be left alone. Three hours
// have been seen.
const maxQuiet = 6 * time.Hour

// ChannelStatus is how the way to people is, as this instance saw it.
type ChannelStatus struct {
	// Configured is false where there is no Alerter: messages stand in the log.
	Configured bool
	// LastSent and LastFailed are when a message was last taken and last was not;
	// zero when never.
	LastSent, LastFailed time.Time
	// Failing is since when none was taken, from the first one that was not; zero
	// when the newest was.
	Failing time.Time
	// LastError is why the newest message was not sent; empty when it was. Class is
	// that in a word: "refused" for good, "quiet" where the channel asked to be left
	// alone, "late", or "failed".
	LastError, Class string
	// Permanent tells that it is no use to try again before somebody mends it.
	Permanent bool
	// QuietUntil is until when the channel asked to be left alone.
	QuietUntil time.Time
	// Channels are how each is of those among which an *alert.Router chooses; none where
	// the Alerter is none.
	Channels []alert.ChannelHealth
}

// Broken are those of several channels that did not take the newest message they were
// asked to, in their order.
func (s ChannelStatus) Broken() (broken []alert.ChannelHealth) {
	for _, one := range s.Channels {
		if one.LastError != "" {
			broken = append(broken, one)
		}
	}
	return broken
}

// Status is how the channel is.
func (c *Channel) Status() ChannelStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	status := c.health
	if router, ok := c.options.Alerter.(*alert.Router); ok && router != nil {
		status.Channels = router.Channels()
		for i, one := range status.Channels {
			status.Channels[i].Name = hostcall.Line(one.Name, maxError)
			status.Channels[i].LastError = hostcall.Line(one.LastError, hostcall.MaxText)
		}
	}
	return status
}

// pauseOf returns for how long the channel asked to be left alone, if that is
// what the error says.
func pauseOf(err error) (time.Duration, bool) {
	wait, ok := errors.AsType[*alert.RetryAfterError](err)
	if !ok {
		return 0, false
	}
	return min(max(wait.After, 0), maxQuiet) + time.Second, true
}

// QuietFor returns how long the channel is to be left alone still.
func (c *Channel) QuietFor(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return leftOf(c.health.QuietUntil, now)
}

// leftOf is how long it is until then; nothing where the clock was set back.
func leftOf(until, now time.Time) time.Duration {
	left := until.Sub(now)
	if left > maxQuiet+time.Minute {
		return 0
	}
	return max(left, 0)
}

// hush has the channel left alone, as another leader was asked to.
func (c *Channel) hush(until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.health.QuietUntil = room.Latest(c.health.QuietUntil, until)
}

// note keeps how the channel is.
func (c *Channel) note(ctx context.Context, err error) {
	now := c.Clock.Now().UTC()
	c.mu.Lock()
	c.keep(now, err)
	if err == nil {
		c.health.QuietUntil = time.Time{}
	} else if pause, ok := pauseOf(err); ok {
		c.health.QuietUntil = room.Latest(c.health.QuietUntil, now.Add(pause))
	}
	permanent := c.health.Permanent
	c.mu.Unlock()
	c.sayHealth(ctx, err, permanent)
}

// keep takes what became of a message into the health, under the lock.
func (c *Channel) keep(now time.Time, err error) {
	h := &c.health
	if err == nil || alert.IsPartial(err) {
		c.taken++
		h.LastSent = now
	}
	if err == nil {
		h.LastError, h.Class, h.Permanent, h.Failing = "", "", false, time.Time{}
		return
	}
	h.LastFailed, h.LastError, h.Class, h.Permanent = now, hostcall.Text(err), classOf(err), alert.IsPermanent(err)
	if h.Failing.IsZero() {
		h.Failing = now
	}
}

// classOf names the kind of a failure, in words that anyone may read.
func classOf(err error) string {
	if _, asked := pauseOf(err); asked {
		return "quiet"
	}
	if alert.IsPermanent(err) {
		return "refused"
	}
	switch hostcall.ClassOf(err) {
	case "late", "busy":
		return "late"
	}
	return "failed"
}
