package monitor_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

var errReset = errors.New("connection reset")

// failing are so many failures and then success for ever.
func failing(n int) []alerttest.Step {
	steps := make([]alerttest.Step, n, n+1)
	for i := range steps {
		steps[i] = alerttest.Fail(errReset)
	}
	return append(steps, alerttest.OK())
}

func TestAMessageIsTriedAgainAfterLongerAndLongerPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec, host := memstore.New(nil), newTelling(failing(14)...), calm()
		n := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		host.queue(tooDeep)
		time.Sleep(10 * time.Minute)
		got := notices(t, st)
		require.Len(t, got, 1)
		require.Equal(t, longrun.Waiting, got[0].State)
		require.EqualValues(t, len(rec.Calls()), got[0].Attempts)
		require.Contains(t, got[0].Error, errReset.Error())
		require.Equal(t, got[0].Error, n.Status().Alerts.Channel.LastError)
		require.Equal(t, 1, n.Status().Alerts.Waiting)
		time.Sleep(40 * time.Minute)
		n.end()

		require.Equal(t, []string{"firing queue_depth"}, titles(rec.Messages()))
		at := rec.times()
		require.Len(t, at, 15)
		spread := false
		for i := range at[1:] {
			spread = spread || at[i+1].Sub(at[i]).Truncate(time.Second) != at[i+1].Sub(at[i])
			want := min(2*time.Second<<i, 5*time.Minute)
			require.InDelta(t, want.Seconds(), at[i+1].Sub(at[i]).Seconds(), want.Seconds()/10+0.001, "pause %d", i)
		}
		require.True(t, spread, "instances that failed together do not ask together")
		got = notices(t, st)
		require.Equal(t, longrun.Sent, got[0].State)
		require.EqualValues(t, 15, got[0].Attempts)
		require.Empty(t, got[0].Error)
		require.Equal(t, at[14].UTC(), got[0].SentAt.UTC())
		require.Equal(t, 1, n.log.count("a message was not sent"), "what stays the same is said once")
	})
}

func TestTheEndNeverOvertakesTheBeginning(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec, host := memstore.New(nil), newTelling(failing(10)...), calm()
		n := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		logOut(host)
		time.Sleep(6 * time.Minute)
		logIn(host) // in the middle of a pause
		time.Sleep(30 * time.Minute)
		n.end()
		require.Len(t, rec.Messages(), 1, "what waited is one message")
		require.Equal(t, []string{"firing logged_out ops", "resolved logged_out ops"}, titles(rec.Messages()))
		for i, call := range rec.Calls() {
			require.Equal(t, "firing logged_out ops", titles([]alert.Message{call})[0], "call %d", i)
		}
	})
}

func TestWhatFailedTogetherIsTriedAgainTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec, host := memstore.New(nil), newTelling(failing(8)...), calm()
		n := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		host.queue(tooDeep)
		host.set(func(s *longrun.HostStatus) {
			s.Accounts = []longrun.AccountStatus{
				{ID: "one", LoggedOut: true, Since: time.Now()},
				{ID: "two", LoggedOut: true, Since: time.Now()},
				{ID: "three", Reconnects: 9, FirstReconnect: time.Now(), LastReconnect: time.Now()},
			}
		})
		time.Sleep(10*time.Minute + 30*time.Second)
		n.end()
		require.Len(t, rec.Calls(), 9)
		for _, call := range rec.Calls() {
			require.Len(t, call.Parts, 4)
		}
		require.Equal(t, rec.Calls()[0].Key, rec.Calls()[8].Key)
	})
}

func TestALostReplyMakesTheSameMessageTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec, host := memstore.New(nil), newTelling(alerttest.LoseReply(errReset), alerttest.OK()), calm()
		n := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		host.queue(tooDeep)
		time.Sleep(10 * time.Minute)
		n.end()
		require.Len(t, rec.Messages(), 2)
		require.Equal(t, rec.Messages()[0], rec.Messages()[1])
		require.Contains(t, rec.Messages()[0].Text(), "#queue_depth-1")
	})
}

