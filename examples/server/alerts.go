package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	_ "time/tzdata" // containers often have none

	"github.com/seed-13dc028d/longwatch/alert/webhookalert"
	"github.com/seed-13dc028d/longwatch/examples/internal/channels"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
)

// alertsConfig is the part of the environment that is about telling people.
type alertsConfig struct {
	channels.Config
	// Ping is called after each stored beat, so that someone outside notices
	// when nobody calls it any more.
	Ping string `env:"LONGRUN_PING_URL"`
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
	_, pingErr := c.deadMan(nil)
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

// deadMan returns what to do after each stored beat: nothing unless someone
// outside waits for a call.
func (c *config) deadMan(logger *slog.Logger) (func(context.Context, longrun.Heartbeat), error) {
	if c.Alerts.Ping == "" {
		return nil, nil
	}
	ping, err := webhookalert.NewPing(c.Alerts.Ping, nil)
	if err != nil {
		return nil, fmt.Errorf("LONGRUN_PING_URL: %w", err)
	}
	failing := false // AfterBeat is one call at a time
	return func(ctx context.Context, _ longrun.Heartbeat) {
		err := ping.Beat(ctx)
		if failing != (err != nil) {
			failing = err != nil
			if failing {
				logger.WarnContext(ctx, "the dead-man switch cannot be reached", "error", err)
			} else {
				logger.InfoContext(ctx, "the dead-man switch is reached again")
			}
		}
	}, nil
}
