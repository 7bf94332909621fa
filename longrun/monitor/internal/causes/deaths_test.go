package causes_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/causes"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leadtest"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// died is a run that was found dead two hours after its last sign: the store was away.
func died(t *testing.T) (*causes.Deaths, longrun.Run) {
	t.Helper()
	st := memstore.New(nil)
	d, _ := leadtest.Deps(t, st, nil)
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	began := time.Now().UTC().Add(-3 * time.Hour)
	end := began.Add(time.Hour)
	run := longrun.Run{RunID: "r", TS: began, InstanceID: "dead", End: &end, Ended: longrun.Lost, EndedBy: "a", IntervalSec: 60, ProcessStart: began}
	_, err = l.PutRun(t.Context(), run, "")
	require.NoError(t, err)
	return causes.NewDeaths(d), run
}

// A death of long ago that was found just now is told, whenever the alarms began to look, and
// though the lease was lost once more before they were sure.
func TestADeathThatNobodyWasToldOfIsKept(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]time.Duration{"found as the alarms began": time.Millisecond, "and in the lead before": 10 * time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				deaths, run := died(t)
				require.NoError(t, deaths.Restore(t.Context(), time.Now()))
				time.Sleep(time.Second)
				deaths.Found(run, time.Now())
				time.Sleep(after)
				require.NoError(t, deaths.Restore(t.Context(), time.Now()))
				time.Sleep(time.Minute)
				deaths.Confirm(t.Context())
				require.Len(t, deaths.Sure(nil), 1)
			})
		})
	}
}

// What a lead of hours ago knew is not told from memory: others may have told it.
func TestADeathIsNotToldHoursLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		deaths, run := died(t)
		deaths.Found(run, time.Now())
		time.Sleep(2 * time.Hour)
		require.NoError(t, deaths.Restore(t.Context(), time.Now()))
		time.Sleep(time.Minute)
		deaths.Confirm(t.Context())
		require.Empty(t, deaths.Sure(nil))
	})
}
