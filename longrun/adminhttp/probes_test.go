package adminhttp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/probetest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// night writes n probes of each of two types, one an hour, in turn.
func night(t *testing.T, s *stand, n int) {
	t.Helper()
	start := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	for i := range n {
		for _, kind := range []longrun.ProbeType{longrun.Outbound, longrun.Inbound} {
			p := longrun.Probe{Type: kind, TS: start.Add(time.Duration(i) * time.Hour), Result: longrun.Pass, Attempts: []longrun.ProbeAttempt{}}
			p.ProbeKey = longrun.ProbeID(kind, p.TS, longrun.Scheduled, longrun.ProbeSchedule{Every: time.Hour, Retry: time.Hour})
			_, err := s.mem.Commit(t.Context(), s.ledger.CreateProbe(p))
			require.NoError(t, err)
		}
	}
}

func TestProbesAreListedByType(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	night(t, s, 5)
	_, err := s.mem.Commit(t.Context(), store.Set(s.ledger.Key(ledger.Probes, "bad"), map[string]any{"ts": time.Date(2025, 12, 29, 2, 30, 0, 0, time.UTC), "type": 7}))
	require.NoError(t, err)

	var ids []any
	path := "/probes?limit=2&type=outbound"
	for cursor := ""; ; {
		status, body, _ := s.ask(http.MethodGet, path+cursor, "")
		require.Equal(t, http.StatusOK, status)
		for _, p := range array(body["probes"]) {
			ids = append(ids, object(p)["probeKey"])
		}
		next, more := body["nextCursor"].(string)
		if !more {
			break
		}
		cursor = "&cursor=" + next
	}
	require.Equal(t, []any{"OUT_20251229T04", "OUT_20251229T03", "OUT_20251229T02", "OUT_20251229T01", "OUT_20251229T00"}, ids)

	_, body, _ := s.ask(http.MethodGet, "/probes", "")
	require.InDelta(t, 11, body["count"], 0, "without a type all are listed, the mangled one too")
	_, body, _ = s.ask(http.MethodGet, "/probes?type=queue", "")
	require.Equal(t, []any{}, body["probes"])
	named := longrun.Probe{Type: longrun.Inbound, Name: "ops-1", TS: time.Date(2025, 12, 30, 0, 0, 0, 0, time.UTC), ProbeKey: "IN_20251230T00_ops-1"}
	named.Attempts, named.Stages = []longrun.ProbeAttempt{}, []longrun.ProbeStage{}
	_, err = s.mem.Commit(t.Context(), s.ledger.CreateProbe(named))
	require.NoError(t, err)
	for query, n := range map[string]int{"?name=ops-1": 1, "?type=inbound&name=ops-1": 1, "?type=outbound&name=ops-1": 0} {
		_, body, _ = s.ask(http.MethodGet, "/probes"+query, "")
		require.InDelta(t, n, body["count"], 0, query)
	}
	status, body, _ := s.ask(http.MethodGet, "/probes?name=Ops", "")
	require.Equal(t, http.StatusBadRequest, status)
	require.Equal(t, "name", body["field"])
	status, body, _ = s.ask(http.MethodGet, "/probes?type=Out+bound", "")
	require.Equal(t, http.StatusBadRequest, status)
	require.Equal(t, "type", body["field"])
}

// running is a monitor of one instance that leads, in real time, with a probe
// where p is one.
func running(t *testing.T, p probe.Prober, configure ...func(*monitor.Config)) *monitor.Monitor {
	t.Helper()
	leads := make(chan struct{}, 1)
	config := monitor.Config{
		Store: memstore.New(nil), InstanceID: "one", Interval: time.Second,
		AfterBeat: func(context.Context, longrun.Heartbeat) {
			select {
			case leads <- struct{}{}:
			default:
			}
		},
	}
	if p != nil {
		config.Probes = []monitor.Probe{{Type: longrun.Outbound, Prober: p}}
	}
	for _, c := range configure {
		c(&config)
	}
	m, err := monitor.New(config)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	<-leads
	return m
}

func TestAProbeIsRunByHand(t *testing.T) {
	t.Parallel()
	p := probetest.NewScript(probetest.Pass(906 * time.Millisecond))
	server := httptest.NewServer(adminhttp.New(running(t, p, func(c *monitor.Config) {
		c.Probes = append(c.Probes, monitor.Probe{Type: longrun.Inbound, Name: "ops-1", Prober: probetest.NewScript(probetest.Pass(time.Millisecond))})
	}), adminhttp.Options{}))
	t.Cleanup(server.Close)
	post := func(path string, headers ...string) (int, map[string]any) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+adminhttp.DefaultPrefix+path, strings.NewReader(""))
		require.NoError(t, err)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		response, err := server.Client().Do(r)
		require.NoError(t, err)
		defer response.Body.Close()
		var body map[string]any
		require.NoError(t, json.NewDecoder(response.Body).Decode(&body))
		return response.StatusCode, body
	}

	status, body := post("/probes/outbound/run")
	require.Equal(t, http.StatusOK, status, body)
	got := object(body["probe"])
	require.Equal(t, "PASS", got["result"])
	require.Equal(t, "manual", got["trigger"])
	require.InDelta(t, 906, got["latencyMs"], 0)
	require.Equal(t, fmt.Sprint("wa_metrics/longrun/probes/", got["id"]), got["path"])

	for _, path := range []string{"/probes/outbound/run?name=ops-2", "/probes/inbound/run", "/probes/outbound/run?name=Ops"} {
		status, body = post(path)
		require.Equal(t, http.StatusNotFound, status, path)
		require.Equal(t, "type", body["field"])
	}
	status, body = post("/probes/inbound/run?name=ops-1")
	require.Equal(t, http.StatusOK, status, body)
	got = object(body["probe"])
	require.Equal(t, "ops-1", got["name"])
	require.Regexp(t, `^IN_\d{8}T\d{6}_ops-1$`, got["id"])

	status, body = post("/probes/nonsense/run")
	require.Equal(t, http.StatusNotFound, status)
	require.Equal(t, "type", body["field"])
	status, body = post("/probes/outbound/run?force=1")
	require.Equal(t, http.StatusBadRequest, status)
	require.Equal(t, "force", body["field"])

	// A page of another site must not make this machine's browser send messages.
	status, _ = post("/probes/outbound/run", "Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site")
	require.Equal(t, http.StatusForbidden, status)
	require.Equal(t, 1, p.Calls())
}

func TestAStandbySaysWhoMakesTheProbes(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	status, body, _ := s.ask(http.MethodPost, "/probes/outbound/run", "")
	require.Equal(t, http.StatusNotFound, status, "it has none")
	require.Equal(t, false, body["success"])

	st := &notLeading{}
	server := httptest.NewServer(adminhttp.New(st, adminhttp.Options{}))
	t.Cleanup(server.Close)
	s.server = server
	status, body, _ = s.ask(http.MethodPost, "/probes/outbound/run", "")
	require.Equal(t, http.StatusConflict, status)
	require.Equal(t, "two", body["holder"])
	require.NotEmpty(t, body["error"])
}

// notLeading is a monitor on an instance that stands by.
type notLeading struct{ adminhttp.Monitor }

func (*notLeading) Status() monitor.Status { return monitor.Status{} }

func (*notLeading) RunNamedProbe(context.Context, longrun.NamedProbe) (longrun.Probe, error) {
	return longrun.Probe{}, &monitor.NotLeadingError{Holder: "two"}
}
