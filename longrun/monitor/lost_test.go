package monitor_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

func TestOnlyOpenRunsOfTheSilentLeaderFromBeforeItsLastSignAreLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		l, err := ledger.New(mem, "")
		require.NoError(t, err)
		sign := time.Now().UTC()
		ended := sign.Add(-time.Hour)
		for _, r := range []longrun.Run{
			{RunID: "open", TS: sign.Add(-2 * time.Hour), InstanceID: "dead"},
			{RunID: "at the sign", TS: sign, InstanceID: "dead"},
			{RunID: "ended", TS: sign.Add(-3 * time.Hour), InstanceID: "dead", End: &ended, Ended: longrun.Stopped, EndedBy: "dead"},
			{RunID: "after it", TS: sign.Add(time.Second), InstanceID: "dead"}, // it came back and stands by
			{RunID: "another", TS: sign.Add(-2 * time.Hour), InstanceID: "alive"},
			{RunID: "nobody's", TS: sign.Add(-2 * time.Hour)},
		} {
			_, err := l.PutRun(t.Context(), r, "")
			require.NoError(t, err)
		}
		row := lock.Row{HolderInstanceID: "dead", Owner: "nonce", Epoch: 7, LeaseSec: 120, AcquiredAt: ended, RenewedAt: sign, TS: sign, Seq: 3}
		_, err = mem.Commit(t.Context(), store.Set(l.LockKey(), row))
		require.NoError(t, err)

		time.Sleep(time.Minute)
		n := start(t, mem, "next")
		time.Sleep(10 * time.Minute)
		require.Equal(t, monitor.Leading, n.Status().State)
		n.end()
		got := map[string]longrun.Run{}
		for _, r := range allRuns(t, mem) {
			got[r.RunID] = r
		}
		for _, id := range []string{"open", "at the sign"} {
			require.Equal(t, longrun.Lost, got[id].Ended, id)
			require.Equal(t, "next", got[id].EndedBy)
			require.Equal(t, sign, got[id].End.UTC(), "its last sign of life")
		}
		require.Equal(t, longrun.Stopped, got["ended"].Ended)
		for _, id := range []string{"after it", "another", "nobody's"} {
			require.Nil(t, got[id].End, id)
		}
		require.Equal(t, 2, n.log.count("a run was found dead"))
	})
}

func TestANewLeaderOfTheSameNameDoesNotGiveItselfUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		own := storetest.Wrap(mem)
		a := start(t, own, "same")
		time.Sleep(time.Minute + time.Second)
		b := start(t, mem, "same") // stands by, from before the other's last sign
		time.Sleep(10 * time.Minute)
		kill(a, own)
		time.Sleep(10 * time.Minute)
		require.Equal(t, monitor.Leading, b.Status().State)
		var open, lost int
		for _, r := range allRuns(t, mem) {
			if r.Ended == longrun.Lost {
				lost++
				require.NotEqual(t, b.Status().RunID, r.RunID)
			}
			if r.End == nil {
				open++
			}
		}
		require.Equal(t, 1, lost)
		require.Equal(t, 1, open)
		b.end()
		require.Zero(t, b.log.count("it goes on"))
	})
}

func TestAfterACleanStopNoRunIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		l, err := ledger.New(mem, "")
		require.NoError(t, err)
		a := start(t, mem, "a")
		time.Sleep(time.Minute)
		sign := time.Now().UTC()
		_, err = l.PutRun(t.Context(), longrun.Run{RunID: "twin", TS: sign.Add(-time.Minute), InstanceID: "a"}, "") // of the same name, standing by elsewhere
		require.NoError(t, err)
		time.Sleep(time.Minute)
		a.end()
		b := start(t, mem, "b")
		time.Sleep(10 * time.Minute)
		b.end()
		for _, r := range allRuns(t, mem) {
			require.NotEqual(t, longrun.Lost, r.Ended)
		}
	})
}

func TestATakeOverSaysInOneLineWhatItCost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		own, slow := storetest.Wrap(mem), storetest.Wrap(mem)
		a := start(t, own, "a")
		time.Sleep(3 * time.Minute)
		require.Zero(t, a.log.count("took over"), "the first one takes over from nobody")
		b := start(t, slow, "b")
		time.Sleep(time.Minute)
		kill(a, own)
		// Only after some slots of its own can it write down that the other one died.
		since := time.Now()
		slow.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Scan && strings.HasSuffix(c.Key.Collection, "/runs") && time.Since(since) < 6*time.Minute {
				return errors.New("no route")
			}
			return nil
		}})
		time.Sleep(10 * time.Minute)
		require.Equal(t, monitor.Leading, b.Status().State)
		lost := 0
		for last, h := longrun.Slot(0), 0; h < len(beats(t, mem)); h++ {
			slot := longrun.SlotAt(beats(t, mem)[h].TS, time.Minute)
			if last != 0 {
				lost += int(slot - last - 1)
			}
			last = slot
		}
		require.Positive(t, lost)
		require.Equal(t, 1, b.log.count("took over"))
		require.Contains(t, b.log.String(), fmt.Sprintf(`"took over: slots without a heartbeat were lost" slots=%d time=%dm0s`, lost, lost))
		require.Contains(t, b.log.String(), `why="instance a died, was killed, or hangs" previous=a`)

		c := start(t, mem, "c")
		time.Sleep(time.Minute)
		b.end() // gives the lease back
		time.Sleep(5 * time.Minute)
		require.Equal(t, monitor.Leading, c.Status().State)
		require.Equal(t, 1, c.log.count("took over"))
		require.Contains(t, c.log.String(), "took over: no slot was lost")
		c.end()
	})
}

func TestATakeOverWhoseCostCannotBeReadSaysThat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		a := start(t, mem, "a")
		time.Sleep(3 * time.Minute)
		a.end()
		faulty := storetest.Wrap(mem)
		var broken atomic.Bool
		faulty.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if broken.Load() && c.Method == storetest.Scan {
				return errors.New("no route")
			}
			return nil
		}})
		b := start(t, faulty, "b")
		b.log.await(t, "leading")
		broken.Store(true)
		time.Sleep(5 * time.Minute)
		require.Equal(t, 1, b.log.count("took over; how many slots were lost cannot be read now"))
		b.end()
	})
}
