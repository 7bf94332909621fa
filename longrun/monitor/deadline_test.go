package monitor_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe/probetest"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// Faults A6: a host that ends Run by a deadline of its own, the store being
// away, made every pause of the monitor one of no length, for ever.
func TestRunReturnsWhenItsContextsOwnDeadlinePasses(t *testing.T) {
	for name, fault := range map[string]storetest.Fault{
		"the store refuses": {Before: func(context.Context, storetest.Call) error { return errAway }},
		"the store hangs":   {Before: storetest.Hang},
		"the store cannot be read": {Before: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Scan {
				return errAway // so that what leads waits to begin
			}
			return nil
		}},
	} {
		for _, from := range []time.Duration{0, 10*time.Minute + 7*time.Second} {
			t.Run(name+" from "+from.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					st := storetest.Wrap(memstore.New(nil))
					ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
					defer cancel()
					m, err := monitor.New(monitor.Config{
						Store: st, InstanceID: "a", Alerter: alerttest.NewRecorder(),
						Probes: []monitor.Probe{{Type: longrun.Queue, Prober: probetest.NewScript(probetest.Pass(0))}},
					})
					require.NoError(t, err)
					done := make(chan error, 1)
					go func() { done <- m.Run(ctx) }()
					if from > 0 {
						time.Sleep(from)
					}
					st.Inject(fault)
					<-ctx.Done()
					stopped := time.Now()
					require.NoError(t, <-done)
					require.LessOrEqual(t, time.Since(stopped), time.Minute, "the farewells have their own bounds")
				})
			})
		}
	}
}

// The end of the host's own time says nothing of the store.
func TestTheHostsDeadlineIsNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := storetest.Wrap(memstore.New(nil))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute+2*time.Second)
		defer cancel()
		log := &lines{}
		m, err := monitor.New(monitor.Config{Store: st, InstanceID: "a", Logger: slog.New(slog.NewTextHandler(log, nil))})
		require.NoError(t, err)
		done := make(chan error, 1)
		go func() { done <- m.Run(ctx) }()
		time.Sleep(10*time.Minute - time.Second) // the beat of the eleventh slot is under way at the end
		heal := st.Inject(storetest.Fault{Before: storetest.Hang})
		<-ctx.Done()
		heal()
		require.NoError(t, <-done)
		require.True(t, m.Status().StoreReachable)
		require.Zero(t, log.count("store unreachable"), log)
	})
}
