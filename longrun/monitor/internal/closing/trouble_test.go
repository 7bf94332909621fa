package closing_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

var errAway = errors.New("away")

// One day cannot be read, for whatever reason. Its neighbours wait for it a few
// minutes, and then no longer; it is read some thirty times in a day, and closed
// when it can be.
func TestOneBadDayDoesNotStopTheOthers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		mem := memstore.New(nil)
		st := storetest.Wrap(mem)
		n := newNode(t, st, nil, nil, map[string]int64{"heartbeats": 4})
		start := time.Now().UTC()
		n.history(start, start.Add(5*day))
		time.Sleep(5 * day)
		bad := n.deps.Ledger.Key(ledger.Rollups, longrun.RollupID(start.Add(2*day)))
		var reads atomic.Int64
		heal := st.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Get && c.Key == bad {
				reads.Add(1)
				return errAway
			}
			return nil
		}})
		n.begin()
		time.Sleep(22 * time.Minute)
		require.Len(t, rollups(t, mem), 2, "the others wait")
		time.Sleep(30 * time.Minute)
		require.Len(t, rollups(t, mem), 4)
		time.Sleep(23 * time.Hour)
		require.Less(t, reads.Load(), int64(80), "that is twice an hour: by closing, and by retention")
		require.Greater(t, reads.Load(), int64(20))
		synctest.Wait()
		require.Equal(t, 1, n.lines.Count("it is put aside"))
		require.LessOrEqual(t, n.lines.Count("days cannot be closed yet"), 2)
		heal()
		time.Sleep(2 * time.Hour)
		got := rollups(t, mem)
		require.Len(t, got, 6)
		require.EqualValues(t, 144, got[2].WrittenHb)
		require.Greater(t, got[2].Batch, got[3].Batch, "it was logged behind its successor")
		n.end()
	})
}

// While the store takes nothing, less and less is read.
func TestAClosingThatFailsBacksOff(t *testing.T) {
	bubble(t, func(t *testing.T) {
		mem := memstore.New(nil)
		st := storetest.Wrap(mem)
		n := newNode(t, st, nil, nil, nil)
		start := time.Now().UTC()
		n.history(start, start.Add(20*day))
		time.Sleep(20 * day)
		var days atomic.Int64
		st.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Get && c.Key.Collection == n.deps.Ledger.Path(ledger.Rollups) {
				days.Add(1)
			}
			return nil
		}})
		var away atomic.Bool
		away.Store(true)
		n.lead.Fault = func(context.Context, []store.Op) error {
			if away.Load() {
				return errAway
			}
			return nil
		}
		n.begin()
		time.Sleep(day)
		require.Less(t, days.Load(), int64(100), "days read in a day; 1,440 at one a minute")
		synctest.Wait()
		require.Equal(t, 1, n.lines.Count("days cannot be closed yet"))
		away.Store(false)
		time.Sleep(2 * time.Hour)
		require.Len(t, rollups(t, mem), 21)
		n.end()
	})
}

// A rollup that no store takes is said once and read once a lead, until something
// of its day changes.
func TestARollupThatNoStoreTakesIsTriedOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		mem := memstore.New(nil)
		n := newNode(t, mem, nil, nil, map[string]int64{"heartbeats": 4})
		bad := n.deps.Ledger.Key(ledger.Rollups, "2000-01-02")
		var large atomic.Bool
		large.Store(true)
		var tries atomic.Int64
		n.lead.Fault = func(_ context.Context, ops []store.Op) error {
			if ops[0].Key == bad && large.Load() {
				tries.Add(1)
				return fmt.Errorf("%w: too large", store.ErrInvalid)
			}
			return nil
		}
		n.begin()
		time.Sleep(9*day + time.Hour)
		require.EqualValues(t, 1, tries.Load())
		require.Equal(t, 1, n.lines.Count("the rollup of a day cannot be stored"))
		require.Len(t, rollups(t, mem), 8)
		n.Changed(time.Date(2000, 1, 2, 3, 0, 0, 0, time.UTC))
		time.Sleep(time.Minute)
		require.EqualValues(t, 2, tries.Load())
		synctest.Wait()
		require.Equal(t, 1, n.lines.Count("the rollup of a day cannot be stored"))
		large.Store(false)
		n.Changed(time.Date(2000, 1, 2, 3, 0, 0, 0, time.UTC))
		time.Sleep(time.Minute)
		require.Len(t, rollups(t, mem), 9)
		n.end()
	})
}

// A day whose rollup contradicts itself and cannot be made again is not read for
// ever.
func TestADayThatCannotBeMendedIsReadOnceADay(t *testing.T) {
	bubble(t, func(t *testing.T) {
		mem := memstore.New(nil)
		st := storetest.Wrap(mem)
		n := newNode(t, st, nil, nil, nil).begin()
		time.Sleep(2*day + time.Hour)
		e, err := n.deps.Ledger.Rollup(t.Context(), time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))
		require.NoError(t, err)
		n.end()
		e.Value.MissedHb++
		_, err = mem.Commit(t.Context(), n.deps.Ledger.SetRollup(e.Value))
		require.NoError(t, err)
		for _, h := range beats(t, mem) {
			if h.TS.Before(time.Date(2000, 1, 2, 0, 0, 0, 0, time.UTC)) {
				_, err = mem.Commit(t.Context(), store.Delete(n.deps.Ledger.Key(ledger.Heartbeats, h.BucketID)))
				require.NoError(t, err)
			}
		}
		var reads atomic.Int64
		st.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Get && c.Key == e.Key {
				reads.Add(1)
			}
			return nil
		}})
		n = newNode(t, st, nil, n.head, nil).begin()
		time.Sleep(5 * day)
		require.LessOrEqual(t, reads.Load(), int64(6))
		require.Positive(t, reads.Load())
		n.end()
	})
}

func TestClosingGoesOnAfterAPanic(t *testing.T) {
	bubble(t, func(t *testing.T) {
		mem := memstore.New(nil)
		n := newNode(t, mem, nil, nil, nil)
		var panicked atomic.Bool
		n.lead.Fault = func(context.Context, []store.Op) error {
			if panicked.CompareAndSwap(false, true) {
				panic("a fault in here")
			}
			return nil
		}
		n.begin()
		time.Sleep(25 * time.Hour)
		require.True(t, panicked.Load())
		require.Len(t, rollups(t, mem), 1)
		n.end()
		require.ErrorContains(t, n.failed, "a fault in here")
	})
}

// A day far back has lost its rollup: no leader looks there. What it keeps from
// being deleted tells of it.
func TestADayThatIsInTheWayOfRetentionIsClosed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := memstore.New(nil)
		n := newNode(t, st, nil, nil, nil)
		start := time.Now().UTC()
		n.history(start, start.Add(60*day))
		time.Sleep(60 * day)
		n.begin()
		time.Sleep(time.Hour)
		n.end()
		require.Len(t, rollups(t, st), 60)
		_, err := st.Commit(t.Context(), store.Delete(n.deps.Ledger.Key(ledger.Rollups, longrun.RollupID(start.Add(5*day)))))
		require.NoError(t, err)
		n = newNode(t, st, nil, n.head, map[string]int64{"heartbeats": 4}).begin()
		time.Sleep(2 * day)
		require.Len(t, rollups(t, st), 62)
		require.LessOrEqual(t, len(beats(t, st)), 5*144)
		synctest.Wait()
		require.Equal(t, 1, n.lines.Count("old documents are kept"))
		n.end()
	})
}
