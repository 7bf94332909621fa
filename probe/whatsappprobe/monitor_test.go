package whatsappprobe_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// The whole of it for a day: monitor, probers, clients, server. Every second hour
// has a fault while the probes are due, and its documents say what it was; those
// of the other hours are PASS.
func TestADayUnderAMonitorIsStoredTruly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, whatsapptest.NewPipeServer(t))
		st := memstore.New(nil)
		m, err := monitor.New(monitor.Config{
			Store: st, Status: s.accounts.Status, InstanceID: "a",
			Probes: []monitor.Probe{
				{Type: longrun.Outbound, Every: time.Hour, Prober: s.out, Settle: 30 * time.Minute},
				{Type: longrun.Inbound, Every: time.Hour, Prober: s.in, Settle: 30 * time.Minute},
				{Type: longrun.Queue, Every: time.Hour, Prober: s.queue, Settle: 30 * time.Minute},
			},
		})
		require.NoError(t, err)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- m.Run(ctx) }()

		all := slices.DeleteFunc(slices.Concat(troubles(), troubles()), func(x trouble) bool { return x.brief })
		for hour := range 24 {
			time.Sleep(20 * time.Minute)
			if hour%2 == 1 {
				all[hour/2].begin(s)
			}
			time.Sleep(30 * time.Minute) // the probes are due in the middle, more or less
			s.Heal()
			time.Sleep(10 * time.Minute)
		}
		stop()
		require.NoError(t, <-done)

		book, err := ledger.New(st, "")
		require.NoError(t, err)
		count := map[longrun.ProbeType]int{}
		for e, err := range book.Probes(t.Context(), ledger.Page{}) {
			require.NoError(t, err)
			p := e.Value
			count[p.Type]++
			want := []string{""}
			if hour := p.TS.Hour(); hour%2 == 1 {
				x := all[hour/2]
				want = map[longrun.ProbeType][]string{longrun.Outbound: x.out, longrun.Inbound: x.in, longrun.Queue: x.queue}[p.Type]
			}
			class := p.ErrorClass
			if p.Result == longrun.Inconclusive {
				class = "?" + class
			}
			require.Contains(t, want, class, "%s: %s", p.ProbeKey, p.Error)
			require.NotRegexp(t, `\d{7}`, p.Target+p.Error)
		}
		require.Equal(t, map[longrun.ProbeType]int{longrun.Outbound: 24, longrun.Inbound: 24, longrun.Queue: 24}, count)

		// The heartbeats show the accounts as they were.
		var lowest, highest int64 = 2, 0
		for e, err := range book.Heartbeats(t.Context(), ledger.Page{}) {
			require.NoError(t, err)
			require.Empty(t, e.Value.StatusError)
			lowest, highest = min(lowest, e.Value.ConnectedCount), max(highest, e.Value.ConnectedCount)
		}
		require.Equal(t, []int64{0, 2}, []int64{lowest, highest})
	})
}
