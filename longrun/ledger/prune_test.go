package ledger_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
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
		_, err := st.Commit(t.Context(), l.SetIncident(longrun.Incident{IncidentID: id, Rule: longrun.LoggedOut, TS: firstDay, TSStart: firstDay, TSEnd: ended}))
		require.NoError(t, err)
	}
	r, err := l.RollDay(t.Context(), firstDay, now, time.Minute)
	require.NoError(t, err)
	putRollup(t, st, l, r)
	_, err = st.Commit(t.Context(), l.SetIncident(longrun.Incident{IncidentID: "long", Rule: longrun.LoggedOut, TS: firstDay, TSStart: firstDay, TSEnd: &end}))
	require.NoError(t, err)

	later := firstDay.AddDate(0, 0, 40)
	pruned := prune(t, st, l, later, map[string]int64{"heartbeats": 4, "incidents": 8})
	require.EqualValues(t, 1, pruned.Counts[ledger.Incidents])
	s, err := l.Survey(t.Context(), longrun.Window{From: firstDay, To: now}, time.Minute, later, nil)
	require.NoError(t, err)
	require.Empty(t, s.Unread)
	require.Len(t, s.Summary.Incidents, 2)
	for _, o := range s.Summary.Incidents {
		require.Equal(t, &end, o.End, o.IncidentID)
	}
}
