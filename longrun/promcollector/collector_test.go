package promcollector_test

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/metrics"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/promcollector"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

var update = flag.Bool("update", false, "write the golden file")

// fixed is a Source that tells one snapshot.
type fixed metrics.Snapshot

func (f fixed) Metrics() metrics.Snapshot { return metrics.Snapshot(f) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// crowd has so many accounts with three probes each, and something of everything.
func crowd(accounts int) fixed {
	s := metrics.Snapshot{
		InstanceID: "one", CommitHash: "3d4adc99", Version: "v0.1.0", Interval: time.Minute, Started: noon.Add(-time.Hour),
		Leader: true, Epoch: 7, StoreUp: true, TasksFailed: 1,
		Host: &metrics.Host{Healthy: true, QueueDepth: 3, Connected: int64(accounts) - 1, NeedsQR: 1},
	}
	s.Beats = metrics.Beats{Last: noon, Stored: 60, Waiting: 1, Dropped: 2, Drift: metrics.NewHistogram(false, 0.05, 0.5, 5, 30), Commit: metrics.NewHistogram(false, 0.01, 0.1, 1, 5)}
	s.Beats.Drift.Observe(0.1, "", noon)
	s.Beats.Commit.Observe(0.02, "", noon)
	s.ProbeLatency = metrics.NewHistogram(true, 2, 10, 60)
	for _, w := range []string{"24h", "7d", "30d"} {
		s.Coverage = append(s.Coverage, metrics.Window{Name: w, Expected: 4, Written: 3})
	}
	for _, c := range []longrun.Cause{longrun.Crash, longrun.Stall, longrun.Restart, longrun.Deploy, longrun.StoreDown, longrun.Unknown} {
		s.Gaps = append(s.Gaps, metrics.Gaps{Cause: string(c), Count: 1})
	}
	s.Budget = &metrics.Budget{Window: "30d", Allowed: 216, Left: 170}
	for _, r := range rules.Rules() {
		s.Alarms = append(s.Alarms, metrics.Alarms{Rule: string(r), Firing: 1})
	}
	for i := range accounts {
		name := fmt.Sprintf("ops-%03d", i)
		s.Accounts = append(s.Accounts, metrics.Account{Name: name, State: "connected", Reconnects: 2})
		for _, kind := range []longrun.ProbeType{longrun.Outbound, longrun.Inbound, longrun.Queue} {
			p := metrics.Probe{Type: string(kind), Name: name, Latency: 1500 * time.Millisecond}
			for _, to := range []*metrics.ProbeCount{&p.Pass, &p.Fail, &p.Inconclusive} {
				key := longrun.NamedProbe{Type: kind, Name: name}.ID(noon, longrun.Scheduled, longrun.ProbeSchedule{Every: time.Hour, Retry: time.Hour})
				*to = metrics.ProbeCount{Count: 3, Last: metrics.Exemplar{Key: key, Value: 1.5, At: noon}}
				s.ProbeLatency.Observe(1.5, key, noon)
			}
			s.Probes = append(s.Probes, p)
		}
	}
	s.Outbox = metrics.Outbox{Waiting: 2, Undelivered: 1, Failing: noon.Add(-time.Minute)}
	return fixed(s)
}

// registered returns a registry with a collector of s.
func registered(t *testing.T, s promcollector.Source, o promcollector.Options) *prometheus.Registry {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	o.Registerer = r
	_, err := promcollector.New(s, o)
	require.NoError(t, err)
	return r
}

// series are the lines of a scrape that hold a value.
func series(t *testing.T, r prometheus.Gatherer) (lines []string) {
	t.Helper()
	families, err := r.Gather()
	require.NoError(t, err)
	var text bytes.Buffer
	for _, f := range families {
		_, err := expfmt.MetricFamilyToText(&text, f)
		require.NoError(t, err)
	}
	for line := range strings.Lines(text.String()) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

func TestAnInstanceHasAtMost80SeriesAndAnAccount14(t *testing.T) {
	t.Parallel()
	none := len(series(t, registered(t, crowd(0), promcollector.Options{})))
	require.LessOrEqual(t, none, 80)
	all := len(series(t, registered(t, crowd(200), promcollector.Options{})))
	require.Equal(t, none+200*14, all)
	t.Logf("%d series, and %d with 200 accounts", none, all)
}

func TestNamesHelpsAndLabelsAreAsTheyWere(t *testing.T) {
	t.Parallel()
	families, err := registered(t, crowd(2), promcollector.Options{MaxAccounts: 1}).Gather()
	require.NoError(t, err)
	var got strings.Builder
	for _, f := range families {
		fmt.Fprintf(&got, "%s %s", f.GetName(), strings.ToLower(f.GetType().String()))
		for _, l := range f.GetMetric()[0].GetLabel() {
			got.WriteString(" " + l.GetName())
		}
		got.WriteString("\n    " + f.GetHelp() + "\n")
	}
	const golden = "testdata/names.txt"
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(got.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got.String(), "names are a promise; go test ./longrun/promcollector -update writes them anew")
}

func TestThePromlinterFindsNothing(t *testing.T) {
	t.Parallel()
	problems, err := testutil.GatherAndLint(registered(t, crowd(2), promcollector.Options{}))
	require.NoError(t, err)
	require.Empty(t, problems)
}

func TestAScrapeShowsWhatTheSnapshotSays(t *testing.T) {
	t.Parallel()
	got := series(t, registered(t, crowd(1), promcollector.Options{Labels: prometheus.Labels{"service": "acme"}}))
	for _, want := range []string{
		`longrun_build_info{commit="3d4adc99",instance_id="one",service="acme",version="v0.1.0"} 1`,
		`longrun_leader{service="acme"} 1`,
		`longrun_lease_epoch{service="acme"} 7`,
		`longrun_last_heartbeat_timestamp_seconds{service="acme"} 1.7723664e+09`,
		`longrun_coverage_ratio{service="acme",window="7d"} 0.75`,
		`longrun_error_budget_slots{service="acme",window="30d"} 216`,
		`longrun_error_budget_left_slots{service="acme",window="30d"} 170`,
		`longrun_gaps{cause="crash",service="acme"} 1`,
		`longrun_heartbeat_drift_seconds_bucket{service="acme",le="0.05"} 0`,
		`longrun_heartbeat_drift_seconds_bucket{service="acme",le="0.5"} 1`,
		`longrun_heartbeat_drift_seconds_bucket{service="acme",le="+Inf"} 1`,
		`longrun_probes_total{name="ops-000",result="fail",service="acme",type="outbound"} 3`,
		`longrun_account_state{account="ops-000",service="acme",state="connected"} 1`,
		`longrun_outbox_undelivered{service="acme"} 1`,
	} {
		require.Contains(t, got, want)
	}
}

func TestAStandbyShowsNothingThatOnlyALeaderKnows(t *testing.T) {
	t.Parallel()
	got := strings.Join(series(t, registered(t, fixed{Interval: time.Minute}, promcollector.Options{})), "\n")
	require.Contains(t, got, "longrun_leader 0")
	for _, name := range []string{"coverage", "error_budget", "gaps", "start_timestamp", "last_heartbeat", "host_healthy", "account", "failing"} {
		require.NotContains(t, got, "longrun_"+name)
	}
}

func TestAHealthThatNobodyKnowsIsNotShown(t *testing.T) {
	t.Parallel()
	s := crowd(2)
	require.Contains(t, series(t, registered(t, s, promcollector.Options{})), "longrun_host_healthy 1")
	s.Host = &metrics.Host{HealthUnknown: true, Connected: 2}
	got := strings.Join(series(t, registered(t, s, promcollector.Options{})), "\n")
	require.NotContains(t, got, "longrun_host_healthy")
	require.Contains(t, got, `longrun_accounts{state="connected"} 2`)
}

func TestTooManyAccountsAreCountedOnly(t *testing.T) {
	t.Parallel()
	got := series(t, registered(t, crowd(5), promcollector.Options{MaxAccounts: 2}))
	require.Contains(t, got, "longrun_accounts_omitted 3")
	require.Contains(t, got, `longrun_account_reconnects{account="ops-001"} 2`)
	require.NotContains(t, strings.Join(got, "\n"), `account="ops-002"`)
}

func TestExemplarsCarryTheKeyOfTheProbe(t *testing.T) {
	t.Parallel()
	families, err := registered(t, crowd(1), promcollector.Options{}).Gather()
	require.NoError(t, err)
	found := 0
	check := func(e *dto.Exemplar) {
		if e != nil {
			require.Equal(t, "probe_key", e.GetLabel()[0].GetName())
			require.Regexp(t, `^(OUT|IN|QUEUE)_20260301T12_ops-000$`, e.GetLabel()[0].GetValue())
			require.InDelta(t, 1.5, e.GetValue(), 0)
			found++
		}
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			check(m.GetCounter().GetExemplar())
			for _, b := range m.GetHistogram().GetBucket() {
				check(b.GetExemplar())
			}
		}
	}
	require.Equal(t, 9+1, found, "of each result of three probes, and of one bucket")
}

func TestASecondCollectorOfOneRegistryIsRefused(t *testing.T) {
	t.Parallel()
	r := registered(t, crowd(1), promcollector.Options{Labels: prometheus.Labels{"service": "acme"}})
	_, err := promcollector.New(crowd(1), promcollector.Options{Registerer: r, Labels: prometheus.Labels{"service": "acme"}})
	require.Error(t, err)
	_, err = promcollector.New(crowd(1), promcollector.Options{Registerer: r, Labels: prometheus.Labels{"service": "other"}})
	require.NoError(t, err)
	_, err = promcollector.New(crowd(1), promcollector.Options{Registerer: prometheus.NewRegistry(), Labels: prometheus.Labels{"__reserved": "x"}})
	require.Error(t, err)
}

// A scrape as a server makes it, with promhttp's beside it.
func BenchmarkScrapeOf200Accounts(b *testing.B) {
	r := prometheus.NewRegistry()
	c, err := promcollector.New(crowd(200), promcollector.Options{Registerer: r})
	require.NoError(b, err)
	for _, page := range []struct {
		name    string
		handler http.Handler
	}{
		{"page", c.Page()},
		{"promhttp", promhttp.HandlerFor(r, promhttp.HandlerOpts{EnableOpenMetrics: true})},
	} {
		for _, compressed := range []string{"identity", "gzip"} {
			b.Run(page.name+"/"+compressed, func(b *testing.B) {
				request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
				request.Header.Set("Accept-Encoding", compressed)
				request.Header.Set("Accept", openMetrics)
				b.ReportAllocs()
				w := httptest.NewRecorder()
				for b.Loop() {
					w.Body.Reset()
					page.handler.ServeHTTP(w, request)
				}
				b.ReportMetric(float64(w.Body.Len()), "bytes")
			})
		}
	}
}

func TestANilSourceIsAnError(t *testing.T) {
	t.Parallel()
	for _, m := range []promcollector.Source{nil, (*monitor.Monitor)(nil)} {
		_, err := promcollector.New(m, promcollector.Options{Registerer: prometheus.NewRegistry()})
		require.ErrorContains(t, err, "Source is nil")
	}
}
