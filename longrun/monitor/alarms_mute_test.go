package monitor_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// silence makes one on a node and returns its ID.
func silence(t *testing.T, n *node, d time.Duration, r longrun.RuleID, target string) string {
	t.Helper()
	s, err := n.Silence(t.Context(), longrun.Silence{Until: time.Now().Add(d), Rule: r, Target: target, By: "ops", Reason: "deploy"})
	require.NoError(t, err)
	return s.SilenceID
}

func TestASilenceMadeOnAStandbyHoldsAndWhatStillFiresAtItsEndIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec, host := memstore.New(nil), newTelling(), calm()
		a := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(time.Second)
		b := start(t, st, "b", alertingBy(rec), hosted(host))
		time.Sleep(10 * time.Minute)
		id := silence(t, b, time.Hour, "", "")
		host.queue(tooDeep)
		logOut(host)
		time.Sleep(20 * time.Minute)
		for _, al := range a.Status().Alerts.Alarms {
			require.Equal(t, rules.Firing, al.Phase)
			require.Equal(t, "silence "+id, al.Muted)
		}
		require.Len(t, a.Status().Alerts.Alarms, 2)
		logIn(host) // over before the silence is: nobody hears of it
		time.Sleep(39 * time.Minute)
		require.Empty(t, rec.Calls())
		time.Sleep(2*time.Minute + paced)
		require.Equal(t, []string{"firing queue_depth"}, titles(rec.Messages()))
		require.Empty(t, a.Status().Alerts.Alarms[1].Muted)
		require.Len(t, incidentsOf(t, st), 2, "both are on record")
		a.end()
		b.end()
		require.Len(t, rec.Calls(), 1)
	})
}

func TestASilenceIsOfItsRuleAndTarget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec, host := memstore.New(nil), newTelling(), calm()
		n := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		silence(t, n, time.Hour, rules.LoggedOut, "+40712345678")
		host.queue(tooDeep)
		host.set(func(s *longrun.HostStatus) {
			s.Accounts = []longrun.AccountStatus{{ID: "+40712345678", LoggedOut: true, Since: time.Now()}, {ID: "ops", LoggedOut: true, Since: time.Now()}}
		})
		time.Sleep(20 * time.Minute)
		require.ElementsMatch(t, []string{"firing queue_depth", "firing logged_out ops"}, titles(rec.Messages()))
		all, err := n.Silences(t.Context())
		require.NoError(t, err)
		require.Equal(t, "+*********78", all[0].Target)
		n.end()
		require.NotContains(t, n.log.String(), "40712345678")
	})
}

func TestASilenceThatIsEndedEarlyIsOverWithinMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec, host := memstore.New(nil), newTelling(), calm()
		a := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(time.Second)
		b := start(t, st, "b", alertingBy(rec), hosted(host))
		time.Sleep(10 * time.Minute)
		onA, onB := silence(t, a, 6*time.Hour, rules.QueueDepth, ""), silence(t, b, 6*time.Hour, rules.LoggedOut, "")
		host.queue(tooDeep)
		logOut(host)
		time.Sleep(20 * time.Minute)
		require.Empty(t, rec.Calls())
		_, err := a.EndSilence(t.Context(), onA)
		require.NoError(t, err)
		time.Sleep(time.Minute + paced)
		require.Equal(t, []string{"firing queue_depth"}, titles(rec.Messages()), "at once where it was ended")
		ended, err := b.EndSilence(t.Context(), onB)
		require.NoError(t, err)
		require.Equal(t, time.Now().UTC(), ended.Until)
		time.Sleep(6 * time.Minute)
		require.Equal(t, []string{"firing queue_depth", "firing logged_out ops"}, titles(rec.Messages()))
		_, err = b.EndSilence(t.Context(), "none")
		require.ErrorIs(t, err, store.ErrNotFound)
		left, err := b.Silences(t.Context())
		require.NoError(t, err)
		require.Empty(t, left)
		a.end()
		b.end()
	})
}

func TestTheEndOfWhatWasToldIsToldThroughASilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec, host := memstore.New(nil), newTelling(), calm()
		n := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		logOut(host)
		time.Sleep(5 * time.Minute)
		silence(t, n, 6*time.Hour, "", "")
		time.Sleep(3 * time.Hour) // no reminders
		logIn(host)
		time.Sleep(5 * time.Minute)
		require.Equal(t, []string{"firing logged_out ops", "resolved logged_out ops"}, titles(rec.Messages()))
		n.end()
	})
}

func TestKnownSilencesHoldWhileTheyCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(context.Context, storetest.Call) error{
		"refused": func(context.Context, storetest.Call) error { return errAway },
		"hangs":   storetest.Hang,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				st, rec, host := storetest.Wrap(memstore.New(nil)), newTelling(), calm()
				eachByItself(t, st)
				n := start(t, st, "a", alertingBy(rec), hosted(host))
				time.Sleep(10*time.Minute + time.Second)
				silence(t, n, time.Hour, rules.QueueDepth, "")
				host.queue(tooDeep)
				time.Sleep(2 * time.Minute)
				var reads atomic.Int64
				st.Inject(storetest.Fault{Before: func(ctx context.Context, c storetest.Call) error {
					if strings.HasSuffix(c.Key.Collection, "/"+string(ledger.Silences)) {
						reads.Add(1)
						return fault(ctx, c)
					}
					return nil
				}})
				for range 100 {
					host.set(func(s *longrun.HostStatus) {
						s.Accounts = append(s.Accounts, longrun.AccountStatus{ID: "more-" + strings.Repeat("x", len(s.Accounts)), LoggedOut: true, Since: time.Now()})
					})
				}
				time.Sleep(time.Minute)
				require.Equal(t, int64(1), reads.Load(), "a hundred alerts ask once")
				time.Sleep(40 * time.Minute)
				require.Len(t, flat(rec.Messages()), 100, "what no known silence covers is told")
				require.NotContains(t, titles(rec.Messages()), "firing queue_depth")
				require.Equal(t, 1, n.log.count("silences cannot be read"))
				time.Sleep(20 * time.Minute)
				require.Contains(t, titles(rec.Messages()), "firing queue_depth", "its end is known")
				n.end()
				c := cover(t, st, began)
				require.Equal(t, c.Expected, c.Written)
			})
		})
	}
}

func TestMaintenanceIsInWallTimeOfItsZone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec, host := memstore.New(nil), newTelling(), calm()
		n := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		setting(t, st, func(s *longrun.Settings) {
			s.Maintenance = []longrun.Maintenance{{Name: "backup", Zone: "Europe/Bucharest", Start: "02:30", Minutes: 90}}
		})
		time.Sleep(20 * time.Minute) // 00:30:01 UTC, 02:30:01 there
		host.queue(tooDeep)
		logOut(host)
		time.Sleep(10 * time.Minute)
		require.Equal(t, "maintenance backup", n.Status().Alerts.Alarms[0].Muted)
		logIn(host)
		time.Sleep(78 * time.Minute)
		require.Empty(t, rec.Calls())
		time.Sleep(4 * time.Minute)
		require.Equal(t, []string{"firing queue_depth"}, titles(rec.Messages()))
		require.Equal(t, time.Date(2000, 1, 1, 2, 0, 1, 0, time.UTC), rec.times()[0].UTC(), "written at the slot's start, claimed a second later")
		require.Len(t, incidentsOf(t, st), 2)
		n.end()
	})
}

func TestOneCauseIsOneMessage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec := memstore.New(nil), newTelling()
		own := storetest.Wrap(st)
		n := start(t, own, "a", alertingBy(rec))
		time.Sleep(24 * time.Hour)
		kill(n, own)
		time.Sleep(6 * time.Hour)
		n = start(t, st, "b", alertingBy(rec))
		time.Sleep(paced)
		require.Equal(t, []string{"firing missed_heartbeats"}, titles(rec.Messages()))
		alarms := n.Status().Alerts.Alarms
		require.Len(t, alarms, 2)
		require.Equal(t, rules.InsufficientData, alarms[1].Rule)
		require.Equal(t, rules.Firing, alarms[1].Phase)
		require.Equal(t, "missed_heartbeats fires", alarms[1].Muted)
		require.Contains(t, alarms[1].Summary, "coverage")
		require.Len(t, incidentsOf(t, st), 2)
		time.Sleep(5 * time.Minute)
		require.ElementsMatch(t, []string{"resolved missed_heartbeats", "firing insufficient_data"}, titles(rec.Messages())[1:])
		n.end()
	})
}

// An account that is logged out fails its probes: that is one trouble, and one message.
func TestAProbeThatFailsForWhatItsAccountHasIsNotToldBeside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec, host := memstore.New(nil), newTelling(), calm()
		var out atomic.Bool
		say := func(is bool) {
			out.Store(is)
			host.set(func(s *longrun.HostStatus) {
				s.Accounts = []longrun.AccountStatus{{ID: "ops", State: "connected", Since: time.Now()}}
				if is {
					s.Accounts[0].State, s.Accounts[0].LoggedOut = "needs_qr", true
				}
			})
		}
		say(false)
		p := hourly(probe.Func(func(context.Context) (probe.Result, error) {
			if out.Load() {
				return probe.Failed("logged_out", "the account must be linked anew"), nil
			}
			return probe.Result{Status: probe.Pass}, nil
		}))
		p.Account = "ops"
		n := start(t, st, "a", alertingBy(rec), hosted(host), probing(p))
		time.Sleep(30 * time.Minute)
		say(true)
		time.Sleep(90 * time.Minute)
		alarms := n.Status().Alerts.Alarms
		i := slices.IndexFunc(alarms, func(a monitor.AlarmStatus) bool { return a.Rule == rules.ProbeFails })
		require.Equal(t, rules.Firing, alarms[i].Phase)
		require.Equal(t, "logged_out fires for its account", alarms[i].Muted)
		say(false)
		time.Sleep(2 * time.Hour)
		n.end()
		require.Equal(t, []string{"firing logged_out ops", "resolved logged_out ops"}, dropReminders(titles(rec.Messages())))
		require.Len(t, incidentsOf(t, st), 2, "and both are on record")
	})
}

func dropReminders(titles []string) []string {
	return slices.DeleteFunc(titles, func(s string) bool { return strings.HasPrefix(s, "reminder ") })
}
