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
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// withClock gives a node a clock that can be set.
func withClock(clk clock.Clock) func(*monitor.Config) {
	return func(c *monitor.Config) { c.Clock = clk }
}

func TestBeatsOfSlotsThatTheClockWasSetBackBeforeAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		st := storetest.Wrap(memstore.New(nil))
		clk := &freezer{Clock: clock.New()}
		n := start(t, st, "a", withClock(clk), func(c *monitor.Config) { c.Lease = time.Hour })
		time.Sleep(10*time.Minute + 30*time.Second)
		clk.ahead.Store(int64(20 * time.Minute)) // wrong …
		heal := cut(st)
		time.Sleep(5 * time.Minute) // … and beats wait that say so
		clk.ahead.Store(0)
		heal()
		commits := st.Calls(storetest.Commit)
		time.Sleep(30 * time.Second)
		require.Less(t, st.Calls(storetest.Commit)-commits, 10, "what cannot be written now is not tried now")
		time.Sleep(time.Hour + time.Second)
		require.Zero(t, n.Status().Waiting)
		require.Equal(t, 1, n.log.count("the clock was set back"))
		n.end()
		for _, h := range beats(t, st) {
			require.False(t, h.Late, "%s: a beat of a time that had not come", h.BucketID)
		}
		c := cover(t, st, began)
		require.Len(t, c.Gaps, 1, "the slots in which the clock was wrong")
		require.LessOrEqual(t, c.Missed, 6)
	})
}

func TestAClockSetBackCostsNothingWhereSlotsAreFilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		clk := &freezer{Clock: clock.New()}
		n := start(t, st, "a", withClock(clk))
		time.Sleep(90*time.Minute + 30*time.Second)
		require.Len(t, beats(t, st), 91)
		clk.ahead.Store(-int64(time.Hour))
		time.Sleep(time.Hour)
		require.Len(t, beats(t, st), 91, "those slots have their beats")
		time.Sleep(30 * time.Minute)
		n.end()
		require.Len(t, beats(t, st), 121, "and then every slot gets its own again")
		require.Zero(t, n.log.count("this process did not run"))
		require.Zero(t, n.log.count("lease lost"))
	})
}

func TestAStopIsHeardWhileBeatsWaitForATimeToCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := storetest.Wrap(memstore.New(nil))
		clk := &freezer{Clock: clock.New()}
		n := start(t, st, "a", withClock(clk), func(c *monitor.Config) { c.Lease = time.Hour })
		time.Sleep(10*time.Minute + 30*time.Second)
		heal := cut(st)
		time.Sleep(3 * time.Minute)
		clk.ahead.Store(-int64(20 * time.Minute))
		heal()
		n.end() // returns
		for _, h := range beats(t, st) {
			require.False(t, h.Late)
		}
	})
}

func TestAClockSetBackWhileTheHostAnswersCostsNoSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		clk := &freezer{Clock: clock.New()}
		clk.ahead.Store(int64(20 * time.Minute))
		asked := 0
		n := start(t, st, "a", withClock(clk), func(c *monitor.Config) {
			c.Status = func(context.Context) (longrun.HostStatus, error) {
				if asked++; asked == 5 {
					clk.ahead.Store(0)
				}
				return longrun.HostStatus{}, nil
			}
		})
		began := time.Now()
		time.Sleep(15*time.Minute + time.Second)
		n.end()
		c := coverage.Of(beats(t, st), longrun.Window{From: began.Add(5 * time.Minute), To: time.Now()}, time.Minute, time.Now())
		require.Equal(t, 10, c.Expected)
		require.Equal(t, 10, c.Written, "%v", c.Gaps)
	})
}

func TestAHostThatAnswersInTheNextSlotCostsThatSlotNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(58 * time.Second) // the first beat is asked for here
		began := time.Now()
		st := memstore.New(nil)
		n := start(t, st, "a", func(c *monitor.Config) {
			c.Status = func(context.Context) (longrun.HostStatus, error) {
				time.Sleep(4 * time.Second)
				return longrun.HostStatus{}, nil
			}
		})
		time.Sleep(10 * time.Minute)
		n.end()
		c := cover(t, st, began)
		require.Equal(t, c.Expected, c.Written, "%v", c.Gaps)
	})
}

func TestAStallOfOneSlotIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		clk := &freezer{Clock: clock.New()}
		n := start(t, st, "a", withClock(clk))
		time.Sleep(10*time.Minute + 30*time.Second)
		clk.ahead.Store(int64(100 * time.Second))
		time.Sleep(10 * time.Minute)
		n.end()
		lapses := runs(t, st)["a"].Lapses
		require.Len(t, lapses, 1)
		require.Equal(t, longrun.Stall, lapses[0].Cause)
		require.Equal(t, time.Minute, lapses[0].To.Sub(lapses[0].From))
	})
}

func TestBeatsThatComeLateInTheirSlotsAreSaidAndTakeOversAreNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		time.Sleep(50 * time.Second)
		a := start(t, st, "a")
		time.Sleep(time.Minute + 40*time.Second) // 02:30
		clk := &freezer{Clock: clock.New()}
		b := start(t, st, "b", withClock(clk))
		time.Sleep(time.Second)
		a.end() // b takes over in the middle of the slot
		time.Sleep(10*time.Minute + 30*time.Second)
		require.Equal(t, monitor.Leading, b.Status().State)
		const late = "beats are made late in their slots"
		require.Zero(t, a.log.count(late)+b.log.count(late))
		for n := range 2 {
			clk.ahead.Add(int64(20 * time.Second))
			time.Sleep(3 * time.Minute)
			require.Equal(t, n+1, b.log.count(late), "once each time it begins")
		}
		b.end()
	})
}
