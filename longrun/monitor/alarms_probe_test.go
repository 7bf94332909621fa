package monitor_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/probetest"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// hourly is an outbound probe of short pauses, whose failures are not confirmed
// by much.
func hourly(p probe.Prober) monitor.Probe {
	return monitor.Probe{Type: longrun.Outbound, Every: time.Hour, Retry: 20 * time.Minute, Confirm: time.Second, Prober: p}
}

// twice is a result with its confirmation.
func twice(s probetest.Step) []probetest.Step { return []probetest.Step{s, s} }

func TestTheSecondFailureFiresAndAPassResolves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mem, rec := memstore.New(nil), newTelling()
		fail, unsure := twice(probetest.Fail("no_receipt")), []probetest.Step{probetest.Error(errors.New("socket"))}
		script := slices.Concat([]probetest.Step{probetest.Pass(1)}, fail, unsure, fail, unsure, fail, []probetest.Step{probetest.Pass(1)})
		p := probetest.NewScript(script...)
		own := storetest.Wrap(mem)
		n := start(t, own, "a", alertingBy(rec), probing(hourly(p)))
		time.Sleep(time.Hour + 15*time.Minute) // one FAIL
		kill(n, own)
		n = start(t, mem, "b", alertingBy(rec), probing(hourly(p))) // what a saw counts
		upToTheMinute(8 * time.Minute)                              // INCONCLUSIVE
		missed := titles(rec.Messages())
		require.NotContains(t, missed, "firing probe_fails outbound")
		upToTheMinute(19 * time.Minute) // the second FAIL
		require.Contains(t, titles(rec.Messages()), "firing probe_fails outbound")
		all := incidentsOf(t, mem)
		i := all[slices.IndexFunc(all, func(i longrun.Incident) bool { return i.Rule == rules.ProbeFails })]
		var fails []longrun.Probe
		for _, r := range results(t, mem) {
			if r.Result == longrun.Fail {
				fails = append(fails, r)
			}
		}
		require.Len(t, fails, 2)
		require.Equal(t, []string{fails[0].ProbeKey, fails[1].ProbeKey}, i.Probes)
		require.Equal(t, fails[0].TS, i.TSStart, "since the first of them")
		time.Sleep(2 * time.Hour)
		n.end()
		require.Equal(t, 1, slices.Index(slices.DeleteFunc(titles(rec.Messages()), func(s string) bool {
			return s != "firing probe_fails outbound" && s != "resolved probe_fails outbound"
		}), "resolved probe_fails outbound"))
		for _, i := range incidentsOf(t, mem) {
			if i.Rule == rules.ProbeFails {
				require.Len(t, i.Probes, 3, "and the one that came while it was open")
				all := results(t, mem)
				at := slices.IndexFunc(all, func(p longrun.Probe) bool { return p.TS.After(i.TSStart) && p.Result == longrun.Pass })
				require.Equal(t, all[at].TS, *i.TSEnd)
			}
		}
	})
}

// A result whose reply was lost waits in memory and stands in the store: it is
// one failure all the same.
func TestAResultThatLandedUnheardIsOneResult(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec := storetest.Wrap(memstore.New(nil)), newTelling()
		p := probetest.NewScript(slices.Concat(twice(probetest.Fail("no_receipt")), []probetest.Step{probetest.Pass(1)})...)
		heal := func() {}
		once := st.Inject(storetest.Fault{After: func(_ context.Context, c storetest.Call) error {
			if in("probes", c.Ops) {
				heal = cut(st) // nobody hears of it, and the lease is lost
				return errAway
			}
			return nil
		}})
		n := start(t, st, "a", alertingBy(rec), probing(hourly(p)), leasing(10*time.Second))
		time.Sleep(time.Minute + 30*time.Second)
		once()
		time.Sleep(15 * time.Second)
		heal()
		time.Sleep(15 * time.Minute)
		require.Equal(t, monitor.Leading, n.Status().State)
		require.Len(t, results(t, st), 1)
		n.end()
		require.NotContains(t, titles(rec.Messages()), "firing probe_fails outbound")
	})
}

// A result that waited is older than what another leader made meanwhile.
func TestAResultThatWaitedIsNotTheNewest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mem, rec := memstore.New(nil), newTelling()
		setting(t, mem, func(s *longrun.Settings) { s.AlertThresholds.ConsecutiveProbeFails = 1 })
		own := storetest.Wrap(mem)
		a := start(t, own, "a", alertingBy(rec), probing(hourly(probetest.NewScript(probetest.Fail("no_receipt")))))
		time.Sleep(10 * time.Second)
		b := start(t, mem, "b", alertingBy(rec), probing(hourly(probetest.NewScript())))
		time.Sleep(20 * time.Second)
		heal := cut(own)
		time.Sleep(10 * time.Minute)
		require.Equal(t, monitor.Leading, b.Status().State)
		heal()
		time.Sleep(2 * time.Minute)
		b.end()
		time.Sleep(5 * time.Minute)
		require.Equal(t, monitor.Leading, a.Status().State)
		require.Len(t, results(t, mem), 2)
		a.end()
		require.NotContains(t, titles(rec.Messages()), "firing probe_fails outbound")
	})
}

