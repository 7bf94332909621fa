package monitor_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// What the channel asks for holds for whoever leads next, and for messages that
// are decided meanwhile.
func TestWhoeverLeadsLeavesTheChannelAloneAsLongAsItAsked(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{time.Second, 10072 * time.Second} {
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				mem, rec, host := memstore.New(nil), newTelling(alerttest.RetryAfter(after), alerttest.OK()), calm()
				own := storetest.Wrap(mem)
				a := start(t, own, "a", alertingBy(rec), hosted(host), leasing(10*time.Second))
				time.Sleep(time.Second)
				b := start(t, mem, "b", alertingBy(rec), hosted(host), leasing(10*time.Second))
				silence(t, b, 24*time.Hour, rules.InstanceDied, "") // for fewer messages
				time.Sleep(10 * time.Minute)
				host.queue(tooDeep)
				for len(rec.Calls()) == 0 {
					time.Sleep(time.Millisecond)
				}
				time.Sleep(time.Second) // what became of it is the next commit
				synctest.Wait()
				asked := rec.times()[0]
				got := notices(t, mem)[0]
				until := asked.Add(after + time.Second).UTC()
				require.Equal(t, until, got.NotBefore.UTC())
				require.Equal(t, until, got.TS.UTC(), "due then")
				require.Equal(t, until, a.Status().Alerts.Channel.QuietUntil.UTC())
				kill(a, own)
				time.Sleep(5 * time.Second)
				logOut(host)
				time.Sleep(4 * time.Hour)
				require.Equal(t, monitor.Leading, b.Status().State)
				b.end()

				if after > time.Hour {
					require.Len(t, rec.Calls()[1].Parts, 4, "what waited is one message: both, and the newest reminders")
				}
				require.Equal(t, []string{"firing queue_depth", "firing logged_out ops"}, titles(rec.Messages())[:2])
				at := rec.times()
				require.False(t, at[1].Before(until))
				require.Less(t, at[1].Sub(until), 2*time.Minute, "a take-over, and no more")
			})
		})
	}
}

func TestTheChannelIsLeftAloneThoughTheMessageThatAskedIsObsolete(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mem, host := memstore.New(nil), calm()
		rec := newTelling(alerttest.OK(), alerttest.RetryAfter(2*time.Hour), alerttest.OK())
		setting(t, mem, func(s *longrun.Settings) { s.AlertThresholds.ThrottleSec = 600 })
		own := storetest.Wrap(mem)
		a := start(t, own, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		host.queue(tooDeep)
		time.Sleep(25 * time.Minute) // told, reminded, and reminded again
		require.Len(t, rec.Calls(), 2)
		kill(a, own)
		b := start(t, mem, "b", alertingBy(rec), hosted(host))
		time.Sleep(3 * time.Hour)
		b.end()
		at := rec.times()
		require.GreaterOrEqual(t, at[2].Sub(at[1]), 2*time.Hour)
		require.Less(t, at[2].Sub(at[1]), 2*time.Hour+2*time.Minute)
	})
}

// What was due with the message that was answered so, and did not fit into it,
// waits too.
func TestACrowdWaitsBehindOneMessageThatWasToldToWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec, host := memstore.New(nil), newTelling(alerttest.RetryAfter(30*time.Minute), alerttest.OK()), calm()
		eachByItself(t, st)
		n := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		host.set(func(s *longrun.HostStatus) {
			for i := range 100 {
				s.Accounts = append(s.Accounts, longrun.AccountStatus{ID: fmt.Sprintf("account-%03d", i), LoggedOut: true, Since: time.Now()})
			}
		})
		time.Sleep(20 * time.Minute)
		require.Len(t, rec.Calls(), 1)
		time.Sleep(20 * time.Minute)
		n.end()
		require.Len(t, flat(rec.Messages()), 100)
		require.GreaterOrEqual(t, rec.times()[1].Sub(rec.times()[0]), 30*time.Minute)
	})
}

func TestAChannelThatAsksForADayIsAskedAgainSooner(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec, host := memstore.New(nil), newTelling(alerttest.RetryAfter(24*time.Hour), alerttest.RetryAfter(-time.Hour), alerttest.OK()), calm()
		n := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		host.queue(tooDeep)
		time.Sleep(7 * time.Hour)
		n.end()
		at := rec.times()
		require.Equal(t, 6*time.Hour+time.Second, at[1].Sub(at[0]))
		require.Equal(t, 2*time.Second, at[2].Sub(at[1]), "a time in the past is now, and the commit before it a second apart")
	})
}

func TestNoClockThatIsSetBackMakesAPauseLong(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]alerttest.Step{"after a failure": alerttest.Fail(errReset), "asked for": alerttest.RetryAfter(time.Minute)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st, rec, host := memstore.New(nil), newTelling(step, alerttest.OK()), calm()
				clk := &freezer{Clock: clock.New()}
				clk.ahead.Store(int64(365 * 24 * time.Hour)) // wrong, and then mended
				n := start(t, st, "a", alertingBy(rec), hosted(host), withClock(clk))
				time.Sleep(10*time.Minute + time.Second)
				host.queue(tooDeep)
				for len(rec.Calls()) == 0 {
					time.Sleep(time.Millisecond)
				}
				synctest.Wait()
				clk.ahead.Store(0)
				time.Sleep(5 * time.Minute)
				require.Len(t, rec.Messages(), 1)
				n.end()
			})
		})
	}
}
