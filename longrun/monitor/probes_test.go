package monitor_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/probetest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// probing gives a node probes.
func probing(probes ...monitor.Probe) func(*monitor.Config) {
	return func(c *monitor.Config) { c.Probes = probes }
}

// outbound is a probe of the default schedule.
func outbound(p probe.Prober) monitor.Probe {
	return monitor.Probe{Type: longrun.Outbound, Prober: p}
}

// results returns the stored probes, oldest first.
func results(t *testing.T, st store.Store) []longrun.Probe {
	t.Helper()
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	var out []longrun.Probe
	for e, err := range l.Probes(t.Context(), ledger.Page{}) {
		require.NoError(t, err)
		out = append(out, e.Value)
	}
	return out
}

// told are the results in short.
func told(probes []longrun.Probe) (out []string) {
	for _, p := range probes {
		out = append(out, p.ProbeKey+" "+string(p.Result)+" "+p.ErrorClass)
	}
	return out
}

func TestAProbeIsMadeOnItsScheduleAndStored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		p := probetest.NewScript(probetest.Step{Result: probe.Result{
			Status: probe.Pass, Latency: 1234567 * time.Nanosecond, Target: "49***78",
			Stages: []probe.Stage{{Name: "queue", Took: time.Millisecond}, {Name: "ack", Took: 234 * time.Microsecond}},
		}})
		n := start(t, st, "a", probing(outbound(p), monitor.Probe{Type: longrun.Queue, Prober: p}))
		time.Sleep(59 * time.Second)
		synctest.Wait()
		require.Zero(t, p.Calls(), "the host settles first")
		time.Sleep(24 * time.Hour)
		n.end()

		got := results(t, st)
		require.Equal(t, []string{
			"OUT_20000101T00 PASS ", "QUEUE_20000101T00 PASS ", "OUT_20000101T06 PASS ", "OUT_20000101T12 PASS ", "OUT_20000101T18 PASS ",
		}, told(got))
		first := got[0]
		require.Equal(t, longrun.Probe{
			ProbeKey: "OUT_20000101T00", Type: longrun.Outbound, TS: time.Date(2000, 1, 1, 0, 1, 0, 0, time.UTC), TSISO: "2000-01-01T00:01:00.000Z",
			Result: longrun.Pass, LatencyMs: 1.234, Trigger: longrun.Scheduled, Target: "49***78",
			Stages:   []longrun.ProbeStage{{Name: "queue", Ms: 1}, {Name: "ack", Ms: 0.234}},
			Attempts: []longrun.ProbeAttempt{{TS: first.TS, Result: longrun.Pass, LatencyMs: 1.234}},
			EverySec: 21600, DeadlineSec: 30, CommitHash: "c1", InstanceID: "a", Epoch: 1,
		}, first)
		require.Equal(t, 24*60, cover(t, st, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).Written, "and no slot was missed for it")
	})
}

func TestAFailureIsConfirmedOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		steps []probetest.Step
		want  []longrun.ProbeResult // the attempts, of which the last one is the result
	}{
		"chance":          {[]probetest.Step{probetest.Fail("no_receipt"), probetest.Pass(1)}, []longrun.ProbeResult{longrun.Fail, longrun.Pass}},
		"confirmed":       {[]probetest.Step{probetest.Fail("no_receipt")}, []longrun.ProbeResult{longrun.Fail, longrun.Fail}},
		"cannot tell":     {[]probetest.Step{probetest.Error(errors.New("socket"))}, []longrun.ProbeResult{longrun.Inconclusive}},
		"cannot confirm":  {[]probetest.Step{probetest.Fail("x"), probetest.Error(errors.New("socket"))}, []longrun.ProbeResult{longrun.Fail, longrun.Inconclusive}},
		"passes at once":  {[]probetest.Step{probetest.Pass(1)}, []longrun.ProbeResult{longrun.Pass}},
		"gives no answer": {[]probetest.Step{{}}, []longrun.ProbeResult{longrun.Inconclusive}},
		"panics":          {[]probetest.Step{{Panic: "oh"}}, []longrun.ProbeResult{longrun.Inconclusive}},
		"does not return": {nil, []longrun.ProbeResult{longrun.Inconclusive}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := memstore.New(nil)
				if c.steps == nil {
					c.steps = []probetest.Step{{Wait: make(chan struct{})}} // a channel of this bubble
				}
				n := start(t, st, "a", probing(outbound(probetest.NewScript(c.steps...))))
				time.Sleep(10 * time.Minute)
				n.end()
				got := results(t, st)
				require.Len(t, got, 1)
				var attempts []longrun.ProbeResult
				for _, a := range got[0].Attempts {
					attempts = append(attempts, a.Result)
				}
				require.Equal(t, c.want, attempts)
				require.Equal(t, c.want[len(c.want)-1], got[0].Result)
				require.Equal(t, got[0].Result == longrun.Pass, got[0].ErrorClass == "", "a class says why it is no PASS")
			})
		})
	}
}

