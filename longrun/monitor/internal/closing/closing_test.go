package closing_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// A closing at rest asks for the time, and reads, once a day.
func TestAClosingAtRestReadsOnceADay(t *testing.T) {
	bubble(t, func(t *testing.T) {
		mem := memstore.New(nil)
		st := storetest.Wrap(mem)
		n := newNode(t, st, nil, nil, map[string]int64{"heartbeats": 4, "probes": 35, "incidents": 8, "runs": 8, "outbox": 4, "silences": 1})
		var reads atomic.Int64
		st.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if c.Method != storetest.Commit {
				reads.Add(1)
			}
			return nil
		}})
		n.begin()
		time.Sleep(23 * time.Hour)
		require.Less(t, reads.Load(), int64(20))
		require.EqualValues(t, 2, n.asked.Load())
		reads.Store(0)
		time.Sleep(30 * day)
		require.Less(t, reads.Load(), int64(30*40))
		require.Less(t, n.asked.Load(), int64(2+30*5), "before each pass, each commit and the deletes")
		n.end()
	})
}

func TestEachDayIsClosedSoonAfterItAndOldOnesAreDeleted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := memstore.New(nil)
		n := newNode(t, st, nil, nil, map[string]int64{"heartbeats": 4}).begin()
		require.Zero(t, n.Next())
		for d := range 10 {
			midnight := time.Now().UTC().Truncate(day).Add(day)
			time.Sleep(time.Until(midnight.Add(5*time.Minute - time.Second)))
			require.Len(t, rollups(t, st), d, "its last beats may still come")
			time.Sleep(time.Minute)
			got := rollups(t, st)
			require.Len(t, got, d+1)
			require.EqualValues(t, 144, got[d].WrittenHb)
			require.Equal(t, []int64{got[d].Batch}, got[d].Batches)
			require.Equal(t, midnight.Add(day+5*time.Minute), n.Next())
			if d > 3 {
				require.Equal(t, midnight.AddDate(0, 0, -4), beats(t, st)[0].TS)
			}
		}
		n.end()
		require.Zero(t, n.Next())
	})
}

// The clock is a year ahead for ten minutes, of an instance that runs and of one
// that starts then. Nothing of the past is deleted, and no day of those to come is
// rolled up, whether or not the store's clock is right.
func TestNothingGoesOnTheWordOfOneClock(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ restart, storesToo bool }{
		"while it runs":                   {false, false},
		"while it runs, the store's too":  {false, true},
		"from its start":                  {true, false},
		"from its start, the store's too": {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				clk := newShifted()
				opts := &memstore.Options{}
				if c.storesToo {
					opts.Clock = clk
				}
				st := memstore.New(opts)
				n := newNode(t, st, clk, nil, map[string]int64{"heartbeats": 7}).begin()
				time.Sleep(4*day + time.Hour)
				require.Len(t, rollups(t, st), 4)
				commits := len(n.lead.Commits())
				if c.restart {
					n.end()
					clk.set(365 * day)
					n = newNode(t, st, clk, n.head, *n.keep.Load()).begin()
					commits = 0
				} else {
					clk.set(365 * day)
				}
				time.Sleep(10 * time.Minute)
				if !c.restart { // it is looked at, as at midnight
					n.Changed(time.Now())
				}
				time.Sleep(20 * time.Minute)
				require.Len(t, n.lead.Commits(), commits)
				clk.set(0)
				if c.restart {
					n.end()
					n = newNode(t, st, clk, n.head, *n.keep.Load()).begin()
				}
				time.Sleep(25 * time.Hour)
				got := rollups(t, st)
				require.Len(t, got, 5, "and what is due is closed within a day")
				require.Equal(t, "2000-01-05", got[4].Date)
				require.Positive(t, got[4].Batch)
				require.GreaterOrEqual(t, len(beats(t, st)), 5*144)
				require.LessOrEqual(t, n.lines.Count("while the time is not certain"), 3)
				if !c.restart {
					require.Positive(t, n.lines.Count("while the time is not certain"))
				}
				time.Sleep(4 * day)
				require.Len(t, rollups(t, st), 9)
				require.Equal(t, time.Date(2000, 1, 3, 0, 0, 0, 0, time.UTC), beats(t, st)[0].TS.UTC(), "seven days are kept")
				n.end()
			})
		})
	}
}

