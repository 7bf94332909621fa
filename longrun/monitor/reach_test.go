package monitor_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// fill makes a store answer reads and fail writes, as on a full disk, until the
// returned function is called.
func fill(f *storetest.Faulty) (heal func()) {
	return f.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
		if c.Method == storetest.Commit {
			return errAway
		}
		return nil
	}})
}

// coverBy is cover by another clock than the bubble's.
func coverBy(t *testing.T, st store.Store, from, now time.Time) longrun.Coverage {
	t.Helper()
	return coverage.Of(beats(t, st), longrun.Window{From: from, To: now}, time.Minute, now, allRuns(t, st)...)
}

func TestAStoreThatTakesNoWritesIsAnOutageAndIsSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		mem := memstore.New(nil)
		st := storetest.Wrap(mem)
		a := start(t, st, "a", func(c *monitor.Config) { c.Backlog = 1 })
		time.Sleep(time.Second)
		b := start(t, st, "b")
		time.Sleep(10 * time.Minute)
		heal := fill(st)
		time.Sleep(20 * time.Minute)
		for _, n := range []*node{a, b} {
			s := n.Status()
			require.True(t, s.StoreReachable)
			require.True(t, s.StoreReadOnly)
			require.Equal(t, errAway.Error(), s.StoreError[len(s.StoreError)-len(errAway.Error()):])
			require.Equal(t, 1, n.log.count("store unreachable"))
			require.Equal(t, 1, n.log.count("store answers but takes no writes"))
			require.Zero(t, n.log.count("store reachable again"))
		}
		heal()
		time.Sleep(10 * time.Minute)
		for _, n := range []*node{a, b} {
			require.False(t, n.Status().StoreReadOnly, n.Status().InstanceID)
			require.Empty(t, n.Status().StoreError)
			require.Equal(t, 1, n.log.count("store reachable again"))
			n.end()
		}
		c := cover(t, mem, began)
		require.Len(t, c.Gaps, 1)
		require.InDelta(t, 20, c.Missed, 2)
		require.Equal(t, longrun.StoreDown, c.Gaps[0].Cause)
	})
}

func TestALeaderThatGoesWhileNothingCanBeWrittenIsNoCrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		mem := memstore.New(nil)
		st := storetest.Wrap(mem)
		a := start(t, st, "a")
		time.Sleep(time.Second)
		b := start(t, st, "b")
		time.Sleep(10 * time.Minute)
		heal := fill(st)
		time.Sleep(20 * time.Minute)
		a.end() // cleanly, but where should it say so?
		heal()
		time.Sleep(10 * time.Minute)
		b.end()
		c := cover(t, mem, began)
		require.Len(t, c.Gaps, 1)
		require.Equal(t, longrun.StoreDown, c.Gaps[0].Cause, "b saw that nobody could write")
	})
}

func TestAStandbyWhoseTakeOverFailedSeesTheStoreComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		own, other := storetest.Wrap(mem), storetest.Wrap(mem)
		a := start(t, own, "a")
		time.Sleep(time.Second)
		b := start(t, other, "b")
		time.Sleep(10 * time.Minute)
		cut(own)
		healB := fill(other)
		time.Sleep(5 * time.Minute)
		require.True(t, b.Status().StoreReadOnly)
		c := start(t, mem, "c") // leads, so that b has nothing to take
		time.Sleep(time.Minute)
		require.Equal(t, monitor.Leading, c.Status().State)
		healB()
		time.Sleep(10 * time.Second)
		require.False(t, b.Status().StoreReadOnly)
		require.Equal(t, 1, b.log.count("store reachable again"))
		a.end()
		b.end()
		c.end()
	})
}

func TestALeaderWhoseStoreTookNoWritesForLongRegainsItsOwnLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		st := storetest.Wrap(memstore.New(nil))
		n := start(t, st, "a")
		time.Sleep(10*time.Minute + 30*time.Second)
		heal := fill(st)
		time.Sleep(8 * time.Hour)
		heal()
		time.Sleep(10 * time.Minute)
		require.Equal(t, 1, n.log.count("after=regained"), n.log)
		require.Zero(t, n.log.count("after=expired"))
		n.end()
		c := cover(t, st, began)
		require.Equal(t, c.Expected, c.Written)
	})
}

