package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
	_ "time/tzdata" // containers often have none

	"github.com/seed-13dc028d/longwatch/alert/webhookalert"
	"github.com/seed-13dc028d/longwatch/examples/internal/channels"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
)

// alertsConfig is the part of the environment that is about telling people.
type alertsConfig struct {
	channels.Config
	// Ping is called after each stored beat, so that someone outside notices
	// when nobody calls it any more.
	Ping string `env:"LONGRUN_PING_URL"`
	// PingMethod is GET or POST. With POST the newest checkpoint of the evidence is its
	// body, which most of these services keep.
	PingMethod string `env:"LONGRUN_PING_METHOD"`
	// AnchorAlerts sends a checkpoint of the evidence a day to the same people as alerts.
	AnchorAlerts bool `env:"LONGRUN_ANCHOR_ALERTS"`
	// Service names what is watched, in every message, and Zone is the time zone of
	// the people who get them.
	Service string `env:"LONGRUN_SERVICE"`
	Zone    string `env:"LONGRUN_ZONE"`
	// BaseURL is where the server is found from outside, for links.
	BaseURL string `env:"LONGRUN_BASE_URL"`
}

// checkAlerts checks what can be told without calling anybody.
func (c *config) checkAlerts() error {
	_, _, err := c.Alerts.Open(slog.New(slog.DiscardHandler))
	pingErr := c.deadMan(&monitor.Config{}, nil)
	if c.Alerts.AnchorAlerts && c.Alerts.None() {
		err = errors.Join(err, errors.New("LONGRUN_ANCHOR_ALERTS: there is nobody to send a checkpoint to"))
	}
	_, zoneErr := c.zone()
	return errors.Join(err, pingErr, zoneErr)
}

// zone is where the people are who get messages; nil for UTC alone.
func (c *config) zone() (*time.Location, error) {
	if c.Alerts.Zone == "" {
		return nil, nil
	}
	zone, err := time.LoadLocation(c.Alerts.Zone)
	if err != nil || c.Alerts.Zone == "Local" {
		return nil, errors.New("LONGRUN_ZONE is no time zone such as Europe/Berlin")
	}
	return zone, nil
}

// adminURL is where messages link to.
func (c *config) adminURL() string {
	if c.Alerts.BaseURL == "" {
		return ""
	}
	return strings.TrimRight(c.Alerts.BaseURL, "/") + adminhttp.DefaultPrefix
}

// deadMan has someone outside called after each stored beat, if one waits for it. The
// call carries the newest checkpoint of the evidence, and the head of its chain: both
// are kept there, where nobody who can write the store can change them.
func (c *config) deadMan(cfg *monitor.Config, logger *slog.Logger) error {
	if c.Alerts.Ping == "" {
		if c.Alerts.PingMethod != "" {
			return errors.New("LONGRUN_PING_METHOD is set, and LONGRUN_PING_URL is not")
		}
		return nil
	}
	if m := c.Alerts.PingMethod; m != "" && m != http.MethodGet && m != http.MethodPost {
		return errors.New("LONGRUN_PING_METHOD is neither GET nor POST")
	}
	ping, err := webhookalert.NewPing(c.Alerts.Ping, &webhookalert.PingOptions{Method: c.Alerts.PingMethod})
	if err != nil {
		return fmt.Errorf("LONGRUN_PING_URL: %w", err)
	}
	var newest atomic.Value
	newest.Store("")
	cfg.Anchor = func(_ context.Context, checkpoint string) error {
		newest.Store(checkpoint + "\n")
		return nil
	}
	failing := false // AfterBeat is one call at a time
	cfg.AfterBeat = func(ctx context.Context, h longrun.Heartbeat) {
		checkpoint, _ := newest.Load().(string)
		err := ping.BeatWith(ctx, checkpoint+evidence.HeadOf(h).String()+"\n")
		if failing != (err != nil) {
			failing = err != nil
			if failing {
				logger.WarnContext(ctx, "the dead-man switch cannot be reached", "error", err)
			} else {
				logger.InfoContext(ctx, "the dead-man switch is reached again")
			}
		}
	}
	return nil
}
