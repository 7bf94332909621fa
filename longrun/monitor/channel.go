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
)

// channelGrace is how long after its deadline the channel is waited for.
const channelGrace = time.Second

// channel is the host's way to people, one message at a time: it may hang, fail
// or panic.
type channel struct {
	alerter alert.Alerter
	caller  *caller
	tests   *caller
	clock   clock.Clock
	once    *once

	mu     sync.Mutex
	health ChannelStatus
}

func newChannel(cfg Config, o *once) *channel {
	c := &channel{
		alerter: cfg.Alerter, clock: cfg.Clock, once: o, health: ChannelStatus{Configured: cfg.Alerter != nil},
		caller: newCaller("the alerter", cfg.AlertTimeout, cfg.Clock), tests: newCaller("the alerter", cfg.AlertTimeout, cfg.Clock),
	}
	c.caller.grace, c.tests.grace = channelGrace, channelGrace
	if c.alerter == nil {
		logger := cfg.Logger
		c.alerter = alert.Func(func(ctx context.Context, m alert.Message) error {
			logger.WarnContext(ctx, "alert", "kind", string(m.Kind), "key", m.Key, "text", m.Text())
			return nil
		})
	}
	return c
}

// patience is how long a sending may take at most.
func (c *channel) patience() time.Duration { return c.caller.timeout + 2*c.caller.grace }

func (c *channel) send(ctx context.Context, m alert.Message) error {
	return c.by(ctx, c.caller, m)
}

func (c *channel) by(ctx context.Context, by *caller, m alert.Message) error {
	err := by.call(ctx, func(ctx context.Context) error {
		err := c.alerter.Alert(ctx, m)
		if errors.Is(err, context.Canceled) && errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
			return &lateError{by.name, by.timeout} // the clock's deadlines look like that to it
		}
		return err
	})
	c.note(ctx, err)
	return err
}

// note keeps how the channel is.
func (c *channel) note(ctx context.Context, err error) {
	now := c.clock.Now().UTC()
	c.mu.Lock()
	h := &c.health
	h.QuietUntil = time.Time{}
	if err == nil {
		h.LastSent, h.LastError, h.Permanent = now, "", false
	} else {
		h.LastFailed, h.LastError, h.Permanent = now, publicText(err), alert.IsPermanent(err)
		if wait, ok := errors.AsType[*alert.RetryAfterError](err); ok {
			h.QuietUntil = now.Add(wait.After)
		}
	}
	text, permanent := h.LastError, h.Permanent
	c.mu.Unlock()
	switch {
	case err == nil:
		if c.once.over("channel") {
			c.once.logger.InfoContext(ctx, "alerts can be sent again")
		}
	case permanent:
		c.once.report(ctx, slog.LevelError, "channel", text, "alerts cannot be sent until somebody mends it", "error", text)
	default:
		c.once.report(ctx, slog.LevelWarn, "channel", text, "an alert was not sent, it is tried again", "error", text)
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
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return errors.New("is no URL that begins with http:// or https://")
	case u.User != nil || u.RawQuery != "":
		return errors.New("has a user or a query: messages must not carry secrets")
	}
	return nil
}

// accountName is how incidents and messages call an account.
func (m *Monitor) accountName(id string) string {
	if len(id) < 7 { // nothing to hide in so few
		return id
	}
	return m.names.of(id)
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
	clean := publicLine(id, maxTarget)
	n.clean[id] = clean
	return clean
}