func TestAProberThatIgnoresItsContextCostsNoBeatAndNoStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		let := make(chan struct{})
		st := memstore.New(nil)
		deaf := probetest.NewScript(probetest.Step{Wait: let, Deaf: true})
		n := start(t, st, "a", probing(outbound(deaf)))
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		got := results(t, st)
		require.Equal(t, "OUT_20000101T00 INCONCLUSIVE timeout", told(got)[0])
		require.InDelta(t, 31_000, got[0].LatencyMs, 0, "the deadline, and a second to say what was seen")
		require.Equal(t, "OUT_20000101T01 INCONCLUSIVE error", told(got)[1], "it is not called again")
		require.Contains(t, got[1].Error, "has not returned")
		require.Equal(t, 1, deaf.Calls())
		require.Len(t, beats(t, st), 3*60+1)
		began := time.Now()
		n.end()
		require.Equal(t, 7*time.Second, time.Since(began), "how long a host's function is waited for")
		require.Contains(t, n.log.String(), "the outbound probe ignores the end of its context")
		close(let)
	})
}

func TestWhatIsNotConfiguredSaysSoAndIsNoPass(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		n := start(t, st, "a", probing(outbound(nil)))
		time.Sleep(7 * time.Hour)
		synctest.Wait()
		require.False(t, n.Status().Probes[0].Configured)
		n.end()
		require.Equal(t, []string{"OUT_20000101T00 INCONCLUSIVE not_configured", "OUT_20000101T06 INCONCLUSIVE not_configured"}, told(results(t, st)))
	})
}

func TestAFailureIsLookedAtAgainSoon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		fail := probetest.Fail("no_receipt")
		n := start(t, st, "a", probing(outbound(probetest.NewScript(fail, fail, fail, fail, probetest.Pass(1)))))
		time.Sleep(10 * time.Hour)
		n.end()
		require.Equal(t, []string{"OUT_20000101T00 FAIL no_receipt", "OUT_20000101T01 FAIL no_receipt", "OUT_20000101T02 PASS ", "OUT_20000101T08 PASS "}, told(results(t, st)))
		require.Equal(t, 2, n.log.count("result=FAIL"), "each failure is one line")
		require.Equal(t, 1, n.log.count("result=PASS"), "and its end is one; what stays well is none")
	})
}

// The original's timers began anew at each start, so that deploys starved its
// six-hour probes.
func TestNeitherRestartsNorTakeOversStarveOrRepeatAProbe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		p := probetest.NewScript()
		for i := range 24 * 3 { // a deploy every 20 minutes
			n := start(t, st, []string{"a", "b"}[i%2], probing(outbound(p)))
			time.Sleep(20*time.Minute - time.Second)
			n.end()
			time.Sleep(time.Second)
		}
		require.Equal(t, []string{"OUT_20000101T00 PASS ", "OUT_20000101T06 PASS ", "OUT_20000101T12 PASS ", "OUT_20000101T18 PASS "}, told(results(t, st)))
		require.Equal(t, 4, p.Calls())
	})
}

