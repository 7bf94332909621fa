package monitor

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
)

// maxQuiet is the longest that a channel may ask to be left alone. Three hours
// have been seen.
const maxQuiet = 6 * time.Hour

// channel is the host's way to people, one message at a time: it may hang, fail
// or panic.
type channel struct {
	alerter *hostcall.Alerter
	tests   *hostcall.Alerter
	clock   clock.Clock
	log     *hostcall.Log
	turn    chan struct{} // full while somebody sends

	mu     sync.Mutex
	health ChannelStatus
}

func newChannel(cfg Config, log *hostcall.Log) *channel {
	c := &channel{clock: cfg.Clock, log: log, turn: make(chan struct{}, 1), health: ChannelStatus{Configured: cfg.Alerter != nil}}
	alerter := cfg.Alerter
	if alerter == nil {
		alerter = alert.Func(func(ctx context.Context, m alert.Message) error {
			log.WarnContext(ctx, "alert", "kind", string(m.Kind), "key", m.Key, "text", m.Text())
			return nil
		})
	}
	c.alerter = hostcall.NewAlerter(alerter, cfg.AlertTimeout, cfg.Clock)
	c.tests = hostcall.NewAlerter(alerter, cfg.AlertTimeout, cfg.Clock)
	return c
}

func (c *channel) callers() []*hostcall.Caller {
	return []*hostcall.Caller{c.alerter.Caller(), c.tests.Caller()}
}

// patience is how long a sending may take at most.
func (c *channel) patience() time.Duration { return c.alerter.Caller().Patience() }

// take takes the turn if nobody has it. Whoever took it sends, or gives it back.
func (c *channel) take() bool {
	select {
	case c.turn <- struct{}{}:
		return true
	default:
		return false
	}
}

func (c *channel) giveBack() { <-c.turn }

// send sends a message of whoever has the turn, and gives that back.
func (c *channel) send(ctx context.Context, m alert.Message) error {
	defer c.giveBack()
	return c.by(ctx, c.alerter, m)
}

func (c *channel) by(ctx context.Context, by *hostcall.Alerter, m alert.Message) error {
	err := by.Alert(ctx, m)
	if err == nil || ctx.Err() == nil {
		c.note(ctx, err)
	} // else whoever asked gave up, which says nothing of the channel
	return err
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

// quietFor returns how long the channel is to be left alone still.
func (c *channel) quietFor(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	left := c.health.QuietUntil.Sub(now)
	if left > maxQuiet+time.Minute {
		return 0 // the clock was set back
	}
	return max(left, 0)
}

// hush has the channel left alone, as another leader was asked to.
func (c *channel) hush(until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.health.QuietUntil = room.Latest(c.health.QuietUntil, until)
}

// note keeps how the channel is.
func (c *channel) note(ctx context.Context, err error) {
	now := c.clock.Now().UTC()
	c.mu.Lock()
	h := &c.health
	if err == nil {
		h.LastSent, h.LastError, h.Permanent, h.QuietUntil = now, "", false, time.Time{}
	} else {
		h.LastFailed, h.LastError, h.Permanent = now, hostcall.Text(err), alert.IsPermanent(err)
		if pause, ok := pauseOf(err); ok {
			h.QuietUntil = room.Latest(h.QuietUntil, now.Add(pause))
		}
	}
	text, permanent := h.LastError, h.Permanent
	c.mu.Unlock()
	switch {
	case err == nil:
		if c.log.Over("channel") {
			c.log.InfoContext(ctx, "alerts can be sent again")
		}
	case permanent:
		c.log.Once(ctx, slog.LevelError, "channel", "permanent", "alerts cannot be sent until somebody mends it", "error", text)
	default:
		c.log.Once(ctx, slog.LevelWarn, "channel", hostcall.ClassOf(err), "a message was not sent", "error", text)
	}
}

func (c *channel) status() ChannelStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.health
}

// TestAlert sends a message that says it is a test, now and from this instance,
// whether it leads or not. The error is the channel's: the message was not
// sent, or it is not known.
func (m *Monitor) TestAlert(ctx context.Context) error {
	now := m.cfg.Clock.Now().UTC()
	return m.alarms.channel.by(ctx, m.alarms.channel.tests, alert.Message{
		Kind: alert.Test, Summary: "somebody asked for this message; nothing has happened", Since: now,
		Instance: m.cfg.InstanceID, Commit: m.cfg.CommitHash, Key: "#test-" + now.Format("20060102T150405"), Link: m.link(""),
	})
}

// link leads to an incident, where the host has said where its pages are.
func (m *Monitor) link(incidentID string) string {
	if m.cfg.AdminURL == "" {
		return ""
	}
	base := strings.TrimRight(m.cfg.AdminURL, "/")
	if incidentID == "" {
		return base + "/"
	}
	return base + "/incidents/" + url.PathEscape(incidentID)
}

// validateAdminURL checks what messages link to.
func validateAdminURL(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return errors.New("is no URL") // its text may hold a secret
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return errors.New("is no URL that begins with http:// or https:// and a host")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery:
		return errors.New("has a user or a query: messages must not carry secrets")
	}
	return nil
}

// accountName is how incidents and messages call an account. Different accounts
// may have one name: then the name is what people hear of.
func (m *Monitor) accountName(id string) string {
	if isPlain(id) {
		return id
	}
	return m.names.of(id)
}

// isPlain reports that publicLine has nothing to change, as quickly as can be.
func isPlain(id string) bool {
	if len(id) > maxTarget {
		return false
	}
	digits := 0
	for _, c := range []byte(id) {
		if c >= '0' && c <= '9' {
			digits++
		} else if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return digits < 7
}

// names remembers how accounts are called, which every slot asks for.
type names struct {
	mu    sync.Mutex
	clean map[string]string
}

// maxNames bounds what is remembered.
const maxNames = 10_000

// maxTarget bounds a target: it is part of a document's ID.
const maxTarget = 120

func (n *names) of(id string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if clean, ok := n.clean[id]; ok {
		return clean
	}
	if len(n.clean) >= maxNames {
		clear(n.clean)
	}
	clean := hostcall.Line(id, maxTarget)
	n.clean[id] = clean
	return clean
}
