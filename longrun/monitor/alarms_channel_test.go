package monitor_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

func TestNoChannelCostsABeatOrAStop(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		alerter func(let <-chan struct{}) alert.Alerter
		says    string
	}{
		"hangs":  {func(<-chan struct{}) alert.Alerter { return alerttest.NewRecorder(alerttest.Hang()) }, "deadline exceeded"},
		"panics": {func(<-chan struct{}) alert.Alerter { return alerttest.NewRecorder(alerttest.Panic("+40712345678")) }, "panic: +*********78"},
		"is deaf": {func(let <-chan struct{}) alert.Alerter {
			return alert.Func(func(context.Context, alert.Message) error { <-let; return nil })
		}, "has not returned since an earlier call"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				before := goroutinesOfBubble()
				let := make(chan struct{})
				st, host := memstore.New(nil), calm()
				began := time.Now()
				n := start(t, st, "a", alertingBy(c.alerter(let)), hosted(host))
				time.Sleep(10*time.Minute + time.Second)
				host.queue(tooDeep)
				time.Sleep(3 * time.Hour)
				logOut(host)
				upToTheMinute(time.Minute) // the new message is under way, or was
				require.Contains(t, n.Status().Alerts.Channel.LastError, c.says)
				require.GreaterOrEqual(t, n.Status().Alerts.Waiting, 3, "two alerts, and a reminder")
				stopped := time.Now()
				n.end()
				require.LessOrEqual(t, time.Since(stopped), 10*time.Second)
				require.NotContains(t, n.log.String(), "40712345678")
				cov := cover(t, st, began)
				require.Equal(t, cov.Expected, cov.Written)
				close(let)
				synctest.Wait()
				require.Equal(t, before, goroutinesOfBubble())
			})
		})
	}
}

func TestAStopWaitsForTheMessageUnderWayAndMarksIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, host := memstore.New(nil), calm()
		took := make(chan struct{})
		rec := newTelling(alerttest.Step{Wait: took}, alerttest.OK())
		n := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		host.queue(tooDeep)
		upToTheMinute(0)
		time.Sleep(paced)
		require.Len(t, rec.Calls(), 1)
		time.AfterFunc(time.Second, func() { close(took) })
		stopped := time.Now()
		n.end()
		require.Equal(t, time.Second, time.Since(stopped))
		got := notices(t, st)[0]
		require.Equal(t, longrun.Sent, got.State)
		require.Nil(t, got.ClaimedUntil)
		n = start(t, st, "b", alertingBy(rec), hosted(host))
		time.Sleep(30 * time.Minute)
		n.end()
		require.Len(t, rec.Calls(), 1)
	})
}

func TestAStopDoesNotWaitForLongAndTheNextLeaderSends(t *testing.T) {
	t.Parallel()
	for lease, most := range map[time.Duration]time.Duration{4 * time.Second: time.Second, 10 * time.Minute: 1500 * time.Millisecond} {
		t.Run(lease.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				before := goroutinesOfBubble()
				st, host := memstore.New(nil), calm()
				rec := newTelling(alerttest.Hang(), alerttest.OK())
				n := start(t, st, "a", alertingBy(rec), hosted(host), leasing(lease))
				time.Sleep(10*time.Minute + time.Second)
				host.queue(tooDeep)
				upToTheMinute(0)
				stopped := time.Now()
				n.end()
				require.Equal(t, most, time.Since(stopped))
				synctest.Wait()
				require.Equal(t, before, goroutinesOfBubble(), "an alerter that honours its context is gone")
				until := *notices(t, st)[0].ClaimedUntil
				n = start(t, st, "b", alertingBy(rec), hosted(host), leasing(lease))
				time.Sleep(30 * time.Minute)
				n.end()
				require.Equal(t, []string{"firing queue_depth"}, titles(rec.Messages()))
				require.Equal(t, until, rec.times()[1].UTC(), "as soon as the first one cannot be under way any more")
			})
		})
	}
}

// A lead may end while the message that it sends is under way. The same process
// leads again, hears that it arrived, and does not send it twice.
func TestAMessageThatOutlivesItsLeadIsNotSentTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, host := storetest.Wrap(memstore.New(nil)), calm()
		took := make(chan struct{})
		rec := newTelling(alerttest.Step{Wait: took}, alerttest.OK())
		n := start(t, st, "a", alertingBy(rec), hosted(host), leasing(10*time.Second), func(c *monitor.Config) { c.AlertTimeout = 10 * time.Minute })
		time.Sleep(10*time.Minute + time.Second)
		host.queue(tooDeep)
		upToTheMinute(0)
		heal := cut(st)
		time.Sleep(30 * time.Second) // the lease is lost
		heal()
		time.Sleep(2 * time.Minute)
		require.Equal(t, monitor.Leading, n.Status().State)
		logOut(host)
		time.Sleep(2 * time.Minute)
		require.Len(t, rec.Calls(), 1, "one message at a time")
		close(took)
		time.Sleep(30 * time.Minute)
		n.end()
		require.Equal(t, []string{"firing queue_depth", "firing logged_out ops"}, titles(rec.Messages()))
		for _, one := range notices(t, st) {
			require.Equal(t, longrun.Sent, one.State)
		}
		require.Zero(t, n.log.count("a message was not sent"))
	})
}

// A fault of the engine's own, here a store that panics, costs the alerts some
// minutes and not the rest of the lead.
func TestAfterAFaultAlertsBeginAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		st, rec, host := storetest.Wrap(memstore.New(nil)), newTelling(), calm()
		n := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		faults := 0
		st.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if strings.HasSuffix(c.Key.Collection, "/"+string(ledger.Silences)) && faults < 2 {
				faults++
				panic("a fault")
			}
			return nil
		}})
		host.queue(tooDeep)
		time.Sleep(5 * time.Minute)
		require.Equal(t, []string{"firing queue_depth"}, titles(rec.Messages()))
		n.end()
		c := cover(t, st, began)
		require.Equal(t, c.Expected, c.Written)
	})
}

func TestWithoutAnAlerterMessagesStandInTheLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, host := memstore.New(nil), calm()
		n := start(t, st, "a", hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		host.queue(tooDeep)
		time.Sleep(10 * time.Minute)
		require.False(t, n.Status().Alerts.Channel.Configured)
		n.end()
		require.Equal(t, 1, n.log.count("[FIRING] queue_depth"))
	})
}
