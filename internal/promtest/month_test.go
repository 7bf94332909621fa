package promtest_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/metrics"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/promcollector"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

const (
	slot   = 10 * time.Minute
	scrape = 20 * time.Minute
	length = 31 * 24 * time.Hour
)

// month is a monitor's month in a bubble: what becomes of it, and when.
type month struct {
	t     *testing.T
	began time.Time
	mem   *memstore.Store
	out   *bufio.Writer
	last  metrics.Snapshot

	store    *storetest.Faulty
	monitor  *monitor.Monitor
	registry *prometheus.Registry
	stop     func()
}

// day is how many days of it are over.
func (m *month) day() float64 { return time.Since(m.began).Hours() / 24 }

func (m *month) between(from, to float64) bool { d := m.day(); return d >= from && d < to }

func (m *month) start(commit string) {
	m.store = storetest.Wrap(m.mem)
	mon, err := monitor.New(monitor.Config{
		Store: m.store, InstanceID: "one", CommitHash: commit, Interval: slot,
		Status: func(context.Context) (longrun.HostStatus, error) {
			s := longrun.HostStatus{Connected: 2, Healthy: true, QueueDepth: int64(m.day()), Accounts: []longrun.AccountStatus{
				{ID: "ops-1", State: "connected", Reconnects: 1}, {ID: "ops-2", State: "connected"},
			}}
			if m.between(15, 16) {
				s.Connected, s.NeedsQR = 1, 1
				s.Accounts[1] = longrun.AccountStatus{ID: "ops-2", State: "needs_qr", LoggedOut: true, Since: m.began.Add(15 * 24 * time.Hour)}
			}
			return s, nil
		},
		Probes: []monitor.Probe{{Type: longrun.Outbound, Name: "ops-1", Every: 6 * time.Hour, Prober: probe.Func(func(context.Context) (probe.Result, error) {
			if m.between(12, 13) {
				return probe.Failed("no_receipt", "nothing came back"), nil
			}
			return probe.Result{Status: probe.Pass, Latency: 1500 * time.Millisecond}, nil
		})}},
		Alerter: alert.Func(func(context.Context, alert.Message) error {
			if m.between(15, 17) {
				return alert.Permanent(errors.New("chat not found"))
			}
			return nil
		}),
	})
	require.NoError(m.t, err)
	m.monitor, m.registry = mon, prometheus.NewRegistry()
	_, err = promcollector.New(mon, promcollector.Options{Registerer: m.registry, Labels: prometheus.Labels{"instance": "a"}})
	require.NoError(m.t, err)
	ctx, cancel := context.WithCancel(m.t.Context())
	done := make(chan error, 1)
	go func() { done <- mon.Run(ctx) }()
	m.stop = func() { cancel(); require.NoError(m.t, <-done) }
}

// sleep lets time go by, up to a day of the month, and scrapes meanwhile.
func (m *month) sleep(until float64) {
	for m.day() < until {
		time.Sleep(scrape)
		m.scrape()
	}
}

// scrape writes what Prometheus would have got now.
func (m *month) scrape() {
	families, err := m.registry.Gather()
	require.NoError(m.t, err)
	var text bytes.Buffer
	for _, f := range families {
		_, err := expfmt.MetricFamilyToText(&text, f)
		require.NoError(m.t, err)
	}
	for line := range strings.Lines(text.String()) {
		if !strings.HasPrefix(line, "#") {
			fmt.Fprintf(m.out, "%s %d\n", strings.TrimSuffix(line, "\n"), time.Now().Unix())
		}
	}
	m.last = m.monitor.Metrics()
}

// simulate writes a month of scrapes, and returns when it was and the last snapshot.
func simulate(t *testing.T, to io.Writer) (from, until time.Time, last metrics.Snapshot) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m := &month{t: t, began: time.Now(), mem: memstore.New(nil), out: bufio.NewWriter(to)}
		m.start("c1")
		time.Sleep(time.Minute)
		m.sleep(5)
		m.stop()
		time.Sleep(3 * time.Hour)
		m.start("c2")
		m.sleep(10)
		heal := m.store.Inject(storetest.Fault{Before: func(context.Context, storetest.Call) error { return errors.New("away") }})
		m.sleep(10.2)
		heal()
		m.sleep(length.Hours() / 24)
		m.stop()
		fmt.Fprintln(m.out, "# EOF")
		require.NoError(t, m.out.Flush())
		from, until, last = m.began, time.Now(), m.last
	})
	return from, until, last
}

func TestASimulatedMonthHasItsStory(t *testing.T) {
	t.Parallel()
	_, _, last := simulate(t, io.Discard)
	require.Len(t, last.Coverage, 3)
	require.InDelta(t, 1, last.Coverage[0].Ratio(), 0)
	require.Less(t, last.Coverage[2].Ratio(), 1.0)
	gaps := map[string]int64{}
	for _, g := range last.Gaps {
		gaps[g.Cause] = g.Count
	}
	require.EqualValues(t, 1, gaps["deploy"])
	require.EqualValues(t, 0, gaps["unknown"])
}