func TestWhatIsRefusedForGoodIsTriedSeldomAndTheNextMessageAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gone := alerttest.Fail(alert.Permanent(errors.New("chat 1234567890 not found")))
		st, rec, host := memstore.New(nil), newTelling(gone), calm()
		n := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		host.queue(tooDeep)
		time.Sleep(30 * time.Minute)
		require.Len(t, rec.Calls(), 8, "after 1, 2, 4, and then every 5 minutes")
		got := notices(t, st)
		require.Len(t, got, 1)
		require.Equal(t, longrun.Undelivered, got[0].State)
		require.Equal(t, "chat ********90 not found", got[0].Error)
		require.Nil(t, got[0].ClaimedUntil)
		alerts := n.Status().Alerts
		require.True(t, alerts.Channel.Permanent)
		require.Equal(t, "refused", alerts.Channel.Class)
		require.Equal(t, got[0].Error, alerts.Channel.LastError)
		require.False(t, alerts.Channel.LastFailed.IsZero())
		require.Zero(t, alerts.Waiting)
		require.Equal(t, 1, alerts.Undelivered)
		require.Equal(t, *got[0].UndeliveredSince, alerts.UndeliveredSince)
		require.Equal(t, 1, n.log.count("alerts cannot be sent until somebody mends it"))
		require.Equal(t, 1, n.log.count("messages could not be delivered, and are told when the channel works again"))

		rec.Then()
		logOut(host)
		upToTheMinute(time.Minute)
		time.Sleep(10 * time.Second)
		require.Equal(t, []string{"firing logged_out ops", "firing queue_depth"}, titles(rec.Messages()))
		alerts = n.Status().Alerts
		require.False(t, alerts.Channel.Permanent)
		require.Empty(t, alerts.Channel.LastError)
		require.Zero(t, alerts.Undelivered)
		require.Zero(t, alerts.UndeliveredSince)
		require.Equal(t, 1, n.log.count("alerts can be sent again"))
		n.end()
		require.NotContains(t, n.log.String(), "1234567890")
	})
}

func TestWhatNobodyTookForThreeDaysIsUndelivered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec, host := memstore.New(nil), newTelling(alerttest.Fail(errReset)), calm()
		setting(t, st, func(s *longrun.Settings) { s.AlertThresholds.ThrottleSec = 200 * 3600 })
		n := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		host.queue(tooDeep)
		time.Sleep(71 * time.Hour)
		require.Equal(t, longrun.Waiting, notices(t, st)[0].State)
		time.Sleep(2 * time.Hour)
		got := notices(t, st)
		require.Len(t, got, 1)
		require.Equal(t, longrun.Undelivered, got[0].State)
		require.Contains(t, got[0].Error, errReset.Error())
		calls := len(rec.Calls())
		require.InDelta(t, 72*12, calls, 100, "every five minutes")
		time.Sleep(time.Hour)
		require.InDelta(t, calls+12, len(rec.Calls()), 2, "and then too")
		require.Equal(t, 1, n.Status().Alerts.Undelivered)
		rec.Then()
		time.Sleep(6 * time.Minute)
		require.Equal(t, []string{"firing queue_depth"}, titles(rec.Messages()))
		n.end()
	})
}

func TestAMessageUnderWayIsNotGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, took := memstore.New(nil), make(chan struct{})
		rec := newTelling(alerttest.Step{Wait: took}, alerttest.OK())
		now := time.Now().UTC()
		put(t, st, ledger.Outbox, "old", longrun.Notice{NoticeID: "old", TS: now, Created: now.Add(90*time.Second - 72*time.Hour), Kind: longrun.NoticeReminder, State: longrun.Waiting, Key: "#queue_depth-1", IncidentID: "i", Rule: rules.QueueDepth})
		n := start(t, st, "a", alertingBy(rec), func(c *monitor.Config) { c.AlertTimeout = time.Hour })
		time.Sleep(10*time.Minute + time.Second)
		close(took)
		time.Sleep(time.Minute)
		n.end()
		require.Len(t, rec.Messages(), 1)
		require.Equal(t, longrun.Sent, notices(t, st)[0].State)
		require.Zero(t, n.log.count("a part of the monitor failed"))
	})
}

func TestOfRemindersTheNewestIsEnough(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := storetest.Wrap(memstore.New(nil))
		rec, host := newTelling(alerttest.OK(), alerttest.Fail(errReset)), calm()
		n := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		host.queue(tooDeep)
		time.Sleep(9 * time.Hour)
		host.queue(0)
		time.Sleep(10 * time.Minute)
		rec.Then()
		time.Sleep(10 * time.Minute)
		n.end()
		require.Equal(t, []string{"firing queue_depth", "resolved queue_depth"}, titles(rec.Messages()))
		states := map[longrun.NoticeState]int{}
		for _, one := range notices(t, st) {
			states[one.State]++
		}
		require.Equal(t, map[longrun.NoticeState]int{longrun.Sent: 2, longrun.Obsolete: 9}, states)
	})
}
