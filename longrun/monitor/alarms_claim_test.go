package monitor_test

import (
	"context"
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

func TestNothingIsSentBeforeItsClaimIsWritten(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(context.Context, storetest.Call) error{
		"refused": func(context.Context, storetest.Call) error { return errAway },
		"hangs":   storetest.Hang,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st, rec, host := storetest.Wrap(memstore.New(nil)), newTelling(), calm()
				n := start(t, st, "a", alertingBy(rec), hosted(host), leasing(10*time.Minute))
				time.Sleep(10*time.Minute + time.Second)
				heal := st.Inject(storetest.Fault{Before: func(ctx context.Context, c storetest.Call) error {
					if claims(c.Ops) {
						return fault(ctx, c)
					}
					return nil
				}})
				host.queue(tooDeep)
				time.Sleep(20 * time.Minute)
				require.Empty(t, rec.Calls())
				got := notices(t, st)
				require.Len(t, got, 1, "it was decided")
				require.Zero(t, got[0].Attempts)
				require.Equal(t, monitor.Leading, n.Status().State)
				commits := st.Calls(storetest.Commit)
				time.Sleep(time.Minute)
				require.Less(t, st.Calls(storetest.Commit)-commits, 40, "what is refused is not tried without a pause")
				heal()
				time.Sleep(2 * time.Minute)
				require.Len(t, rec.Calls(), 1)
				got = notices(t, st)
				require.Equal(t, longrun.Sent, got[0].State)
				require.EqualValues(t, 1, got[0].Attempts)
				n.end()
			})
		})
	}
}

func TestAClaimOfALeaderThatDiedIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mem, rec, host := memstore.New(nil), newTelling(alerttest.Hang(), alerttest.OK()), calm()
		own := storetest.Wrap(mem)
		patient := func(c *monitor.Config) { c.AlertTimeout = 5 * time.Minute }
		a := start(t, own, "a", alertingBy(rec), hosted(host), leasing(10*time.Second), patient)
		time.Sleep(time.Second)
		b := start(t, mem, "b", alertingBy(rec), hosted(host), leasing(10*time.Second), patient)
		silence(t, b, 24*time.Hour, rules.InstanceDied, "") // which would be told at once
		time.Sleep(10 * time.Minute)
		host.queue(tooDeep)
		upToTheMinute(0)
		claim := notices(t, mem)[0]
		require.Equal(t, "a", claim.ClaimedBy)
		require.EqualValues(t, 1, claim.Attempts)
		kill(a, own)
		host.queue(0)
		time.Sleep(4 * time.Minute)
		require.Equal(t, monitor.Leading, b.Status().State)
		require.Len(t, rec.Calls(), 1, "neither it nor its end, which would overtake it")
		time.Sleep(2 * time.Minute)
		b.end()
		require.Equal(t, []string{"firing queue_depth", "resolved queue_depth"}, titles(rec.Messages()))
		require.Equal(t, *claim.ClaimedUntil, rec.times()[1].UTC())
		require.GreaterOrEqual(t, rec.times()[1].Sub(rec.times()[0]), 5*time.Minute)
	})
}

func TestNoClaimOrPauseOfAnotherClockBlocksForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec := memstore.New(nil), newTelling()
		now := time.Now().UTC()
		far := now.Add(365 * 24 * time.Hour)
		waiting := longrun.Notice{NoticeID: "claimed", TS: now, Created: now, Kind: longrun.NoticeFiring, State: longrun.Waiting, Key: "#x-1", IncidentID: "i", Rule: rules.QueueDepth, ClaimedUntil: &far}
		put(t, st, ledger.Outbox, "claimed", waiting)
		waiting.NoticeID, waiting.IncidentID, waiting.ClaimedUntil, waiting.TS, waiting.NotBefore = "paused", "j", nil, far, &far
		waiting.Target = "another"
		put(t, st, ledger.Outbox, "paused", waiting)
		n := start(t, st, "a", alertingBy(rec))
		time.Sleep(time.Second)
		require.Len(t, rec.Messages(), 1, "the paused one")
		time.Sleep(time.Minute)
		require.Len(t, rec.Messages(), 2)
		n.end()
		for _, one := range notices(t, st) {
			require.Equal(t, longrun.Sent, one.State)
		}
	})
}

// Who is asked to stop between the claim and the message leaves nothing behind
// that the next leader would have to wait for.
func TestAClaimThatIsNotUsedIsTakenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec, host := storetest.Wrap(memstore.New(nil)), newTelling(), calm()
		n := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		var stopped time.Time
		remove := st.Inject(storetest.Fault{
			Before: func(_ context.Context, c storetest.Call) error {
				if time.Since(stopped) < time.Second/2 && c.Method == storetest.Get {
					return errAway // so that nobody can look whether it landed, until the lock's first retry
				}
				return nil
			},
			After: func(_ context.Context, c storetest.Call) error {
				if claims(c.Ops) {
					stopped = time.Now()
					n.stop()
					return errAway
				}
				return nil
			},
		})
		host.queue(tooDeep)
		time.Sleep(2 * time.Minute)
		require.NoError(t, <-n.done)
		remove()
		require.Empty(t, rec.Calls())
		got := notices(t, st)[0]
		require.Equal(t, longrun.Waiting, got.State)
		require.Nil(t, got.ClaimedUntil)
		n = start(t, st, "b", alertingBy(rec), hosted(host))
		time.Sleep(time.Second)
		require.Len(t, rec.Messages(), 1)
		n.end()
	})
}
