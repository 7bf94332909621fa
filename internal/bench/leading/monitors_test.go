package leading

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
	"github.com/stretchr/testify/require"
)

// monitors are our two: what they do in each slot is to store its beat.
func monitors() []schedule {
	file := func(tb testing.TB) string {
		tb.Helper()
		return filepath.Join(tb.TempDir(), "longrun.db")
	}
	return []schedule{
		{proven, file, monitorWith(nil), beats},
		{leased, file, monitorWith(lock.NoWitness{}), beats},
	}
}

// monitorWith has the monitor's own lease for slots of a second, of four.
func monitorWith(w store.Witness) func(ctx context.Context, addr, who string, done func(longrun.Slot)) error {
	return func(ctx context.Context, addr, who string, done func(longrun.Slot)) error {
		st, err := sqlitestore.Open(ctx, addr, nil)
		if err != nil {
			return err
		}
		defer st.Close()
		m, err := monitor.New(monitor.Config{
			Store: st, Witness: w, Interval: slotLength, InstanceID: who,
			Status: func(context.Context) (longrun.HostStatus, error) { return longrun.HostStatus{Healthy: true}, nil },
			AfterBeat: func(_ context.Context, h longrun.Heartbeat) {
				done(h.Slot(slotLength))
			},
		})
		if err != nil {
			return err
		}
		return m.Run(ctx)
	}
}

// beats are the slots that have a beat in the store, and how many.
func beats(tb testing.TB, addr string) map[longrun.Slot]int {
	tb.Helper()
	st, err := sqlitestore.Open(tb.Context(), addr, nil)
	require.NoError(tb, err)
	defer st.Close()
	book, err := ledger.New(st, "")
	require.NoError(tb, err)
	filled := map[longrun.Slot]int{}
	for e, err := range book.Heartbeats(tb.Context(), ledger.Page{}) {
		require.NoError(tb, err)
		filled[e.Value.Slot(slotLength)]++
	}
	return filled
}
