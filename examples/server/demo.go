package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/examples/internal/demo"
	"github.com/seed-13dc028d/longwatch/examples/internal/stores"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
	"github.com/seed-13dc028d/longwatch/store"
)

// demonstrate sets what -demo has other defaults for: nothing is kept, and all of
// it is quick.
func (c *config) demonstrate() {
	c.demo, c.deadline = true, 5*time.Second
	if c.Store == stores.Default {
		c.Store = "memory:"
	}
	if c.Interval == 0 {
		c.Interval = 5 * time.Second
	}
	if c.WhatsApp.ProbeEvery == 0 {
		c.WhatsApp.ProbeEvery = time.Minute
	}
}

// openDemo starts the demonstration's server, with an account that is watched by real
// probes.
func openDemo(c config, logger *slog.Logger) (*whatsapp, error) {
	w := &whatsapp{}
	if c.WhatsApp.ownedByLeader() {
		w.owner = newOwner(c, logger)
	}
	d, err := demo.Start(&demo.Options{Owner: w.owner, Pace: c.pace, Clock: c.clock})
	if err != nil {
		return nil, err
	}
	w.demo, w.accounts, w.clients, w.close = d, d.Accounts(), d.Clients(), d.Close
	if err := w.own(); err != nil {
		d.Close()
		return nil, fmt.Errorf("demo: %w", err)
	}
	w.probes = d.Probes(func(account, sender *whatsmeow.Client, to types.JID, host *whatsappprobe.Host) []monitor.Probe {
		return probesOf(account, sender, to, probeOptions{host: host, every: c.WhatsApp.ProbeEvery, burst: 10_000, clock: c.clock})
	})
	for i := range w.probes {
		// Quick, so that a person can watch; a real account is probed in hours.
		p := &w.probes[i]
		p.Retry, p.Settle, p.Deadline, p.Confirm = c.WhatsApp.ProbeEvery, time.Second, c.deadline, 2*time.Second
	}
	return w, nil
}

// prepareDemo gives the monitor what the demonstration has otherwise, and the store its
// settings, where there are none.
func (w *whatsapp) prepareDemo(ctx context.Context, cfg *monitor.Config, st store.Store) error {
	cfg.Alerter, cfg.MemoryLimit = w.demo.Alerter(cfg.Alerter), w.demo.MemoryLimit()
	book, err := ledger.New(st, cfg.Root)
	if err != nil {
		return err
	}
	return demo.Store(ctx, book, cfg.Interval)
}

// nowhere takes all messages.
var nowhere = alert.Func(func(context.Context, alert.Message) error { return nil })

// serveDemo shows the demonstration at base, and says so.
func (w *whatsapp) serveDemo(mux *http.ServeMux, m *monitor.Monitor, out io.Writer, base string, keys bool) {
	w.demo.Watch(m.Status)
	mux.Handle("GET /demo", w.demo)
	mux.Handle("POST /demo/{fault}", http.NewCrossOriginProtection().Handler(w.demo))
	fmt.Fprint(out, demo.Greeting(base, adminhttp.DefaultPrefix, keys))
}
