package monitor_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/probetest"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

func TestAProbeByHandIsMadeNowAndMovesNoSchedule(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		slow := probetest.NewScript(probetest.Step{Wait: afterwards(80 * time.Second), Result: probe.Result{Status: probe.Pass}}, probetest.Pass(1))
		n := start(t, st, "a", probing(outbound(slow)))
		time.Sleep(time.Minute + time.Second) // the scheduled one is under way
		began := time.Now()
		got, err := n.RunProbe(t.Context(), longrun.Outbound)
		require.NoError(t, err)
		require.Equal(t, "OUT_20000101T000120", got.ProbeKey)
		require.Equal(t, longrun.ByHand, got.Trigger)
		require.Equal(t, 20*time.Second, time.Since(began), "after the one under way, and stored a second after it")
		require.Contains(t, told(results(t, st)), "OUT_20000101T000120 PASS ", "stored when it returns")
		require.Equal(t, "OUT_20000101T000120", n.Status().Probes[0].Last.ProbeKey)

		got, err = n.RunProbe(t.Context(), longrun.Outbound)
		require.NoError(t, err)
		require.Equal(t, "OUT_20000101T000122", got.ProbeKey, "a second one waits until the server may send again")
		time.Sleep(3 * time.Second)
		taken := got
		taken.TS = time.Now().UTC()
		taken.ProbeKey = longrun.ProbeID(longrun.Outbound, taken.TS, longrun.ByHand, longrun.ProbeSchedule{})
		book, err := ledger.New(st, "")
		require.NoError(t, err)
		_, err = st.Commit(t.Context(), book.CreateProbe(taken))
		require.NoError(t, err)
		_, err = n.RunProbe(t.Context(), longrun.Outbound)
		require.ErrorIs(t, err, monitor.ErrProbeTaken, "the first result of a second stands")

		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		slow.Then(probetest.Step{Wait: afterwards(10 * time.Second), Result: probe.Result{Status: probe.Pass}})
		_, err = n.RunProbe(ctx, longrun.Outbound)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.True(t, n.Status().Probes[0].Running, "it goes on, though nobody waits")
		time.Sleep(3 * time.Hour)
		_, err = n.RunProbe(t.Context(), longrun.Outbound)
		require.NoError(t, err)
		time.Sleep(4 * time.Hour)
		n.end()
		require.Equal(t, []string{
			"OUT_20000101T00 PASS ", "OUT_20000101T000120 PASS ", "OUT_20000101T000122 PASS ", "OUT_20000101T000125 PASS ",
			"OUT_20000101T000127 PASS ", "OUT_20000101T030128 PASS ", "OUT_20000101T06 PASS ",
		}, told(results(t, st)))
	})
}

// afterwards is a channel that closes after d.
func afterwards(d time.Duration) <-chan struct{} {
	ch := make(chan struct{})
	time.AfterFunc(d, func() { close(ch) })
	return ch
}

func TestAProbeThatTheEndInterruptsSaysNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		n := start(t, st, "a", probing(outbound(probetest.NewScript(probetest.Step{Wait: make(chan struct{})}))))
		time.Sleep(time.Minute + 10*time.Second)
		byHand := make(chan error, 1)
		go func() {
			_, err := n.RunProbe(t.Context(), longrun.Outbound)
			byHand <- err
		}()
		synctest.Wait()
		began := time.Now()
		n.end()
		require.Zero(t, time.Since(began))
		var not *monitor.NotLeadingError
		require.ErrorAs(t, <-byHand, &not)

		// Nor later, when this process leads again.
		ctx, cancel := context.WithCancel(t.Context())
		again := make(chan error, 1)
		go func() { again <- n.Run(ctx) }()
		time.Sleep(30 * time.Second)
		cancel()
		require.NoError(t, <-again)
		require.Empty(t, results(t, st))
	})
}
