package monitor_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

var errAway = errors.New("the network is gone")

// cut makes a store fail until the returned function is called.
func cut(f *storetest.Faulty) (heal func()) {
	return f.Inject(storetest.Fault{Before: func(context.Context, storetest.Call) error { return errAway }})
}

// kill ends a node as a crash would: nothing it does reaches the store any more.
func kill(n *node, f *storetest.Faulty) {
	cut(f)
	n.end()
}

func TestACrashLeavesAGapOfTheLeaseAndIsCalledACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		mem := memstore.New(nil)
		own := storetest.Wrap(mem)
		a := start(t, own, "a")
		time.Sleep(time.Second) // a leads
		b := start(t, mem, "b")
		time.Sleep(10*time.Minute + 5*time.Second)
		kill(a, own)
		time.Sleep(10 * time.Minute)
		b.end()

		c := cover(t, mem, began)
		require.Len(t, c.Gaps, 1)
		g := c.Gaps[0]
		require.LessOrEqual(t, g.Missed, 3, "lease/interval + 1")
		require.Equal(t, longrun.Crash, g.Cause)
		require.Equal(t, "a", g.Before)
		require.Equal(t, "b", g.After)
		r := runs(t, mem)["a"]
		require.Equal(t, longrun.Lost, r.Ended)
		require.Equal(t, "b", r.EndedBy)
		require.Equal(t, 1, b.log.count("found dead"))
	})
}

func TestAnOutageWithinTheTrustLosesNothingAndChangesNoEpoch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		st := storetest.Wrap(memstore.New(nil))
		n := start(t, st, "a")
		time.Sleep(10*time.Minute + 30*time.Second)
		heal := cut(st)
		time.Sleep(50 * time.Second)
		heal()
		time.Sleep(10 * time.Minute)
		n.end()
		c := cover(t, st, began)
		require.Equal(t, c.Expected, c.Written)
		for _, h := range beats(t, st) {
			require.Equal(t, int64(1), h.Epoch)
			require.False(t, h.Late)
		}
		require.Equal(t, 1, n.log.count("store unreachable"))
		require.Equal(t, 1, n.log.count("store reachable again"))
	})
}

func TestABeatWhoseSlotEndsUnderItsCommitIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		st := storetest.Wrap(memstore.New(nil))
		n := start(t, st, "a", func(c *monitor.Config) { c.Lease = 10 * time.Minute })
		time.Sleep(10*time.Minute + 30*time.Second)
		heal := cut(st)
		time.Sleep(time.Minute + 50*time.Second) // from 11:00 on a commit is tried again and again
		heal()
		time.Sleep(10 * time.Minute)
		n.end()
		c := cover(t, st, began)
		require.Equal(t, c.Expected, c.Written)
		all := beats(t, st)
		require.True(t, all[11].Late, "its slot was over when it was stored")
		require.False(t, all[12].Late)
		require.Less(t, all[12].ChainSeq, all[11].ChainSeq, "the current slot's beat went first")
		require.Equal(t, int64(1), all[11].Epoch)
	})
}

func TestBeatsOfALongOutageAreStoredLateByTheSameProcess(t *testing.T) {
	for name, fault := range map[string]storetest.Fault{
		"refused":    {Before: func(context.Context, storetest.Call) error { return errAway }},
		"hangs":      {Before: storetest.Hang},
		"reply lost": {After: func(context.Context, storetest.Call) error { return errAway }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				st := storetest.Wrap(memstore.New(nil))
				n := start(t, st, "a")
				time.Sleep(10*time.Minute + 30*time.Second)
				heal := st.Inject(fault)
				time.Sleep(8 * time.Hour)
				waiting := n.Status().Waiting
				heal()
				time.Sleep(10 * time.Minute)
				require.Zero(t, n.Status().Waiting)
				require.Zero(t, n.Status().Dropped)
				n.end()

				c := cover(t, st, began)
				require.Equal(t, c.Expected, c.Written, "every slot has its beat")
				late := 0
				for _, h := range beats(t, st) {
					if h.Late {
						late++
						require.Less(t, h.DriftSec, 60.0)
					}
				}
				// Beats whose replies were lost landed in their slots, until trust ended.
				require.InDelta(t, waiting, late, 2)
				require.Greater(t, late, 470)
				require.NotEmpty(t, runs(t, st)["a"].Lapses)
			})
		})
	}
}

func TestAfterAnOutageTheCurrentSlotGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := storetest.Wrap(memstore.New(nil))
		n := start(t, st, "a")
		time.Sleep(10*time.Minute + 30*time.Second)
		heal := cut(st)
		time.Sleep(time.Hour)
		heal()
		time.Sleep(10 * time.Minute)
		n.end()
		bySeq := map[int64]longrun.Heartbeat{}
		var last longrun.Heartbeat // before the outage
		for _, h := range beats(t, st) {
			bySeq[h.ChainSeq] = h
			if !h.Late && h.Epoch == 1 {
				last = h
			}
		}
		next := bySeq[last.ChainSeq+1]
		require.False(t, next.Late)
		require.WithinDuration(t, last.TS.Add(time.Hour), next.TS, 2*time.Minute)
		require.True(t, bySeq[last.ChainSeq+2].Late)
	})
}

func TestWhenAnotherTookOverTheGapStaysAndItsCauseIsTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		mem := memstore.New(nil)
		own, other := storetest.Wrap(mem), storetest.Wrap(mem)
		a := start(t, own, "a")
		time.Sleep(time.Second) // a leads
		b := start(t, other, "b")
		time.Sleep(10*time.Minute + 5*time.Second)
		require.Equal(t, monitor.Leading, a.Status().State)
		healA, healB := cut(own), cut(other)
		time.Sleep(20 * time.Minute)
		healB()
		time.Sleep(5 * time.Minute)
		healA()
		time.Sleep(5 * time.Minute)
		require.Equal(t, monitor.Standby, a.Status().State)
		require.Equal(t, monitor.Leading, b.Status().State)
		require.Zero(t, a.Status().Waiting)
		require.Equal(t, 1, a.log.count("lease lost, standing by"))
		a.end()
		b.end()

		c := cover(t, mem, began)
		require.Len(t, c.Gaps, 1)
		require.InDelta(t, 20, c.Gaps[0].Missed, 1)
		require.Equal(t, longrun.StoreDown, c.Gaps[0].Cause)
		require.Equal(t, longrun.Stopped, runs(t, mem)["a"].Ended, "it was given up as lost, and took that back")
		for _, h := range beats(t, mem) {
			require.False(t, h.Late)
		}
	})
}

func TestBeatsAreGivenUpEvenIfTheOtherHasGoneAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		mem := memstore.New(nil)
		own := storetest.Wrap(mem)
		a := start(t, own, "a")
		time.Sleep(time.Second) // a leads
		b := start(t, mem, "b")
		time.Sleep(10*time.Minute + 5*time.Second)
		heal := cut(own)
		time.Sleep(10*time.Minute + 15*time.Second)
		require.Equal(t, monitor.Leading, b.Status().State)
		require.Positive(t, a.Status().Waiting, "it cannot know yet")
		b.end()
		heal() // a leads again before its next tick
		time.Sleep(5 * time.Minute)
		require.Equal(t, int64(3), a.Status().Epoch)
		a.end()
		for _, h := range beats(t, mem) {
			require.False(t, h.Late, "who leads in between could have said that the slot stays empty")
		}
		c := cover(t, mem, began)
		require.Len(t, c.Gaps, 1)
		require.LessOrEqual(t, c.Missed, 3)
	})
}

func TestACommitThatLandedUnheardIsFoundAndTheChainGoesOnBehindIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		st := storetest.Wrap(memstore.New(nil))
		n := start(t, st, "a", func(c *monitor.Config) { c.Lease = 10 * time.Minute })
		time.Sleep(10*time.Minute + 30*time.Second)
		heal := st.Inject(storetest.Fault{After: func(context.Context, storetest.Call) error { return errAway }})
		time.Sleep(90 * time.Second) // over the end of a slot whose beat landed unheard
		heal()
		time.Sleep(10 * time.Minute)
		n.end()
		c := cover(t, st, began)
		require.Equal(t, c.Expected, c.Written)
		all := beats(t, st) // one unbroken chain
		for _, h := range all {
			require.Equal(t, int64(1), h.Epoch)
		}
		require.False(t, all[11].Late, "it landed in its slot")
		require.False(t, all[12].Late)
	})
}

func TestBeatsThatWaitAreStoredBeforeAStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		st := storetest.Wrap(memstore.New(nil))
		n := start(t, st, "a", func(c *monitor.Config) { c.Lease = 10 * time.Minute })
		time.Sleep(10*time.Minute + 30*time.Second)
		heal := cut(st)
		time.Sleep(5 * time.Minute)
		require.Positive(t, n.Status().Waiting)
		heal()
		n.end() // before anything was tried again
		c := cover(t, st, began)
		require.Equal(t, c.Expected, c.Written)
	})
}

func TestTheBacklogIsBoundedAndTheOldestGiveWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		st := storetest.Wrap(memstore.New(nil))
		n := start(t, st, "a", func(c *monitor.Config) { c.Backlog = 30 })
		time.Sleep(10*time.Minute + 30*time.Second)
		heal := cut(st)
		time.Sleep(time.Hour)
		require.Equal(t, 30, n.Status().Waiting)
		require.InDelta(t, 30, n.Status().Dropped, 1)
		heal()
		time.Sleep(10 * time.Minute)
		n.end()
		c := cover(t, st, began)
		require.Len(t, c.Gaps, 1)
		require.InDelta(t, 30, c.Missed, 1)
		require.Equal(t, longrun.StoreDown, c.Gaps[0].Cause)
	})
}

