package main

import (
	"fmt"
	"log/slog"
	"net/http"

	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/promcollector"
)

// The ways to reach /metrics.
const (
	metricsToken = "token" // as the admin API
	metricsOpen  = "open"  // whoever reaches the server
)

// checkMetrics checks who may scrape.
func (c *config) checkMetrics() error {
	if c.Metrics != metricsToken && c.Metrics != metricsOpen {
		return fmt.Errorf("LONGRUN_METRICS: %.20q is neither %s nor %s", c.Metrics, metricsToken, metricsOpen)
	}
	return nil
}

// metrics is the page for Prometheus.
func (c *config) metrics(m *monitor.Monitor, logger *slog.Logger) (http.Handler, error) {
	collector, err := promcollector.New(m, promcollector.Options{})
	if err != nil {
		return nil, err
	}
	if c.Metrics == metricsOpen {
		return collector.Page(), nil
	}
	return adminhttp.Guard(collector.Page(), adminhttp.Options{Token: c.Token, Logger: logger, Clock: c.clock}), nil
}
