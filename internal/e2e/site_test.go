package e2e_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/past"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/dashboard"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
	"github.com/stretchr/testify/require"
)

const token = "a-token-of-many-characters"

// host is what is watched: 200 accounts, some of them away for one cause, and a probe.
type host struct {
	mu    sync.Mutex
	away  int
	queue int64
	fails bool
}

func (h *host) set(change func(*host)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change(h)
}

func (h *host) status(context.Context) (longrun.HostStatus, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := longrun.HostStatus{Healthy: h.away == 0, QueueDepth: h.queue}
	for i := range 200 {
		a := longrun.AccountStatus{ID: fmt.Sprintf("account-%03d", i), State: "connected", Since: time.Now().Add(-time.Hour)}
		if i < h.away {
			a.State, a.Reason, a.Since, a.Away = "reconnecting", "network", time.Now().Add(-4*time.Minute), time.Now().Add(-4*time.Minute)
			s.Reconnecting++
		} else {
			s.Connected++
		}
		s.Accounts = append(s.Accounts, a)
	}
	return s, nil
}

func (h *host) probe(context.Context) (probe.Result, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fails {
		return probe.Result{Status: probe.Fail, Class: "no_receipt", Detail: "nobody confirmed it"}, nil
	}
	return probe.Result{Status: probe.Pass, Latency: 640 * time.Millisecond}, nil
}

// service is a monitor that leads over a SQLite file.
type service struct {
	*monitor.Monitor
	host  *host
	store store.Store
}

// serve begins a service with so many days behind it, none for a new one. change may
// change what its monitor is configured with.
func serve(tb testing.TB, days int, interval time.Duration, h *host, change ...func(*monitor.Config)) *service {
	tb.Helper()
	st, err := sqlitestore.Open(tb.Context(), filepath.Join(tb.TempDir(), "longrun.db"), nil)
	require.NoError(tb, err)
	if days > 0 {
		require.NoError(tb, past.Write(tb.Context(), st, "", past.Options{Days: days, Now: time.Now()}))
	}
	c := monitor.Config{
		Store: st, InstanceID: "wa-1", CommitHash: "4f2a91c", Interval: interval, Service: "wa-backend", Status: h.status,
		Probes: []monitor.Probe{{Type: longrun.Outbound, Every: time.Hour, Prober: probe.Func(h.probe)}},
	}
	for _, change := range change {
		change(&c)
	}
	m, err := monitor.New(c)
	require.NoError(tb, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	tb.Cleanup(func() {
		cancel()
		require.NoError(tb, <-done)
		require.NoError(tb, st.Close())
	})
	s := &service{Monitor: m, host: h, store: st}
	require.Eventually(tb, func() bool { return m.Status().State == monitor.Leading && m.Status().LastHeartbeat != nil }, time.Minute, 50*time.Millisecond)
	return s
}

// incident waits for the incident of a rule, and returns its name.
func (s *service) incident(tb testing.TB, rule longrun.RuleID) (id string) {
	tb.Helper()
	book, err := ledger.New(s.store, "")
	require.NoError(tb, err)
	require.Eventually(tb, func() bool {
		for e, err := range book.Incidents(tb.Context(), ledger.Page{Desc: true, Limit: 20}) {
			if err == nil && e.Value.Rule == rule && e.Value.TSEnd == nil {
				id = e.Value.IncidentID
			}
		}
		return id != ""
	}, time.Minute, 100*time.Millisecond)
	return id
}

// mounts are the ways in which the pages may be reached.
var mounts = []string{"root", "path", "proxy"}

// site is the pages of a service under an address that ends in a slash.
type site struct {
	*service
	address string
}

// mount has the pages at a root, under a path, or behind a proxy that takes one away.
func mount(tb testing.TB, s *service, how string) *site {
	tb.Helper()
	options := dashboard.Options{Token: token, Service: "wa-backend", Zone: time.FixedZone("CET", 3600)}
	mux, under := http.NewServeMux(), "/"
	switch how {
	case "root":
		mux.Handle("/", dashboard.New(s, options))
	case "path":
		under, options.Prefix = "/ops/longwatch/", "/ops/longwatch"
		mux.Handle(under, dashboard.New(s, options))
	case "proxy":
		under = "/behind/a/proxy/"
		inner, err := url.Parse(listen(tb, dashboard.New(s, options)))
		require.NoError(tb, err)
		mux.Handle(under, http.StripPrefix("/behind/a/proxy", &httputil.ReverseProxy{FlushInterval: -1, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(inner)
			r.Out.Host = r.In.Host
			r.SetXForwarded()
		}}))
	}
	return &site{s, listen(tb, mux) + under}
}

// listen serves on a free port of this machine, until the test ends.
func listen(tb testing.TB, h http.Handler) string {
	tb.Helper()
	l, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	srv := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	tb.Cleanup(func() {
		require.NoError(tb, srv.Close())
		require.ErrorIs(tb, <-done, http.ErrServerClosed)
	})
	return "http://" + l.Addr().String()
}
