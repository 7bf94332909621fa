// The reference server: it reads the environment, wires the parts, and stops
// when asked to. Everything else is the library's. Run it with
//
//	go run ./examples/server
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/caarlos0/env/v11"
	"golang.org/x/sync/errgroup"

	"github.com/seed-13dc028d/longwatch/examples/internal/build"
	"github.com/seed-13dc028d/longwatch/examples/internal/stores"
	"github.com/seed-13dc028d/longwatch/internal/redact"
	"github.com/seed-13dc028d/longwatch/internal/redirect"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
	"github.com/seed-13dc028d/longwatch/longrun/dashboard"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
)

func main() {
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, restore) // a second signal ends the process at once
	out := os.Stderr
	if slices.ContainsFunc(os.Args[1:], asksForWords) {
		out = os.Stdout // for a pager, or a script
	}
	os.Exit(run(ctx, os.Args[1:], env.ToMap(os.Environ()), terminal(os.Stdin), out))
}

// asksForWords reports whether what an argument asks for is all that the program says.
func asksForWords(arg string) bool {
	return slices.Contains([]string{"version", "h", "help"}, strings.TrimLeft(arg, "-"))
}

// run is the server between its environment and its exit code. keys is a terminal that
// people type at, nil where there is none.
func run(ctx context.Context, args []string, environment map[string]string, keys io.Reader, out io.Writer) int {
	asked := map[string]bool{}
	for _, arg := range args {
		word := strings.TrimLeft(arg, "-")
		if !slices.Contains([]string{"demo", "healthcheck", "version", "h", "help"}, word) {
			fmt.Fprintf(out, "unknown argument %q (server --help says what there is)\n", redact.Line(arg, 100))
			return 2
		}
		asked[word] = true
	}
	switch {
	case asked["h"], asked["help"]:
		fmt.Fprint(out, usage)
		return 0
	case asked["version"]:
		fmt.Fprintln(out, build.Line("server"))
		return 0
	case asked["healthcheck"]:
		return healthcheck(ctx, environment, out)
	}
	demo := asked["demo"]
	c, err := readConfig(environment, demo)
	if err != nil {
		misconfigured(out, err)
		return 2
	}
	if c.LogFormat == asText {
		c.keys = keys
	}
	logger := c.logger(out)
	err = serve(ctx, c, logger, out)
	var unusable *openError
	switch {
	case errors.As(err, &unusable):
		misconfigured(out, err)
		return 2
	case err != nil:
		logger.ErrorContext(ctx, "failed", "error", err)
		return 1
	}
	return 0
}

// openError says that what is configured cannot be opened.
type openError struct{ error }

// serve runs the monitor and the admin API until ctx ends.
func serve(ctx context.Context, c config, logger *slog.Logger, out io.Writer) error {
	st, closeStore, err := stores.Open(ctx, c.Store, c.EmulatorHost)
	if err != nil {
		return &openError{fmt.Errorf("LONGRUN_STORE: %w", err)}
	}
	defer closeStore()
	wa, err := openWhatsApp(ctx, c, logger)
	if err != nil {
		return &openError{err}
	}
	defer wa.close()
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("LONGRUN_ADDR: %w", err)
	}
	defer listener.Close()
	if host, _, err := net.SplitHostPort(listener.Addr().String()); err != nil || c.Token == "" && !adminhttp.Loopback(host) {
		return &openError{fmt.Errorf("ADMIN_TOKEN is required, since %s is not a loopback address", listener.Addr())} // whatever its name was
	}
	own := &http.Client{Timeout: 2 * time.Second}
	cfg := c.monitor(st)
	cfg.Logger = logger
	// Without accounts, this process is healthy while its own door opens.
	cfg.Status = func(ctx context.Context) (longrun.HostStatus, error) { return answers(ctx, own, listener.Addr()) }
	if len(wa.clients) > 0 {
		cfg.Status, cfg.Probes, cfg.Leading = wa.accounts.Status, wa.probes, wa.leading()
	}
	door, err := c.Door.probes()
	if err != nil {
		return &openError{err}
	}
	cfg.Probes = append(cfg.Probes, door...)
	alerter, to, err := c.Alerts.Open(logger)
	if err != nil {
		return &openError{err}
	}
	cfg.Alerter = alerter
	if wa.demo != nil {
		if c.keys != nil && c.Alerts.None() {
			cfg.Alerter, to = nowhere, "this terminal" // where Keys writes them
		}
		if err := wa.prepareDemo(ctx, &cfg, st); err != nil {
			return err
		}
	}
	cfg.AnchorAlerts = c.Alerts.AnchorAlerts
	if err = c.deadMan(&cfg, logger); err != nil {
		return &openError{err}
	}
	if cfg.Cosigners, err = c.cosigners(); err != nil {
		return &openError{err}
	}
	m, err := monitor.New(cfg)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	admin := adminhttp.New(m, adminhttp.Options{Token: c.Token, OpenBadge: c.OpenBadge, Logger: logger, Clock: c.clock})
	mux.Handle(adminhttp.DefaultPrefix+"/", admin)
	mux.Handle(adminhttp.DefaultPrefix, admin) // whose redirect to the index stays under a proxy's path
	if c.Token != "" {                         // links of messages that were sent before there were pages
		mux.Handle("GET "+adminhttp.DefaultPrefix+"/incidents/{id}", toPage(admin))
	}
	mux.Handle("GET /livez", adminhttp.Livez())
	mux.Handle("GET /readyz", adminhttp.Readyz(m))
	scrape, err := c.metrics(m, logger)
	if err != nil {
		return err
	}
	mux.Handle("GET /metrics", scrape)
	if err := c.serveWitness(ctx, mux, st, logger); err != nil {
		return &openError{err}
	}
	mux.Handle("/", dashboard.New(m, dashboard.Options{
		Token: c.Token, Service: c.Alerts.Service, Zone: cfg.Zone, API: strings.TrimPrefix(adminhttp.DefaultPrefix, "/") + "/", Clock: c.clock, Logger: logger,
	}))
	// Each open page of the dashboard has a connection of its own.
	server := adminhttp.Server(c.Addr, redirect.Clean(mux), adminhttp.Limits{Connections: 1024})
	c.greet(ctx, out, logger, m.Status(), to, listener.Addr())
	ctx, quit := context.WithCancel(ctx)
	defer quit()
	if wa.demo != nil {
		wa.serveDemo(mux, m, c.people(out), "http://"+reachable(listener.Addr()), c.keys != nil)
	}

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return m.Run(ctx) })
	group.Go(func() error { return wa.run(ctx, logger) })
	if wa.demo != nil {
		group.Go(func() error { return wa.demo.Run(ctx) })
		if c.keys != nil {
			group.Go(func() error { wa.demo.Keys(ctx, c.keys, out, quit); return nil })
		}
	}
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		own.CloseIdleConnections()
		if server.Shutdown(stopping) != nil {
			return server.Close() // whoever still talks has been given time
		}
		return nil
	})
	return group.Wait()
}

// toPage leads a browser, which has no token to show to the admin API, to the page of
// an incident, and whoever shows one on to next.
func toPage(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" || !strings.Contains(r.Header.Get("Accept"), "text/html") {
			next.ServeHTTP(w, r)
			return
		}
		redirect.To("/incident/"+url.PathEscape(r.PathValue("id"))).ServeHTTP(w, r)
	})
}