func TestASuspendThatEndsInAnOutageIsAStall(t *testing.T) {
	for name, fault := range map[string]storetest.Fault{
		"the store is away when it wakes":   {Before: func(context.Context, storetest.Call) error { return errAway }},
		"it hangs, from before the suspend": {Before: storetest.Hang},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				mem := memstore.New(nil)
				own := storetest.Wrap(mem)
				clk := &freezer{Clock: clock.New()}
				n := start(t, own, "a", withClock(clk))
				time.Sleep(11*time.Minute - time.Second)
				heal := own.Inject(fault)
				time.Sleep(3 * time.Second) // a commit is under way, or failed
				clk.ahead.Store(int64(3 * time.Hour))
				time.Sleep(90 * time.Second)
				heal()
				time.Sleep(10 * time.Minute)
				n.end()
				c := coverBy(t, mem, began, clk.Now())
				require.NotEmpty(t, c.Gaps)
				longest := c.Gaps[0]
				for _, g := range c.Gaps {
					if g.Missed > longest.Missed {
						longest = g
					}
				}
				require.InDelta(t, 180, longest.Missed, 3)
				require.Equal(t, longrun.Stall, longest.Cause)
				for _, l := range allRuns(t, mem)[0].Lapses {
					if l.Cause == longrun.StoreDown {
						require.Less(t, l.To.Sub(l.From), 5*time.Minute)
					}
				}
			})
		})
	}
}

// A beat that waits since the store is away was not frozen in its write, however late
// the next slot is seen.
func TestAShortFreezeInAnOutageIsNoStallOfTheSlotBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		own := storetest.Wrap(mem)
		clk := &freezer{Clock: clock.New()}
		n := start(t, own, "a", withClock(clk))
		time.Sleep(10*time.Minute + 30*time.Second)
		heal := cut(own)
		time.Sleep(80 * time.Second)
		clk.ahead.Store(int64(30 * time.Second))
		time.Sleep(3 * time.Minute)
		heal()
		time.Sleep(10 * time.Minute)
		n.end()
		lapses := runs(t, mem)["a"].Lapses
		require.NotEmpty(t, lapses)
		for _, l := range lapses {
			require.Equal(t, longrun.StoreDown, l.Cause, "%v", lapses)
		}
	})
}

func TestABlipAfterASuspendIsNoOutageOfTheWholeSuspend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		mem := memstore.New(nil)
		own := storetest.Wrap(mem)
		clk := &freezer{Clock: clock.New()}
		n := start(t, own, "a", withClock(clk))
		time.Sleep(10*time.Minute + 30*time.Second)
		heal := cut(own)
		clk.ahead.Store(int64(3 * time.Hour))
		time.Sleep(40 * time.Second)
		heal()
		time.Sleep(10 * time.Minute)
		n.end()
		c := coverBy(t, mem, began, clk.Now())
		require.NotEmpty(t, c.Gaps)
		require.Equal(t, longrun.Stall, c.Gaps[0].Cause)
	})
}

func TestARunKnowsNothingOfTheTimeBeforeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		own := storetest.Wrap(mem)
		m, err := monitor.New(monitor.Config{Store: own, InstanceID: "a"})
		require.NoError(t, err)
		for range 2 {
			time.Sleep(3 * time.Hour) // not running, and nobody asks the store
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			heal := cut(own)
			go func() { done <- m.Run(ctx) }()
			time.Sleep(5 * time.Minute)
			heal()
			time.Sleep(5 * time.Minute)
			cancel()
			require.NoError(t, <-done)
		}
		for _, r := range allRuns(t, mem) {
			require.Len(t, r.Lapses, 1)
			require.False(t, r.Lapses[0].From.Before(r.TS), "%v before %v", r.Lapses[0].From, r.TS)
		}
	})
}

func TestAStoreThatIsBackIsFoundWithinTenSeconds(t *testing.T) {
	faults := map[string]storetest.Fault{
		"refused": {Before: func(context.Context, storetest.Call) error { return errAway }},
		"hangs":   {Before: storetest.Hang},
		"takes no write": {Before: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Commit {
				return errAway
			}
			return nil
		}},
	}
	for name, fault := range faults {
		for _, lease := range []time.Duration{4 * time.Second, 30 * time.Second, 2 * time.Minute, time.Hour} {
			t.Run(name+" "+lease.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					st := storetest.Wrap(memstore.New(nil))
					n := start(t, st, "a", func(c *monitor.Config) { c.Lease = lease })
					time.Sleep(10*time.Minute + 7*time.Second)
					heal := st.Inject(fault)
					time.Sleep(lease + 10*time.Minute) // nobody leads any more
					stored := n.Status().Stored
					heal()
					time.Sleep(10 * time.Second)
					s := n.Status()
					require.Equal(t, monitor.Leading, s.State)
					require.Greater(t, s.Stored, stored)
					require.True(t, s.StoreReachable)
					require.False(t, s.StoreReadOnly)
					n.end()
				})
			})
		}
	}
}

func TestAnOutageIsSeenThoughTheClockWasSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := storetest.Wrap(memstore.New(nil))
		clk := &freezer{Clock: clock.New()}
		n := start(t, st, "a", withClock(clk))
		time.Sleep(90*time.Minute + 30*time.Second)
		clk.ahead.Store(-int64(time.Hour))
		time.Sleep(time.Second)
		heal := cut(st)
		time.Sleep(5 * time.Minute)
		require.False(t, n.Status().StoreReachable)
		heal()
		time.Sleep(10 * time.Second)
		require.True(t, n.Status().StoreReachable)
		n.end()
	})
}
