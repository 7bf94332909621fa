package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe/httpprobe"
)

// doorConfig is the part of the environment that is about a door of the host's own: a URL
// that answers where all is well.
type doorConfig struct {
	URL   string        `env:"LONGRUN_PROBE_URL"`
	Every time.Duration `env:"LONGRUN_PROBE_EVERY"`
}

// doorEvery is how often a door is tried where nobody says.
const doorEvery = 5 * time.Minute

// certificateLeft is how long before its end a door's certificate is trouble.
const certificateLeft = 7 * 24 * time.Hour

// probes are those of the door; none where there is none. The error has nothing of the
// URL in it.
func (c doorConfig) probes() ([]monitor.Probe, error) {
	if c.URL == "" {
		if c.Every != 0 {
			return nil, errors.New("LONGRUN_PROBE_EVERY is set and LONGRUN_PROBE_URL is not")
		}
		return nil, nil
	}
	var wrong error
	if c.Every == 0 {
		c.Every = doorEvery
	} else if err := (longrun.ProbeSchedule{Every: c.Every}).WithDefaults().Validate(); err != nil {
		wrong = fmt.Errorf("LONGRUN_PROBE_EVERY: %w", err)
	}
	p, err := httpprobe.New(c.URL, &httpprobe.Options{CertificateLeft: certificateLeft})
	if err != nil {
		wrong = errors.Join(wrong, errors.New("LONGRUN_PROBE_URL has not the form https://host/path"))
	}
	if wrong != nil {
		return nil, wrong
	}
	return []monitor.Probe{{Type: "http", Every: c.Every, Prober: p}}, nil
}

// checkDoor checks what can be told without asking anybody.
func (c *config) checkDoor() error {
	_, err := c.Door.probes()
	return err
}
