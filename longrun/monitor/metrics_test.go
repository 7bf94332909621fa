package monitor_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/metrics"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/probe/probetest"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

func firing(s metrics.Snapshot, r longrun.RuleID) int64 {
	for _, a := range s.Alarms {
		if a.Rule == string(r) {
			return a.Firing
		}
	}
	return -1
}

func TestMetricsAreWhatTheInstanceKnows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		out := []probetest.Step{probetest.Pass(time.Second)}
		for range 50 {
			out = append(out, probetest.Fail("no_receipt"))
		}
		config := func(c *monitor.Config) {
			c.Status = func(context.Context) (longrun.HostStatus, error) {
				return longrun.HostStatus{
					Connected: 1, NeedsQR: 1, Healthy: true, QueueDepth: 4,
					Accounts: []longrun.AccountStatus{{ID: "ops-1", State: "connected"}, {ID: "ops-2", State: "needs_qr", LoggedOut: true, Since: time.Now().Add(-time.Hour)}},
				}, nil
			}
			c.Probes = []monitor.Probe{{Type: longrun.Outbound, Name: "ops-1", Every: time.Hour, Prober: probetest.NewScript(out...)}}
		}
		one := start(t, storetest.Wrap(mem), "one", config)
		time.Sleep(time.Second)
		two := start(t, storetest.Wrap(mem), "two", config)
		time.Sleep(12*time.Hour + 30*time.Second)

		s := one.Metrics()
		require.True(t, s.Leader)
		require.True(t, s.StoreUp)
		require.EqualValues(t, 1, s.Epoch)
		require.Equal(t, &metrics.Host{Healthy: true, Connected: 1, NeedsQR: 1, QueueDepth: 4}, s.Host)
		require.Equal(t, []metrics.Account{{Name: "ops-1", State: "connected"}, {Name: "ops-2", State: "needs_qr"}}, s.Accounts)
		require.Len(t, s.Coverage, 3, "before the first beat there was nothing to know")
		for _, w := range s.Coverage {
			require.InDelta(t, 720, w.Expected, 1, w.Name)
			require.Equal(t, w.Expected, w.Written, w.Name)
		}
		require.EqualValues(t, s.Beats.Stored, s.Beats.Commit.Count())
		require.Equal(t, one.Status().LastHeartbeat.TS, s.Beats.Last)
		require.InDelta(t, s.Beats.Stored, s.Beats.Drift.Count(), 1, "that of the take-over comes when it comes")
		require.Equal(t, "ops-1", s.Probes[0].Name)
		require.EqualValues(t, 1, s.Probes[0].Pass.Count)
		require.Positive(t, s.Probes[0].Fail.Count)
		require.Equal(t, one.Status().Probes[0].Last.ProbeKey, s.Probes[0].Fail.Last.Key)
		require.EqualValues(t, 1, firing(s, rules.ProbeFails))
		require.EqualValues(t, 0, firing(s, rules.MissedHeartbeats))
		require.Len(t, s.Alarms, len(rules.Rules()))

		s = two.Metrics()
		require.False(t, s.Leader)
		require.EqualValues(t, 1, s.Epoch)
		require.Empty(t, s.Coverage)
		require.Nil(t, s.Host)
		require.Zero(t, s.Beats.Stored)

		one.end()
		require.False(t, one.Metrics().Leader)
		require.True(t, one.Metrics().Started.IsZero())
		time.Sleep(10*time.Minute + 30*time.Second)
		s = two.Metrics()
		require.True(t, s.Leader)
		require.EqualValues(t, 2, s.Epoch)
		require.Len(t, s.Coverage, 3)
		require.InDelta(t, 731, s.Coverage[0].Expected, 1)
	})
}

// What is known of the last thirty days is what the documents tell, whoever led.
func TestMetricsOfAMonthAgreeWithTheDocuments(t *testing.T) {
	t.Parallel()
	seedtest.Long(t)
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		slow := func(c *monitor.Config) { c.Interval = 10 * time.Minute }
		n := start(t, storetest.Wrap(mem), "one", slow)
		for range 4 {
			time.Sleep(9*24*time.Hour + 3*time.Hour)
			n.end()
			time.Sleep(50 * time.Minute)
			n = start(t, storetest.Wrap(mem), "one", slow)
		}
		time.Sleep(25*time.Hour + time.Minute)
		s, now := n.Metrics(), time.Now()
		for _, w := range s.Coverage {
			long := map[string]time.Duration{"24h": 24 * time.Hour, "7d": 7 * 24 * time.Hour, "30d": 30 * 24 * time.Hour}[w.Name]
			survey, err := n.Ledger().Survey(t.Context(), longrun.Window{From: now.Add(-long), To: now}, 10*time.Minute, now, nil)
			require.NoError(t, err)
			require.EqualValues(t, survey.Summary.Coverage.Expected, w.Expected, w.Name)
			require.EqualValues(t, survey.Summary.Coverage.Written, w.Written, w.Name)
		}
		require.Len(t, s.Coverage, 3)
		gaps := map[string]int64{}
		for _, g := range s.Gaps {
			gaps[g.Cause] = g.Count
		}
		require.Equal(t, map[string]int64{"restart": 4, "crash": 0, "stall": 0, "deploy": 0, "store": 0, "unknown": 0}, gaps)
	})
}

func TestMetricsCallNeitherStoreNorHost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		st := storetest.Wrap(memstore.New(nil))
		n := start(t, st, "one", func(c *monitor.Config) {
			c.Status = func(context.Context) (longrun.HostStatus, error) {
				calls.Add(1)
				return longrun.HostStatus{Healthy: true}, nil
			}
		})
		time.Sleep(5*time.Minute + 30*time.Second)
		st.Inject(storetest.Fault{Before: func(context.Context, storetest.Call) error { calls.Add(1); return nil }})
		before := calls.Load()
		for range 100 {
			n.Metrics()
		}
		require.Equal(t, before, calls.Load())
		cut(st)
		time.Sleep(5 * time.Minute)
		s := n.Metrics()
		require.False(t, s.StoreUp)
		require.Positive(t, s.Beats.Waiting)
		require.EqualValues(t, 1, firing(s, rules.StoreUnreachable))
		require.NotNil(t, s.Host, "it answers for the slots still")
	})
}