func TestAFrozenProcessSaysSoAndItsGapIsAStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		st := memstore.New(nil)
		clk := &freezer{Clock: clock.New()}
		n := start(t, st, "a", func(c *monitor.Config) { c.Clock = clk })
		time.Sleep(10*time.Minute + 30*time.Second)
		clk.ahead.Store(int64(7 * time.Minute)) // as after a suspend: wall time went on
		time.Sleep(10 * time.Minute)
		n.end()
		var all []longrun.Run
		for _, r := range runs(t, st) {
			all = append(all, r)
		}
		now := clk.Now()
		c := coverage.Of(beats(t, st), longrun.Window{From: began, To: now}, time.Minute, now, all...)
		require.Len(t, c.Gaps, 1)
		require.Equal(t, longrun.Stall, c.Gaps[0].Cause)
		require.Equal(t, 6, c.Gaps[0].Missed)
		require.Equal(t, 1, n.log.count("this process did not run"))
	})
}

// It may freeze while the host is asked: the beat of that slot is made when it wakes, and
// may never be stored, since another leads.
func TestAProcessThatFreezesWhileTheHostIsAskedSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		clk := &freezer{Clock: clock.New()}
		asked := 0
		n := start(t, st, "a", func(c *monitor.Config) {
			c.Clock = clk
			c.Status = func(context.Context) (longrun.HostStatus, error) {
				if asked++; asked == 10 {
					clk.ahead.Store(int64(67 * time.Second))
				}
				return longrun.HostStatus{Healthy: true}, nil
			}
		})
		time.Sleep(20 * time.Minute)
		n.end()
		for _, r := range runs(t, st) {
			require.Len(t, r.Lapses, 1)
			require.Equal(t, longrun.Stall, r.Lapses[0].Cause)
			require.Equal(t, time.Minute, r.Lapses[0].To.Sub(r.Lapses[0].From))
			require.Equal(t, r.TS.Add(9*time.Minute).Truncate(time.Minute), r.Lapses[0].From)
		}
		require.Equal(t, 1, n.log.count("this process did not run"))
	})
}

// A clock that is set back by a slot leaves beats of slots to come beside that of the
// present one: the present one is written, and nobody looks again and again without a pause.
func TestAPresentBeatIsWrittenBesideThoseOfSlotsToCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := storetest.Wrap(memstore.New(nil))
		clk := &freezer{Clock: clock.New()}
		n := start(t, st, "a", func(c *monitor.Config) { c.Clock, c.Lease = clk, time.Hour })
		time.Sleep(10*time.Minute + 30*time.Second)
		heal := cut(st)
		time.Sleep(3 * time.Minute)
		require.Greater(t, n.Status().Waiting, 2)
		clk.ahead.Store(int64(-time.Minute))
		time.Sleep(5 * time.Second) // of a bubble, in which no time passes while somebody spins
		heal()
		time.Sleep(20 * time.Second)
		require.Less(t, n.Status().Waiting, 2)
		time.Sleep(10 * time.Minute)
		n.end()
	})
}

// freezer is a clock whose wall time can jump ahead.
type freezer struct {
	clock.Clock
	ahead atomic.Int64 // nanoseconds
}

func (f *freezer) Now() time.Time { return f.Clock.Now().Add(time.Duration(f.ahead.Load())) }

func TestAProcessThatDiesInAnOutageHasSaidInItsJournalThatItLived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		mem := memstore.New(nil)
		own := storetest.Wrap(mem)
		path := filepath.Join(t.TempDir(), "journal")
		withJournal := func(c *monitor.Config) { c.Journal = path }
		a := start(t, own, "a", withJournal)
		time.Sleep(10*time.Minute + 5*time.Second)
		cut(own)
		time.Sleep(20 * time.Minute)
		a.end() // nothing it says reaches the store
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NotEmpty(t, text)
		require.NoError(t, os.WriteFile(path, append(text, `{"bucketId":"torn`...), 0o600))

		b := start(t, mem, "a2", withJournal)
		time.Sleep(10 * time.Minute)
		text, err = os.ReadFile(path)
		require.NoError(t, err)
		require.Empty(t, text, "what it said stands in the run now")
		b.end()

		c := cover(t, mem, began)
		require.Len(t, c.Gaps, 1)
		require.Equal(t, longrun.StoreDown, c.Gaps[0].Cause)
	})
}
