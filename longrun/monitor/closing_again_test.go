package monitor_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/probe/probetest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// rolledUp returns the rollup of the day that the bubble's time began with.
func rolledUp(t *testing.T, st store.Store) longrun.Rollup {
	t.Helper()
	e, err := openLedger(t, st).Rollup(t.Context(), time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	require.NoError(t, coverage.Check(e.Value))
	return e.Value
}

// A probe fails in the evening, tells nothing at midnight, and fails in the
// morning: only then is there an incident, and it began yesterday.
func TestAnIncidentThatIsNoticedAfterItsDayIsInTheDaysRollup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		pass, fail, unsure := []probetest.Step{probetest.Pass(1)}, twice(probetest.Fail("no_receipt")), []probetest.Step{probetest.Error(errors.New("socket"))}
		p := probetest.NewScript(slices.Concat(pass, pass, pass, fail, unsure, fail, pass)...)
		n := start(t, st, "a", probing(monitor.Probe{Type: longrun.Outbound, Every: 6 * time.Hour, Retry: 6 * time.Hour, Confirm: time.Second, Prober: p}))
		time.Sleep(25 * time.Hour)
		require.Zero(t, rolledUp(t, st).IncidentsCount, "nobody knows of it yet")
		time.Sleep(6 * time.Hour)
		require.EqualValues(t, 1, rolledUp(t, st).IncidentsCount)
		require.Nil(t, rolledUp(t, st).MTTRP50)
		time.Sleep(6 * time.Hour)
		require.InDelta(t, (18 * time.Hour).Seconds(), *rolledUp(t, st).MTTRP50, 60, "and that it is over")
		n.end()
	})
}

// What an earlier leader had no time to roll up again is found by the next one.
func TestARollupThatLacksAnIncidentIsFoundByTheNextLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		n := start(t, st, "a")
		time.Sleep(25 * time.Hour)
		n.end()
		began := time.Date(2000, 1, 1, 23, 0, 0, 0, time.UTC)
		_, err := st.Commit(t.Context(), openLedger(t, st).SetIncident(longrun.Incident{IncidentID: "x", Rule: rules.QueueDepth, TS: began, TSStart: began}))
		require.NoError(t, err)
		n = start(t, st, "b")
		time.Sleep(time.Hour)
		require.EqualValues(t, 1, rolledUp(t, st).IncidentsCount)
		n.end()
	})
}

// A result that waited for the store may come after its day was closed.
func TestAProbeThatIsStoredAfterItsDayIsInTheDaysRollup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		st := storetest.Wrap(mem)
		every := monitor.Probe{Type: longrun.Outbound, Every: time.Hour, Prober: probetest.NewScript(probetest.Pass(1))}
		n := start(t, st, "a", probing(every))
		time.Sleep(22*time.Hour + 30*time.Minute)
		heal := st.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if in(ledger.Probes, c.Ops) {
				return errAway
			}
			return nil
		}})
		time.Sleep(2 * time.Hour)
		before := rolledUp(t, mem)
		heal()
		time.Sleep(time.Hour)
		require.Equal(t, before.Probes[0].N+1, rolledUp(t, mem).Probes[0].N)
		n.end()
	})
}

// A clock that is ahead for a while has no day closed before it is over.
func TestNoDayIsClosedByAClockThatIsAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		clk := &freezer{Clock: clock.New()}
		n := start(t, st, "a", withClock(clk))
		time.Sleep(22*time.Hour + 30*time.Second)
		clk.ahead.Store(int64(4 * time.Hour))
		time.Sleep(10 * time.Minute)
		require.Empty(t, documents[longrun.Rollup](t, st, ledger.Rollups))
		clk.ahead.Store(0)
		time.Sleep(2*time.Hour + 30*time.Minute)
		r := rolledUp(t, st)
		want := coverage.Of(beats(t, st), longrun.Window{From: r.From, To: r.To}, time.Minute, time.Now())
		require.EqualValues(t, want.Written, r.WrittenHb)
		require.Greater(t, want.Written, 1425)
		n.end()
	})
}

// Catching up may take longer than the day that it began on.
func TestADayThatEndsDuringACatchUpIsClosedAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		st, l := storetest.Wrap(mem), openLedger(t, mem)
		began := time.Now()
		time.Sleep(30*24*time.Hour - 2*time.Hour - 10*time.Minute)
		for at := began; at.Before(time.Now()); at = at.Add(time.Hour) { // nothing is missed, nothing is told
			_, err := mem.Commit(t.Context(), l.CreateHeartbeat(longrun.Beat(at, time.Hour)))
			require.NoError(t, err)
		}
		st.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Get && c.Key.Collection == l.Path(ledger.Rollups) {
				time.Sleep(20 * time.Second)
			}
			return nil
		}})
		n := start(t, st, "a", func(c *monitor.Config) { c.Interval = time.Hour })
		time.Sleep(3*time.Hour + 30*time.Minute) // it begins after two slots, at ten to twelve
		require.Len(t, documents[longrun.Rollup](t, mem, ledger.Rollups), 30)
		n.end()
	})
}

// A fault of closing ends no closing of later days.
func TestClosingGoesOnAfterAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		st, l := storetest.Wrap(mem), openLedger(t, mem)
		n := start(t, st, "a")
		time.Sleep(23 * time.Hour)
		var panicked atomic.Bool
		st.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if c.Key.Collection == l.Path(ledger.Rollups) && panicked.CompareAndSwap(false, true) {
				panic("a fault in here")
			}
			return nil
		}})
		time.Sleep(2 * time.Hour)
		require.True(t, panicked.Load())
		require.Positive(t, rolledUp(t, mem).WrittenHb)
		n.end()
	})
}
