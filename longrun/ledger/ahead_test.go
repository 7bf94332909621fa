package ledger_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// A clock that was 400 days ahead over a midnight left a rollup with a seal. The
// days that come are sealed all the same, one behind the other.
func TestDaysAreSealedThoughADayToComeHasASeal(t *testing.T) {
	t.Parallel()
	st := memstore.New(nil)
	l := open(t, st)
	var head evidence.Head
	write := func(at time.Time) {
		h := longrun.Beat(at, time.Hour)
		h.Epoch = 1
		h, head = head.Next(h)
		_, err := st.Commit(t.Context(), l.CreateHeartbeat(h))
		require.NoError(t, err)
	}
	closeDay := func(day, now time.Time) {
		d, err := l.CloseDay(t.Context(), day, now, time.Hour, "a", nil)
		require.NoError(t, err)
		putRollup(t, st, l, d.Rollup)
	}
	for i := range 8 * 24 {
		if i == 24 {
			ahead := firstDay.AddDate(0, 0, 401)
			write(ahead.Add(-time.Minute))
			closeDay(ahead.AddDate(0, 0, -1), ahead.Add(time.Hour))
		}
		write(firstDay.Add(time.Duration(i) * time.Hour))
	}
	for day := range 8 {
		end := firstDay.AddDate(0, 0, day+1)
		closeDay(end.AddDate(0, 0, -1), end.Add(5*time.Minute))
		e, err := l.Rollup(t.Context(), end.AddDate(0, 0, -1))
		require.NoError(t, err)
		require.NotNil(t, e.Value.Seal, e.Key.ID)
		// The beat that was made ahead took number 25.
		require.EqualValues(t, 24*(day+1)+map[bool]int{false: 0, true: 1}[day > 0], e.Value.Seal.LastSeq, e.Key.ID)
	}

	// But a later day that is over keeps this one from being sealed: it covers it.
	e, err := l.Rollup(t.Context(), firstDay.AddDate(0, 0, 3))
	require.NoError(t, err)
	e.Value.Seal = nil
	putRollup(t, st, l, e.Value)
	d, err := l.CloseDay(t.Context(), e.At, firstDay.AddDate(0, 0, 9), time.Hour, "a", nil)
	require.NoError(t, err)
	require.Nil(t, d.Rollup.Seal)
}

func TestALedgerReadsThroughWhatItIsGiven(t *testing.T) {
	t.Parallel()
	l := open(t, memstore.New(nil))
	through := l.Through(func(st store.Store) store.Store {
		f := storetest.Wrap(st)
		f.Inject(storetest.Fault{Before: func(context.Context, storetest.Call) error { return errGone }})
		return f
	})
	_, _, err := through.Earliest(t.Context())
	require.ErrorIs(t, err, errGone)
	require.Equal(t, l.Root(), through.Root())
	_, _, err = l.Earliest(t.Context())
	require.NoError(t, err)
}