func TestAnOverdueProbeWaitsUntilTheHostHasSettled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		// A pass has no class, whatever its prober says.
		p := probetest.NewScript(probetest.Step{Result: probe.Result{Status: probe.Pass, Class: "odd", Detail: "odd"}})
		n := start(t, st, "a", probing(outbound(p)))
		time.Sleep(2 * time.Minute)
		n.end()
		time.Sleep(6*time.Hour + 20*time.Minute)
		n = start(t, st, "a", probing(outbound(p)))
		time.Sleep(2 * time.Minute)
		n.end()
		got := results(t, st)
		require.Equal(t, []string{"OUT_20000101T00 PASS ", "OUT_20000101T06 PASS "}, told(got))
		require.Equal(t, time.Date(2000, 1, 1, 6, 23, 0, 0, time.UTC), got[1].TS)
		require.Empty(t, got[0].Error)
	})
}

func TestOnlyTheLeaderProbes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		ours, theirs := probetest.NewScript(), probetest.NewScript()
		leader := start(t, st, "a", probing(outbound(ours)))
		time.Sleep(time.Second)
		standby := start(t, st, "b", probing(outbound(theirs)))
		time.Sleep(13 * time.Hour)
		synctest.Wait()
		require.Equal(t, 3, ours.Calls())
		require.Zero(t, theirs.Calls())

		_, err := standby.RunProbe(t.Context(), longrun.Outbound)
		var not *monitor.NotLeadingError
		require.ErrorAs(t, err, &not)
		require.Equal(t, "a", not.Holder)
		_, err = leader.RunProbe(t.Context(), "nonsense")
		require.ErrorIs(t, err, monitor.ErrUnknownProbe)

		leader.end()
		time.Sleep(6 * time.Hour)
		standby.end()
		require.Equal(t, 1, theirs.Calls())
		_, err = standby.RunProbe(t.Context(), longrun.Outbound)
		require.ErrorAs(t, err, &not, "stopped")
	})
}

func TestAResultThatTheStoreDoesNotTakeWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := storetest.Wrap(memstore.New(nil))
		p := probetest.NewScript(probetest.Fail("no_receipt"), probetest.Fail("no_receipt"), probetest.Pass(1))
		n := start(t, f, "a", probing(outbound(p)))
		time.Sleep(50 * time.Second)
		heal := cut(f)
		time.Sleep(10 * time.Minute) // the lease ends meanwhile
		require.Equal(t, monitor.Standby, n.Status().State)
		require.Equal(t, 2, p.Calls(), "made while it was trusted")
		heal()
		time.Sleep(5 * time.Minute)
		got := results(t, f)
		require.Equal(t, []string{"OUT_20000101T00 FAIL no_receipt"}, told(got))
		require.Equal(t, int64(2), got[0].Epoch, "stored under the next lease")
		time.Sleep(time.Hour)
		n.end()
		require.Equal(t, []string{"OUT_20000101T00 FAIL no_receipt", "OUT_20000101T01 PASS "}, told(results(t, f)), "and it is looked at again an hour after it")
	})
}

// A clock that was set back leaves a result, and a start, that lie ahead.
func TestAClockThatWasSetBackStarvesNoProbe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		book, err := ledger.New(st, "")
		require.NoError(t, err)
		ahead := time.Now().Add(10 * 24 * time.Hour).UTC()
		_, err = st.Commit(t.Context(), book.CreateProbe(longrun.Probe{ProbeKey: "OUT_ahead", Type: longrun.Outbound, TS: ahead, Result: longrun.Pass, Trigger: longrun.Scheduled}))
		require.NoError(t, err)
		p := probetest.NewScript()
		n := start(t, st, "a", probing(outbound(p)))
		time.Sleep(48*time.Hour + time.Minute)
		require.Equal(t, 8, p.Calls())
		n.end()

		// The clock is set back while it runs.
		clk := &freezer{Clock: clock.New()}
		clk.ahead.Store(int64(100 * time.Hour))
		q := probetest.NewScript()
		m := start(t, memstore.New(nil), "b", probing(outbound(q)), func(c *monitor.Config) { c.Clock = clk })
		time.Sleep(2 * time.Minute)
		require.Equal(t, 1, q.Calls())
		clk.ahead.Store(0)
		time.Sleep(12*time.Hour + 2*time.Minute)
		require.Equal(t, 3, q.Calls())
		m.end()
	})
}