func TestAProbeThatTellsNothingIsOverdueAndOneThatIsNotConfiguredNeverIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mem, rec := memstore.New(nil), newTelling()
		unsure := probetest.NewScript(probetest.Error(errors.New("socket")))
		probes := probing(hourly(unsure), monitor.Probe{Type: longrun.Queue, Every: time.Hour}, monitor.Probe{Type: longrun.Inbound, Every: time.Hour, Prober: probetest.NewScript(probetest.Error(probe.ErrNotConfigured))})
		n := start(t, mem, "a", alertingBy(rec), probes)
		for range 9 { // a deploy every 20 minutes hides nothing
			time.Sleep(20 * time.Minute)
			n.end()
			n = start(t, mem, "b", alertingBy(rec), probes)
		}
		require.Equal(t, []string{"firing probe_overdue outbound"}, titles(rec.Messages()))
		i := incidentsOf(t, mem)[0]
		require.WithinDuration(t, time.Date(2000, 1, 1, 1, 1, 0, 0, time.UTC), i.TSStart, time.Minute, "when it was due")
		n.end()
		n = start(t, mem, "c", alertingBy(rec), probing(hourly(probetest.NewScript())))
		time.Sleep(30 * time.Minute)
		n.end()
		require.Equal(t, "resolved probe_overdue outbound", titles(rec.Messages())[1])
	})
}

func TestWhatIsNoLongerWatchedDoesNotFireForEver(t *testing.T) {
	t.Parallel()
	for name, then := range map[string][]monitor.Probe{
		"not configured any more": {hourly(nil)},
		"taken out":               nil,
		"another one":             {{Type: longrun.Queue, Prober: probetest.NewScript()}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st, rec, host := memstore.New(nil), newTelling(), calm()
				n := start(t, st, "a", alertingBy(rec), hosted(host), probing(hourly(probetest.NewScript(probetest.Fail("no_receipt")))))
				time.Sleep(10*time.Minute + time.Second)
				logOut(host)
				time.Sleep(20 * time.Minute)
				require.Len(t, titles(rec.Messages()), 2)
				n.end()
				n = start(t, st, "b", alertingBy(rec), hosted(host), probing(then...))
				time.Sleep(time.Minute + paced)
				require.Contains(t, titles(rec.Messages()), "resolved probe_fails outbound")
				require.NotContains(t, titles(rec.Messages()), "resolved logged_out ops")
				host.set(func(s *longrun.HostStatus) { s.Accounts = []longrun.AccountStatus{{ID: "another"}} })
				time.Sleep(5*time.Minute + paced) // from the start: until then the host may not have named all
				require.Contains(t, titles(rec.Messages()), "resolved logged_out ops")
				n.end()
			})
		})
	}
}

func TestWhatIsNotKnownYetIsNotGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mem, rec := memstore.New(nil), newTelling()
		probes := probing(hourly(probetest.NewScript(probetest.Fail("no_receipt"))))
		n := start(t, mem, "a", alertingBy(rec), probes)
		time.Sleep(30 * time.Minute)
		n.end()
		require.Equal(t, []string{"firing probe_fails outbound"}, titles(rec.Messages()))
		st := storetest.Wrap(mem)
		heal := st.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Scan && strings.HasSuffix(c.Key.Collection, "/"+string(ledger.Probes)) {
				return errAway
			}
			return nil
		}})
		n = start(t, st, "b", alertingBy(rec), probes)
		time.Sleep(10 * time.Minute)
		heal()
		time.Sleep(10 * time.Minute)
		n.end()
		require.Equal(t, []string{"firing probe_fails outbound"}, titles(rec.Messages()))
	})
}

func TestAHostThatDoesNotAnswerSaysNothingOfItsAccounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec, host := memstore.New(nil), newTelling(), calm()
		n := start(t, st, "a", alertingBy(rec), func(c *monitor.Config) {
			c.Status = host.ask
		})
		time.Sleep(10*time.Minute + time.Second)
		host.set(func(s *longrun.HostStatus) { s.QueueDepth, s.NeedsQR = tooDeep, 1 }) // the one that it names
		logOut(host)
		time.Sleep(5 * time.Minute)
		host.fail(errors.New("no answer"))
		time.Sleep(30 * time.Minute)
		require.Equal(t, []string{"firing status_unknown"}, titles(rec.Messages())[2:], "nothing is over, and of accounts nothing new")
		host.fail(nil)
		host.set(func(s *longrun.HostStatus) { s.Accounts, s.QueueDepth, s.NeedsQR = nil, 0, 2 }) // it names none any more
		time.Sleep(5 * time.Minute)
		require.ElementsMatch(t, []string{"firing logged_out", "resolved logged_out ops", "resolved queue_depth", "resolved status_unknown"}, titles(rec.Messages())[3:])
		n.end()
	})
}
