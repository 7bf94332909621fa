package retention_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/internal/logtest"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/retention"
	"github.com/seed-13dc028d/longwatch/store"
)

var firstDay = time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)

func open(t *testing.T, st store.Store) *ledger.Ledger {
	t.Helper()
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	return l
}

func putRollup(t *testing.T, st store.Store, l *ledger.Ledger, r longrun.Rollup) {
	t.Helper()
	_, err := st.Commit(t.Context(), l.SetRollup(r))
	require.NoError(t, err)
}

// week writes six days of beats, empty from 23:50 of the second day to 00:10 of
// the third, and their rollups.
func week(t *testing.T, st store.Store) (l *ledger.Ledger, now time.Time) {
	t.Helper()
	l = open(t, st)
	now = firstDay.AddDate(0, 0, 6)
	var ops []store.Op
	for at := firstDay; at.Before(now); at = at.Add(time.Minute) {
		if slot := int(at.Sub(firstDay) / time.Minute); slot >= 2*1440-10 && slot < 2*1440+10 {
			continue
		}
		h := longrun.Beat(at.Add(7*time.Millisecond), time.Minute)
		h.InstanceID, h.Healthy = "a", true
		ops = append(ops, l.CreateHeartbeat(h))
	}
	for batch := range slices.Chunk(ops, store.MaxOps) {
		_, err := st.Commit(t.Context(), batch...)
		require.NoError(t, err)
	}
	for i := range 6 {
		r, err := l.RollDay(t.Context(), firstDay.AddDate(0, 0, i), now, time.Minute)
		require.NoError(t, err)
		putRollup(t, st, l, r)
	}
	return l, now
}

// prune deletes what keep, in days, does not keep.
func prune(t *testing.T, st store.Store, l *ledger.Ledger, now time.Time, keep map[string]int64) retention.Pruned {
	t.Helper()
	settings := longrun.DefaultSettings(time.Minute)
	settings.RetentionDays = keep
	log := logDays(t, st, l, now)
	pruned, err := retention.Prune(t.Context(), l, settings, now, logtest.Retention(st, log, now))
	require.NoError(t, err)
	return pruned
}

// logDays closes the days again whose documents are not logged.
func logDays(t *testing.T, st store.Store, l *ledger.Ledger, now time.Time) *logbook.Log {
	t.Helper()
	log := logbook.New(l, &logtest.Lease{Store: st}, logbook.Options{By: "a"})
	var days []time.Time
	for e, err := range l.Rollups(t.Context(), ledger.Page{}) {
		require.NoError(t, err)
		if coverage.Check(e.Value) == nil && len(e.Value.Batches) == 0 && !e.Value.ComputedAt.After(now) {
			days = append(days, e.At)
		}
	}
	for _, day := range days {
		_, err := logtest.Close(t.Context(), l, log, day, now, time.Minute, "a")
		require.NoError(t, err)
	}
	return log
}