func TestAProberThatEndsWithItsTimeIsATimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		n := start(t, st, "a", probing(outbound(probe.Func(func(ctx context.Context) (probe.Result, error) {
			<-ctx.Done()
			return probe.Result{}, ctx.Err()
		}))))
		time.Sleep(10 * time.Minute)
		n.end()
		got := results(t, st)
		require.Equal(t, []string{"OUT_20000101T00 INCONCLUSIVE timeout"}, told(got))
		require.Equal(t, "the outbound probe took longer than 30s", got[0].Error)
	})
}

func TestSettingsMoveAProbesSchedule(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		p := probetest.NewScript()
		n := start(t, st, "a", probing(outbound(p)))
		time.Sleep(10 * time.Minute)
		s, version, err := n.Settings(t.Context())
		require.NoError(t, err)
		s.ProbeEverySec = map[string]float64{"outbound": 600}
		_, err = n.PutSettings(t.Context(), s, version)
		require.NoError(t, err)
		time.Sleep(30*time.Minute + time.Second)
		n.end()
		require.Equal(t, 4, p.Calls())
		require.Equal(t, "OUT_20000101T0011 PASS ", told(results(t, st))[1])
		require.Equal(t, 10*time.Minute, n.Status().Probes[0].Every)
	})
}

func TestWhatAProberSaysIsCutAndMasked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		const number = "4917012345678"
		p := probetest.NewScript(probetest.Step{Result: probe.Result{
			Status: probe.Fail, Class: "class " + number, Detail: "first line\nto " + number + strings.Repeat(" x", 200), Target: number,
			Stages: []probe.Stage{{Name: number, Took: 1}},
		}})
		n := start(t, st, "a", probing(outbound(p)))
		time.Sleep(2 * time.Minute)
		n.end()
		got := results(t, st)[0]
		require.Equal(t, "***********78", got.Target)
		require.Equal(t, "class ***********78", got.ErrorClass)
		require.True(t, strings.HasPrefix(got.Error, "first line to ***********78 x x"), got.Error)
		require.Less(t, len(got.Error), 210)
		require.NotContains(t, fmt.Sprintf("%+v %s", got, n.log), number)
	})
}

func TestMistakesInProbesAreNamed(t *testing.T) {
	t.Parallel()
	_, err := monitor.New(monitor.Config{Store: memstore.New(nil), Probes: []monitor.Probe{
		{Type: "Out Bound"},
		{Type: longrun.Outbound, Every: time.Second},
		{Type: longrun.Outbound},
		{Type: longrun.Queue, Every: time.Hour, Deadline: 40 * time.Minute},
		{Type: longrun.Inbound, Confirm: -1},
		{Type: longrun.Outbound, Name: "ops-1"},
		{Type: longrun.Outbound, Name: "ops-1", Account: "other"},
		{Type: "out"},
		{Type: longrun.Outbound, Name: "4917012345678"},
	}, ProbesAtOnce: -1})
	require.NotContains(t, err.Error(), "4917012345678")
	for _, want := range []string{"Probes[0]: probe type", "Probes[1]: every 1s", "Probes[2]: a probe \"outbound\" is there already", "Probes[3]: retry 1h0m0s is not longer than two attempts", "Probes[4]: confirm", "Probes[6]: a probe \"outbound ops-1\" is there already", "Probes[7]: probe type \"out\" has the IDs of another type", "Probes[8]: a probe's name has more", "ProbesAtOnce: -1"} {
		require.ErrorContains(t, err, want)
	}
	for _, every := range []time.Duration{0, time.Minute, time.Hour, 24 * time.Hour} {
		_, err := monitor.New(monitor.Config{Store: memstore.New(nil), Probes: []monitor.Probe{{Type: longrun.Outbound, Every: every}}})
		require.NoError(t, err, "every default fits every period")
	}
}
