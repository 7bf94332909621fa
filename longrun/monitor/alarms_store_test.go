package monitor_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// settingsAway makes the settings unreadable and nothing else.
func settingsAway(_ context.Context, c storetest.Call) error {
	if c.Method == storetest.Get && strings.HasSuffix(c.Key.Collection, "/"+string(ledger.Config)) {
		return errAway
	}
	return nil
}

// storeIncidents are those of the store.
func storeIncidents(all []longrun.Incident) (out []longrun.Incident) {
	for _, i := range all {
		if i.Rule == rules.StoreUnreachable {
			out = append(out, i)
		}
	}
	return out
}

func TestALeaderTellsOfItsStoreDirectlyAndOneIncidentRemains(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(*storetest.Faulty) func(){"away": cut, "takes no writes": fill} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				mem := memstore.New(nil)
				ownA, ownB := storetest.Wrap(mem), storetest.Wrap(mem)
				recA, recB := newTelling(), newTelling()
				a := start(t, ownA, "a", alertingBy(recA))
				time.Sleep(time.Second)
				b := start(t, ownB, "b", alertingBy(recB))
				time.Sleep(10*time.Minute + 20*time.Second)
				healA, healB := fault(ownA), fault(ownB)
				time.Sleep(2 * time.Minute)
				require.Empty(t, recA.Calls(), "not sooner than two intervals")
				time.Sleep(90 * time.Second)
				require.Equal(t, []string{"firing store_unreachable"}, titles(recA.Messages()))
				since := recA.Messages()[0].Since // of the first call that failed
				require.WithinDuration(t, time.Date(2000, 1, 1, 0, 10, 40, 0, time.UTC), since, 25*time.Second)
				require.Equal(t, rules.StoreUnreachable, a.Status().Alerts.Alarms[0].Rule)
				require.Contains(t, a.Status().Alerts.Alarms[0].Summary, "the store cannot be reached")
				time.Sleep(2*time.Hour + 20*time.Second) // not just before a slot begins
				require.Empty(t, b.Status().Alerts.Alarms[0].Muted, "the lease that it knew of must be over, and it cannot know that its holder lives")
				require.Equal(t, []string{"firing store_unreachable", "reminder store_unreachable", "reminder store_unreachable"}, titles(recA.Messages()))
				healA() // first, so that it is the one which leads again
				time.Sleep(6 * time.Second)
				healB()
				time.Sleep(4 * time.Second)
				back := time.Now().UTC()
				time.Sleep(10 * time.Minute)
				told := titles(recB.Messages())
				require.Equal(t, "firing store_unreachable", told[0])
				require.Equal(t, "resolved store_unreachable", told[len(told)-1])
				last := recA.Messages()[3]
				require.Equal(t, "resolved store_unreachable", titles(recA.Messages())[3])
				require.Equal(t, since, last.Since)
				require.WithinDuration(t, back, last.Until, 10*time.Second)
				a.end() // b leads, and has an outage to record too
				time.Sleep(10 * time.Minute)
				require.Equal(t, monitor.Leading, b.Status().State)
				b.end()
				all := storeIncidents(incidentsOf(t, mem))
				require.Len(t, all, 1)
				require.Equal(t, last.IncidentID, all[0].IncidentID)
				require.Equal(t, since, all[0].TSStart)
				require.Equal(t, last.Until, *all[0].TSEnd)
				require.InDelta(t, last.Until.Sub(since).Seconds(), *all[0].MTTRSec, 0)
				require.Len(t, titles(recB.Messages()), len(told))
			})
		})
	}
}