// A clock that was two months ahead over a midnight, before this version, left a
// rollup with a seal. Days are found and sealed all the same, and when that day is
// really over it is rolled up again.
func TestARollupOfADayToComeIsNeitherBelievedNorDeleted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := memstore.New(nil)
		n := newNode(t, st, nil, nil, map[string]int64{"heartbeats": 4})
		start := time.Now().UTC()
		ahead := start.AddDate(0, 0, 60)
		n.history(start.Add(-10*day), start)
		n.beat(t.Context(), ahead.Add(-time.Hour))
		n.beat(t.Context(), ahead)
		r, err := n.deps.Ledger.RollDay(t.Context(), ahead.Add(-day), ahead.Add(3*time.Minute), every)
		require.NoError(t, err)
		require.True(t, r.Settled)
		_, err = st.Commit(t.Context(), n.deps.Ledger.SetRollup(r))
		require.NoError(t, err)
		n.begin()
		time.Sleep(8*day + time.Hour)
		got := rollups(t, st)
		require.Len(t, got, 19)
		for _, r := range got[:18] {
			require.Positive(t, r.Batch, r.Date)
			require.EqualValues(t, 144, r.WrittenHb, r.Date)
		}
		require.EqualValues(t, 1, got[18].Revision, "not touched")
		time.Sleep(52 * day)
		got = rollups(t, st)
		require.Len(t, got, 70)
		require.Equal(t, longrun.RollupID(ahead.Add(-day)), got[69].Date)
		require.EqualValues(t, 144, got[69].WrittenHb, "and not what the clock that was ahead saw of it")
		n.end()
	})
}

// One read of retention hangs once. It costs one pass.
func TestAReadThatHangsCostsOnePass(t *testing.T) {
	bubble(t, func(t *testing.T) {
		mem := memstore.New(nil)
		st := storetest.Wrap(mem)
		n := newNode(t, st, nil, nil, map[string]int64{"heartbeats": 4, "outbox": 4})
		outbox := n.deps.Ledger.Path(ledger.Outbox)
		var outboxes atomic.Int64
		var rolled, hung atomic.Bool
		st.Inject(storetest.Fault{Before: func(ctx context.Context, c storetest.Call) error {
			if c.Method == storetest.Scan && c.Key.Collection == outbox && outboxes.Add(1) == 3 {
				return storetest.Hang(ctx, c)
			}
			return nil
		}, Record: func(ctx context.Context, c storetest.Call, nth int) error {
			// Behind the sixth rollup, which reads for retention are.
			if c.Key.Collection == n.deps.Ledger.Path(ledger.Heartbeats) && nth == 100 && rolled.Load() && hung.CompareAndSwap(false, true) {
				return storetest.Hang(ctx, c)
			}
			return nil
		}})
		n.lead.Fault = func(_ context.Context, ops []store.Op) error {
			if ops[0].Key.ID == "2000-01-06" {
				rolled.Store(true)
			}
			return nil
		}
		n.begin()
		time.Sleep(13*day + time.Hour)
		require.True(t, hung.Load())
		require.Greater(t, outboxes.Load(), int64(10))
		require.Len(t, rollups(t, mem), 13)
		require.Equal(t, time.Now().UTC().Truncate(day).AddDate(0, 0, -4), beats(t, mem)[0].TS)
		n.end()
	})
}

