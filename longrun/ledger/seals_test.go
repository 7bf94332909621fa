package ledger_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

var errGone = errors.New("gone")

// A day is rolled up and sealed from one Scan of its beats; one more, of the time
// before it, is made only after an outage over midnight.
func TestADayIsSealedFromTheScanThatRollsItUp(t *testing.T) {
	t.Parallel()
	start := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	st := storetest.Wrap(memstore.New(nil))
	l := open(t, st)
	var head evidence.Head
	write := func(slot int, late bool) {
		h := longrun.Beat(start.Add(time.Duration(slot)*time.Minute), time.Minute)
		h.Late, h.Epoch = late, 1
		h, head = head.Next(h)
		_, err := st.Commit(t.Context(), l.CreateHeartbeat(h))
		require.NoError(t, err)
	}
	for slot := range 1430 {
		write(slot, false)
	}
	write(1450, false) // an outage over midnight ends
	for slot := 1430; slot < 1450; slot++ {
		write(slot, true)
	}
	for slot := 1451; slot < 3*1440; slot++ {
		write(slot, false)
	}
	now := start.AddDate(0, 0, 3).Add(time.Minute)
	beats := 0
	st.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
		if c.Method == storetest.Scan && c.Key.Collection == l.Path(ledger.Heartbeats) {
			beats++
		}
		return nil
	}})
	var last int64
	for day := range 3 {
		at := start.AddDate(0, 0, day)
		prev, err := l.LastSeal(t.Context(), at)
		require.NoError(t, err)
		if day == 0 {
			require.Nil(t, prev)
		} else {
			require.Equal(t, last, prev.LastSeq)
		}
		s := evidence.NewSealer(prev, longrun.DayOf(at), time.Minute)
		r, err := l.RollDay(t.Context(), at, now, time.Minute, s.Add)
		require.NoError(t, err)
		before := beats
		r.Seal, err = l.SealDay(t.Context(), s, now)
		require.NoError(t, err)
		// On the first day the late beats are left over, and only looking tells why.
		require.Equal(t, []int{1, 1, 0}[day], beats-before, "day %d", day)
		require.Equal(t, []int64{1430, 2880, 4320}[day], r.Seal.LastSeq)
		last = r.Seal.LastSeq
		_, err = st.Commit(t.Context(), l.SetRollup(r))
		require.NoError(t, err)
	}
	require.Equal(t, head.ChainSeq, last)

	// A rollup that does not decode is passed over; a store that is away is not.
	_, err := st.Commit(t.Context(), store.Set(l.Key(ledger.Rollups, "2026-01-01"), map[string]any{"ts": start.AddDate(0, 0, 3), "seal": "broken"}))
	require.NoError(t, err)
	prev, err := l.LastSeal(t.Context(), start.AddDate(0, 0, 9))
	require.NoError(t, err)
	require.Equal(t, last, prev.LastSeq)
	st.Inject(storetest.Fault{Before: func(context.Context, storetest.Call) error { return errGone }})
	_, err = l.LastSeal(t.Context(), now)
	require.ErrorIs(t, err, errGone)
	s := evidence.NewSealer(nil, longrun.DayOf(start), time.Minute)
	s.Add(longrun.Heartbeat{BucketID: "x", TS: start, ChainSeq: 5, PrevHash: "y", Late: true})
	_, err = l.SealDay(t.Context(), s, now)
	require.ErrorIs(t, err, errGone)
	_, err = l.Record(t.Context(), l.LockKey())
	require.ErrorIs(t, err, errGone)
}

func TestEveryCollectionIsNamed(t *testing.T) {
	t.Parallel()
	require.Len(t, ledger.Collections(), 10)
	require.Contains(t, ledger.Collections(), ledger.Rollups)
}