func TestAnOutageWithinALongLeaseEndsWhenTheStoreAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec, host := storetest.Wrap(memstore.New(nil)), newTelling(), calm()
		n := start(t, st, "a", alertingBy(rec), hosted(host), leasing(time.Hour))
		time.Sleep(10*time.Minute + time.Second)
		host.queue(tooDeep)
		host.set(func(s *longrun.HostStatus) {
			s.Accounts = []longrun.AccountStatus{{ID: "z", LoggedOut: true, Since: time.Now()}, {ID: "a", LoggedOut: true, Since: time.Now()}}
		})
		time.Sleep(2 * time.Minute)
		heal := cut(st)
		time.Sleep(5 * time.Minute)
		var shown []string
		for _, al := range n.Status().Alerts.Alarms {
			shown = append(shown, strings.TrimSpace(string(al.Rule)+" "+al.Target))
			require.Equal(t, rules.Firing, al.Phase)
		}
		require.Equal(t, []string{"store_unreachable", "logged_out a", "logged_out z", "queue_depth"}, shown, "the status has all rules, in their order")
		time.Sleep(10 * time.Second)
		heal()
		back := time.Now()
		time.Sleep(2 * time.Minute)
		n.end()
		i := storeIncidents(incidentsOf(t, st))[0]
		require.WithinDuration(t, back, *i.TSEnd, 10*time.Second, "not when the next slot began")
		require.Contains(t, titles(rec.Messages()), "resolved store_unreachable")
	})
}

func TestAShortOutageSaysNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec := storetest.Wrap(memstore.New(nil)), newTelling()
		n := start(t, st, "a", alertingBy(rec))
		for range 5 {
			time.Sleep(10*time.Minute + 20*time.Second)
			heal := cut(st)
			time.Sleep(100 * time.Second)
			heal()
		}
		time.Sleep(10 * time.Minute)
		n.end()
		require.Empty(t, rec.Calls())
		require.Empty(t, incidentsOf(t, st))
	})
}

func TestAnInstanceThatKnowsNoLeaderTells(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec := storetest.Wrap(memstore.New(nil)), newTelling()
		heal := cut(st)
		n := start(t, st, "a", alertingBy(rec))
		time.Sleep(10 * time.Minute)
		require.Equal(t, []string{"firing store_unreachable"}, titles(rec.Messages()))
		heal()
		time.Sleep(10 * time.Minute)
		n.end()
		// Whether the slots without the store are missed as well depends on what was
		// written first, the run or the lease.
		require.Equal(t, []string{"firing store_unreachable", "resolved store_unreachable"}, titles(rec.Messages())[:2])
		require.Len(t, storeIncidents(incidentsOf(t, st)), 1)
	})
}

func TestAnOutageThatTwoInstancesToldOfIsOneIncident(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec := storetest.Wrap(memstore.New(nil)), newTelling()
		heal := cut(st)
		nodes := map[string]*node{"a": start(t, st, "a", alertingBy(rec))}
		time.Sleep(5 * time.Second)
		nodes["b"] = start(t, st, "b", alertingBy(rec))
		time.Sleep(10 * time.Minute)
		unread := st.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Scan && strings.HasSuffix(c.Key.Collection, "/"+string(ledger.Incidents)) {
				return errAway // whether another has recorded it cannot be asked yet
			}
			return nil
		}})
		heal()
		time.Sleep(10*time.Minute + time.Second)
		unread()
		require.Empty(t, storeIncidents(incidentsOf(t, st)))
		time.Sleep(5 * time.Minute)
		require.Len(t, storeIncidents(incidentsOf(t, st)), 1)
		for _, n := range nodes {
			if n.Status().State == monitor.Leading {
				n.end()
			}
		}
		time.Sleep(10 * time.Minute)
		for _, n := range nodes {
			if n.Status().State == monitor.Leading {
				n.end()
			}
			require.Equal(t, monitor.Stopped, n.Status().State)
		}
		require.Len(t, storeIncidents(incidentsOf(t, st)), 1)
		require.Equal(t, 2, count(titles(rec.Messages()), "firing store_unreachable"))
		require.Equal(t, 2, count(titles(rec.Messages()), "resolved store_unreachable"))
	})
}

// The network is often gone for the store and the channel at once.
func TestAChannelThatIsAwayTooGetsFewMessagesAtTheReturn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec := storetest.Wrap(memstore.New(nil)), newTelling(alerttest.Fail(errReset))
		n := start(t, st, "a", alertingBy(rec))
		time.Sleep(10*time.Minute + 20*time.Second)
		heal := cut(st)
		time.Sleep(5 * time.Hour)
		require.NotEmpty(t, rec.Calls())
		heal()
		rec.Then()
		time.Sleep(20 * time.Minute)
		n.end()
		got := titles(rec.Messages())
		require.Contains(t, got, "firing store_unreachable")
		require.Contains(t, got, "resolved store_unreachable")
		require.NotContains(t, got[1:], "firing store_unreachable")
		require.LessOrEqual(t, len(got), 3, "and at most one reminder")
	})
}

