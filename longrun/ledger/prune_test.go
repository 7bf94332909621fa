package ledger_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/internal/logtest"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/retention"
	"github.com/seed-13dc028d/longwatch/store"
)

// prune deletes what keep, in days, does not keep.
func prune(t *testing.T, st store.Store, l *ledger.Ledger, now time.Time, keep map[string]int64) {
	t.Helper()
	settings := longrun.DefaultSettings(time.Minute)
	settings.RetentionDays = keep
	log := logbook.New(l, &logtest.Lease{Store: st}, logbook.Options{By: "a"})
	closeAll(t, l, log, now)
	_, err := retention.Prune(t.Context(), l, settings, now, logtest.Retention(st, log, now))
	require.NoError(t, err)
}

// closeAll closes the days that have a rollup again, so that all of their documents
// are logged.
func closeAll(t *testing.T, l *ledger.Ledger, log *logbook.Log, now time.Time) {
	t.Helper()
	var days []time.Time
	for e, err := range l.Rollups(t.Context(), ledger.Page{}) {
		require.NoError(t, err)
		days = append(days, e.At)
	}
	for _, day := range days {
		_, err := logtest.Close(t.Context(), l, log, day, now, time.Minute, "a")
		require.NoError(t, err)
	}
}
