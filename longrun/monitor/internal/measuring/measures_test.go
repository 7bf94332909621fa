package measuring_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/metrics"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/measuring"
)

func TestProbesAreCountedByResultWithTheNewestAsExemplar(t *testing.T) {
	t.Parallel()
	ops := longrun.NamedProbe{Type: longrun.Outbound, Name: "ops-1"}
	m := measuring.New(time.Minute, []longrun.NamedProbe{ops, {Type: longrun.Inbound}})
	for i, result := range []longrun.ProbeResult{longrun.Pass, longrun.Pass, longrun.Fail, longrun.Inconclusive} {
		m.Probed(longrun.Probe{Type: ops.Type, Name: ops.Name, ProbeKey: fmt.Sprint("OUT_", i), TS: now, Result: result, LatencyMs: 1500 + float64(i)})
	}
	m.Probed(longrun.Probe{Type: "unheard_of", ProbeKey: "X", Result: longrun.Pass, LatencyMs: 20_000})
	s := lay(m, now)
	require.Equal(t, []metrics.Probe{
		{
			Type: "outbound", Name: "ops-1", Latency: 1503 * time.Millisecond,
			Pass:         metrics.ProbeCount{Count: 2, Last: metrics.Exemplar{Key: "OUT_1", Value: 1.501, At: now}},
			Fail:         metrics.ProbeCount{Count: 1, Last: metrics.Exemplar{Key: "OUT_2", Value: 1.502, At: now}},
			Inconclusive: metrics.ProbeCount{Count: 1, Last: metrics.Exemplar{Key: "OUT_3", Value: 1.503, At: now}},
		},
		{Type: "inbound"},
	}, s.Probes)
	require.Equal(t, []uint64{4, 0, 1, 0}, s.ProbeLatency.Counts)
	require.InDelta(t, 26.006, s.ProbeLatency.Sum, 1e-9)
	require.Equal(t, "OUT_3", s.ProbeLatency.Exemplars[0].Key)
}

func TestTheHostsWordCountsForThreeSlots(t *testing.T) {
	t.Parallel()
	m := measuring.New(time.Minute, nil)
	require.Nil(t, lay(m, now).Host)
	h := longrun.Beat(now, time.Minute)
	host := longrun.HostStatus{Connected: 2, NeedsQR: 1, QueueDepth: 5, Healthy: true, Accounts: []longrun.AccountStatus{
		{ID: "ops-2", State: "needs_qr", LoggedOut: true},
		{ID: "ops-1", State: "connected", Reconnects: 3},
		{ID: "4917012345678", State: "connected", Reconnects: 1},
		{ID: "4917087654378", State: "stopped", Reconnects: 2},
		{ID: "quiet"},
		{ID: "out", LoggedOut: true},
		{ID: "odd", State: "resting"},
	}}
	h.Describe(&host)
	h.Healthy = true
	m.Made(h, host)
	host.Accounts[0].ID = "changed by the host"
	s := lay(m, now.Add(2*time.Minute))
	require.Equal(t, &metrics.Host{Healthy: true, QueueDepth: 5, Connected: 2, NeedsQR: 1}, s.Host)
	require.Equal(t, []metrics.Account{
		{Name: "***********78", State: "stopped", Reconnects: 3},
		{Name: "odd", State: "other"},
		{Name: "ops-1", State: "connected", Reconnects: 3},
		{Name: "ops-2", State: "needs_qr"},
		{Name: "out", State: "logged_out"},
		{Name: "quiet", State: "unknown"},
	}, s.Accounts, "sorted, of one name once, as bad as the worst, and no telephone number")
	require.Nil(t, lay(m, now.Add(3*time.Minute)).Host)
	h.Healthy, h.HealthUnknown = false, true
	m.Made(h, host)
	require.Equal(t, &metrics.Host{HealthUnknown: true, QueueDepth: 5, Connected: 2, NeedsQR: 1}, lay(m, now).Host)
	h.StatusError = "late"
	m.Made(h, longrun.HostStatus{})
	require.Nil(t, lay(m, now).Host, "it did not say")
}

func TestABeatOfTheSameAccountsAllocatesNothing(t *testing.T) { //nolint:paralleltest // it counts allocations
	m := measuring.New(time.Minute, []longrun.NamedProbe{{Type: longrun.Outbound}})
	m.KnownSlots(now, now, now, nil)
	var host longrun.HostStatus
	for i := range 200 {
		host.Accounts = append(host.Accounts, longrun.AccountStatus{ID: fmt.Sprintf("ops-%03d", i), State: "connected"})
	}
	h := longrun.Beat(now, time.Minute)
	p := longrun.Probe{Type: longrun.Outbound, ProbeKey: "OUT_1", Result: longrun.Pass, LatencyMs: 12}
	m.Made(h, host)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		m.Made(h, host)
		m.Drifted(0.3)
		m.Committed(time.Millisecond)
		m.Probed(p)
	}))
	beats := []longrun.Heartbeat{h}
	require.Zero(t, testing.AllocsPerRun(100, func() { m.Stored(beats...) }))
}

func BenchmarkLay200Accounts(b *testing.B) {
	m := measuring.New(time.Minute, make([]longrun.NamedProbe, 600))
	m.KnownSlots(now.AddDate(0, -2, 0), now.AddDate(0, -2, 0), now, nil)
	var host longrun.HostStatus
	for i := range 200 {
		host.Accounts = append(host.Accounts, longrun.AccountStatus{ID: fmt.Sprintf("ops-%03d", i), State: "connected"})
	}
	m.Made(longrun.Beat(now, time.Minute), host)
	b.ReportAllocs()
	for b.Loop() {
		lay(m, now)
	}
}