// A scan that is slow is none that hangs: each record has its time.
func TestAScanMayTakeLong(t *testing.T) {
	bubble(t, func(t *testing.T) {
		mem := memstore.New(nil)
		st := storetest.Wrap(mem)
		st.Inject(storetest.Fault{Record: func(ctx context.Context, _ storetest.Call, _ int) error {
			select {
			case <-time.After(300 * time.Millisecond): // 43 s a day
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}})
		n := newNode(t, st, nil, nil, map[string]int64{"heartbeats": 4}).begin()
		time.Sleep(6*day + time.Hour)
		require.Len(t, rollups(t, mem), 6)
		require.Equal(t, time.Now().UTC().Truncate(day).AddDate(0, 0, -4), beats(t, mem)[0].TS)
		require.Zero(t, n.lines.Count("cannot be closed"))
		n.end()
	})
}

// After a year of downtime what is due is closed at most one commit a second, so
// many days in a pass.
func TestAYearOfDowntimeIsClosedInTurns(t *testing.T) {
	bubble(t, func(t *testing.T) {
		mem := memstore.New(nil)
		n := newNode(t, mem, nil, nil, nil)
		n.history(time.Now(), time.Now().Add(2*day))
		time.Sleep(365 * day)
		n.begin()
		time.Sleep(23 * time.Hour)
		require.Empty(t, n.lead.Commits(), "a year without a beat may be a clock that was set")
		require.Equal(t, 1, n.lines.Count("while the time is not certain"))
		looks := n.asked.Load()
		time.Sleep(3 * time.Hour)
		require.Len(t, rollups(t, mem), 366)
		empty := 0
		for _, r := range rollups(t, mem) {
			if r.WrittenHb == 0 {
				empty++
				require.Equal(t, []string{"a", "build"}, []string{r.InstanceID, r.CommitHash}, "whoever rolled it up")
			}
		}
		require.Greater(t, empty, 360)
		commits := n.lead.Commits()
		for i := 1; i < len(commits); i++ {
			require.GreaterOrEqual(t, commits[i].At.Sub(commits[i-1].At), time.Second)
		}
		require.Less(t, len(commits), 366+5)
		passes := int(n.asked.Load()-looks) - len(commits) - 6 // the last hour of waiting
		require.GreaterOrEqual(t, passes, 366/30)
		require.Less(t, passes, 366/30+5)
		require.Len(t, beats(t, mem), 2*144+26*6+1, "beats go on")
		n.end()
	})
}

func TestWhatComesLateRollsItsDayUpAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := memstore.New(nil)
		n := newNode(t, st, nil, nil, nil).begin()
		time.Sleep(day + time.Hour)
		first := rollups(t, st)[0]
		began := time.Date(2000, 1, 1, 3, 0, 0, 0, time.UTC)
		_, err := st.Commit(t.Context(), n.deps.Ledger.SetIncident(longrun.Incident{IncidentID: "x", Rule: rules.QueueDepth, TS: began, TSStart: began}))
		require.NoError(t, err)
		n.Changed(began)
		time.Sleep(time.Minute)
		again := rollups(t, st)[0]
		require.EqualValues(t, 1, again.IncidentsCount)
		require.Greater(t, again.Batch, first.Batch)

		// What an earlier leader had no time to do is found by the slots that it filled.
		e, err := n.deps.Ledger.Rollup(t.Context(), began)
		require.NoError(t, err)
		n.end()
		slots, err := coverage.ParseBitmap(e.Value.Slots)
		require.NoError(t, err)
		require.True(t, slots.Has(7))
		_, err = st.Commit(t.Context(), store.Delete(n.deps.Ledger.Key(ledger.Rollups, "2000-01-01")))
		require.NoError(t, err)
		r, err := n.deps.Ledger.RollDay(t.Context(), began, time.Now(), every)
		require.NoError(t, err)
		require.Equal(t, e.Value.WrittenHb, r.WrittenHb)

		hole := longrun.SlotAt(began, every)
		_, err = st.Commit(t.Context(), store.Delete(n.deps.Ledger.Key(ledger.Heartbeats, hole.ID(every))))
		require.NoError(t, err)
		r, err = n.deps.Ledger.RollDay(t.Context(), began, time.Now(), every)
		require.NoError(t, err)
		require.EqualValues(t, 143, r.WrittenHb)
		_, err = st.Commit(t.Context(), n.deps.Ledger.SetRollup(r))
		require.NoError(t, err)
		n = newNode(t, st, nil, n.head, nil)
		n.beat(t.Context(), began)
		n.begin()
		n.Known(t.Context(), map[longrun.Slot]bool{hole: true})
		time.Sleep(time.Hour)
		require.EqualValues(t, 144, rollups(t, st)[0].WrittenHb)
		n.end()
	})
}

// A clock that jumps while old documents are deleted ends that at once.
func TestAJumpBreaksAPassOff(t *testing.T) {
	bubble(t, func(t *testing.T) {
		clk := newShifted()
		n := newNode(t, memstore.New(nil), clk, nil, nil)
		start := time.Now().UTC()
		n.history(start, start.Add(30*day))
		time.Sleep(30 * day)
		n.begin()
		time.Sleep(time.Hour)
		n.keep.Store(&map[string]int64{"heartbeats": 4})
		n.Changed(start)
		time.Sleep(10 * time.Second)
		commits := len(n.lead.Commits())
		require.Greater(t, commits, 33)
		clk.set(365 * day)
		time.Sleep(10 * time.Minute)
		require.LessOrEqual(t, len(n.lead.Commits()), commits+1)
		n.end()
	})
}

// A clock that is four hours ahead before midnight, and then right, delays the
// closing of the day by the time that it is not believed.
func TestAClockThatIsSetBackDelaysNothingElse(t *testing.T) {
	bubble(t, func(t *testing.T) {
		clk := newShifted()
		st := memstore.New(nil)
		n := newNode(t, st, clk, nil, nil).begin()
		time.Sleep(22 * time.Hour)
		clk.set(4 * time.Hour)
		time.Sleep(10 * time.Minute)
		require.Empty(t, rollups(t, st))
		clk.set(0)
		time.Sleep(2 * time.Hour)
		require.Len(t, rollups(t, st), 1)
		n.end()
	})
}

// A year of beats is more than one pass deletes; days are closed meanwhile, and
// beats have every second second.
func TestALongPruneIsDoneInParts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		mem := memstore.New(nil)
		n := newNode(t, mem, nil, nil, nil)
		start := time.Now().UTC()
		n.history(start, start.Add(100*day))
		time.Sleep(100 * day)
		n.begin()
		time.Sleep(time.Hour)
		require.Len(t, rollups(t, mem), 100)
		n.keep.Store(&map[string]int64{"heartbeats": 4})
		n.Changed(start)
		time.Sleep(20 * time.Minute)
		require.LessOrEqual(t, len(beats(t, mem)), 5*144)
		commits := n.lead.Commits()
		for i := 101; i < len(commits); i++ {
			require.GreaterOrEqual(t, commits[i].At.Sub(commits[i-1].At), time.Second)
		}
		synctest.Wait()
		require.Greater(t, strings.Count(n.lines.String(), "old documents deleted"), 3, "in several passes")
		n.end()
	})
}
