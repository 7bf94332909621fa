package ledger_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// prune deletes what keep, in days, does not keep.
func prune(t *testing.T, st store.Store, l *ledger.Ledger, now time.Time, keep map[string]int64) ledger.Pruned {
	t.Helper()
	settings := longrun.DefaultSettings(time.Minute)
	settings.RetentionDays = keep
	pruned, err := l.Prune(t.Context(), settings, now, func(ctx context.Context, ops []store.Op) error {
		_, err := st.Commit(ctx, ops...)
		return err
	})
	require.NoError(t, err)
	return pruned
}

// An incident that was open when its day was rolled up and ended weeks later, when
// the day's beats were pruned and it could not be rolled up again, is all that is
// known of its end.
func TestAnIncidentIsKeptWhileItsRollupDoesNotKnowItsEnd(t *testing.T) {
	t.Parallel()
	st := memstore.New(nil)
	l, now := week(t, st)
	end := now.Add(-time.Hour)
	for id, ended := range map[string]*time.Time{"long": nil, "short": &end} {
		_, err := st.Commit(t.Context(), l.SetIncident(longrun.Incident{IncidentID: id, Rule: rules.LoggedOut, TS: firstDay, TSStart: firstDay, TSEnd: ended}))
		require.NoError(t, err)
	}
	r, err := l.RollDay(t.Context(), firstDay, now, time.Minute)
	require.NoError(t, err)
	putRollup(t, st, l, r)
	_, err = st.Commit(t.Context(), l.SetIncident(longrun.Incident{IncidentID: "long", Rule: rules.LoggedOut, TS: firstDay, TSStart: firstDay, TSEnd: &end}))
	require.NoError(t, err)

	later := firstDay.AddDate(0, 0, 40)
	pruned := prune(t, st, l, later, map[string]int64{"heartbeats": 4, "incidents": 8})
	require.EqualValues(t, 1, pruned.Counts[ledger.Incidents])
	missing, err := l.MissingRollups(t.Context(), firstDay, now)
	require.NoError(t, err)
	require.Empty(t, missing, "the day cannot be rolled up again")
	s, err := l.Survey(t.Context(), longrun.Window{From: firstDay, To: now}, time.Minute, later, nil)
	require.NoError(t, err)
	require.Empty(t, s.Unread)
	require.Len(t, s.Summary.Incidents, 2)
	for _, o := range s.Summary.Incidents {
		require.Equal(t, &end, o.End, o.IncidentID)
	}
}

// Each collection is marked in the rollup of a day with its first deletes, and
// once; a window that cuts such a day counts it whole.
func TestWhatIsPrunedIsMarkedInTheRollup(t *testing.T) {
	t.Parallel()
	st := memstore.New(nil)
	l, end := week(t, st)
	at := firstDay.Add(time.Hour)
	over := at.Add(time.Hour)
	var ops []store.Op
	for n := range 2*ledger.PruneBatch + 50 {
		ts := at.Add(time.Duration(n) * time.Second)
		ops = append(ops, l.CreateProbe(longrun.Probe{ProbeKey: fmt.Sprint(n), Type: longrun.Outbound, TS: ts, Result: longrun.Pass}))
	}
	ops = append(ops, l.SetIncident(longrun.Incident{IncidentID: "x", Rule: rules.LoggedOut, TS: at, TSStart: at, TSEnd: &over}))
	for batch := range slices.Chunk(ops, store.MaxOps) {
		_, err := st.Commit(t.Context(), batch...)
		require.NoError(t, err)
	}
	r, err := l.RollDay(t.Context(), firstDay, end, time.Minute)
	require.NoError(t, err)
	putRollup(t, st, l, r)
	now := firstDay.AddDate(0, 0, 50)
	pruned := prune(t, st, l, now, map[string]int64{"probes": 35, "incidents": 8})
	require.EqualValues(t, 2*ledger.PruneBatch+50, pruned.Counts[ledger.Probes])
	prune(t, st, l, now.AddDate(0, 0, 1), map[string]int64{"probes": 35, "incidents": 8})
	e, err := l.Rollup(t.Context(), firstDay)
	require.NoError(t, err)
	require.Equal(t, map[string]time.Time{"probes": now, "incidents": now}, e.Value.PrunedAt)
	s, err := l.Survey(t.Context(), longrun.Window{From: firstDay.Add(12 * time.Hour), To: end}, time.Minute, end, nil)
	require.NoError(t, err)
	require.Equal(t, firstDay, s.Window.From)
	require.EqualValues(t, 2*ledger.PruneBatch+50, s.Summary.Probes[0].N)
}

func TestNoBeatGoesBeforeItsDayHasASoundRollup(t *testing.T) {
	t.Parallel()
	st := memstore.New(nil)
	l, end := week(t, st)
	e, err := l.Rollup(t.Context(), firstDay.AddDate(0, 0, 2))
	require.NoError(t, err)
	e.Value.WrittenHb++
	putRollup(t, st, l, e.Value)
	pruned := prune(t, st, l, end.AddDate(0, 0, 30), map[string]int64{"heartbeats": 4})
	require.EqualValues(t, 2*1440-10, pruned.Counts[ledger.Heartbeats])
	require.Equal(t, "the day 2025-12-31 has no sound rollup", pruned.Kept[ledger.Heartbeats])
	h, ok, err := ledger.First[longrun.Heartbeat](t.Context(), l, ledger.Heartbeats, ledger.Page{})
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, longrun.RollupID(e.Value.TS), longrun.RollupID(h.At))
}