func TestOfALongOutageNobodyHearsTheHoursOneByOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec := storetest.Wrap(memstore.New(nil)), newTelling(alerttest.Fail(errReset))
		n := start(t, st, "a", alertingBy(rec))
		time.Sleep(10*time.Minute + 20*time.Second)
		heal := cut(st)
		time.Sleep(24 * time.Hour)
		calls := len(rec.Calls())
		rec.Then(alerttest.RetryAfter(10*time.Minute), alerttest.OK())
		time.Sleep(20 * time.Minute)
		heal()
		time.Sleep(20 * time.Minute)
		n.end()
		require.Equal(t, []string{"reminder store_unreachable", "resolved store_unreachable"}, titles(rec.Messages()), "the first word is too old")
		at := rec.times()[calls:]
		require.Len(t, at, 3)
		require.GreaterOrEqual(t, at[1].Sub(at[0]), 10*time.Minute, "as it asked")
	})
}

func TestAnOutageOfOneInstanceIsNoneOfTheStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mem, rec := memstore.New(nil), newTelling()
		own := storetest.Wrap(mem)
		a := start(t, mem, "a", alertingBy(rec))
		time.Sleep(time.Second)
		b := start(t, own, "b", alertingBy(rec))
		time.Sleep(10 * time.Minute)
		heal := cut(own)
		time.Sleep(20 * time.Minute)
		heal()
		time.Sleep(10 * time.Minute)
		a.end()
		time.Sleep(10 * time.Minute)
		require.Equal(t, monitor.Leading, b.Status().State)
		b.end()
		require.Equal(t, []string{"firing store_unreachable", "resolved store_unreachable"}, titles(rec.Messages()))
		require.Equal(t, "b", rec.Messages()[0].Instance, "it cannot take over, which is worth a word")
		require.Empty(t, storeIncidents(incidentsOf(t, mem)), "a wrote all the time")
	})
}

// The leader dies in the outage, and the standby that was silent records it.
func TestAnOutageThatItsLeaderDidNotSurviveIsRecordedByTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mem, rec := memstore.New(nil), newTelling()
		st := storetest.Wrap(mem)
		a := start(t, st, "a", alertingBy(rec))
		time.Sleep(time.Second)
		b := start(t, st, "b", alertingBy(rec))
		time.Sleep(10 * time.Minute)
		heal := cut(st)
		time.Sleep(10 * time.Minute)
		a.end()
		time.Sleep(10 * time.Minute)
		// What it records takes some tries too, and is not forgotten in a lost lease.
		fail := st.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if in(ledger.Incidents, c.Ops) {
				return errAway
			}
			return nil
		}})
		heal()
		time.Sleep(5 * time.Minute)
		require.Equal(t, monitor.Leading, b.Status().State)
		heal = cut(st)
		time.Sleep(100*time.Second + 2*time.Minute)
		heal()
		fail()
		time.Sleep(10 * time.Minute)
		b.end()
		all := storeIncidents(incidentsOf(t, mem))
		require.NotEmpty(t, all)
		require.Equal(t, "b", all[0].InstanceID)
		require.InDelta(t, 20*60, *all[0].MTTRSec, 150, "a standby asks now and then")
	})
}

func TestASilenceOfTheStoreHoldsWhereItWasMade(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec := storetest.Wrap(memstore.New(nil)), newTelling()
		n := start(t, st, "a", alertingBy(rec))
		time.Sleep(10*time.Minute + 20*time.Second)
		id := silence(t, n, time.Hour, rules.StoreUnreachable, "")
		heal := cut(st)
		time.Sleep(50 * time.Minute)
		require.Equal(t, "silence "+id, n.Status().Alerts.Alarms[0].Muted)
		require.Empty(t, rec.Calls())
		time.Sleep(12 * time.Minute)
		require.Equal(t, []string{"firing store_unreachable"}, titles(rec.Messages()))
		heal()
		time.Sleep(10 * time.Minute)
		n.end()
	})
}
