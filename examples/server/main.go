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
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/caarlos0/env/v11"
	"golang.org/x/sync/errgroup"

	"github.com/seed-13dc028d/longwatch/examples/internal/stores"
	"github.com/seed-13dc028d/longwatch/internal/redact"
	"github.com/seed-13dc028d/longwatch/internal/redirect"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
)

func main() {
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, restore) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], env.ToMap(os.Environ()), os.Stderr))
}

// run is the server between its environment and its exit code.
func run(ctx context.Context, args []string, environment map[string]string, out io.Writer) int {
	demo := false
	for _, arg := range args {
		switch strings.TrimLeft(arg, "-") {
		case "demo":
			demo = true
		case "h", "help":
			fmt.Fprint(out, usage)
			return 0
		default:
			fmt.Fprint(out, usage)
			fmt.Fprintf(out, "\nunknown argument %s\n", redact.Addresses(fmt.Sprintf("%.100q", arg)))
			return 2
		}
	}
	c, err := readConfig(environment, demo)
	if err != nil {
		misconfigured(out, err)
		return 2
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
	alerter, to, err := c.Alerts.Open(logger)
	if err != nil {
		return &openError{err}
	}
	cfg.Alerter = alerter
	if cfg.AfterBeat, err = c.deadMan(logger); err != nil {
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
	mux.Handle("GET /livez", adminhttp.Livez())
	mux.Handle("GET /readyz", adminhttp.Readyz(m))
	mux.Handle("GET /{$}", redirect.To(adminhttp.DefaultPrefix+"/"))
	server := adminhttp.Server(c.Addr, redirect.Clean(mux), adminhttp.Limits{})
	c.greet(ctx, out, logger, m.Status(), to, listener.Addr())
	if wa.demo != nil {
		mux.Handle("GET /demo", wa.demo)
		mux.Handle("POST /demo/{fault}", http.NewCrossOriginProtection().Handler(wa.demo))
		if c.LogFormat == asText {
			greetDemo(out, "http://"+reachable(listener.Addr()))
		}
	}

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return m.Run(ctx) })
	group.Go(func() error { return wa.run(ctx, logger) })
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
