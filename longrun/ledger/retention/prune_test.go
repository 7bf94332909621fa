package retention_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/retention"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

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
	logDays(t, st, l, now)
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
	for n := range 2*retention.Batch + 50 {
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
	require.EqualValues(t, 2*retention.Batch+50, pruned.Counts[ledger.Probes])
	prune(t, st, l, now.AddDate(0, 0, 1), map[string]int64{"probes": 35, "incidents": 8})
	e, err := l.Rollup(t.Context(), firstDay)
	require.NoError(t, err)
	require.Equal(t, map[string]time.Time{"probes": now, "incidents": now}, e.Value.PrunedAt)
	s, err := l.Survey(t.Context(), longrun.Window{From: firstDay.Add(12 * time.Hour), To: end}, time.Minute, end, nil)
	require.NoError(t, err)
	require.Equal(t, firstDay, s.Window.From)
	require.EqualValues(t, 2*retention.Batch+50, s.Summary.Probes[0].N)
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
	require.EqualValues(t, 5*1440-10, pruned.Counts[ledger.Heartbeats], "the others need not wait")
	require.Equal(t, "the day 2025-12-31 has no sound rollup", pruned.Kept[ledger.Heartbeats])
	h, ok, err := ledger.First[longrun.Heartbeat](t.Context(), l, ledger.Heartbeats, ledger.Page{})
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, longrun.RollupID(e.Value.TS), longrun.RollupID(h.At))
}

// A rollup that says it was made at a time that is to come was made by a clock
// that was ahead, perhaps before its day was over: nothing goes on its word.
func TestNothingIsPrunedOnTheWordOfARollupOfTheFuture(t *testing.T) {
	t.Parallel()
	st := memstore.New(nil)
	l, end := week(t, st)
	third := firstDay.AddDate(0, 0, 2)
	e, err := l.Rollup(t.Context(), third)
	require.NoError(t, err)
	now := end.AddDate(0, 0, 30)
	e.Value.ComputedAt = now.Add(time.Hour)
	putRollup(t, st, l, e.Value)
	pruned := prune(t, st, l, now, map[string]int64{"heartbeats": 4, "probes": 35})
	require.EqualValues(t, 5*1440-10, pruned.Counts[ledger.Heartbeats])
	require.Equal(t, []time.Time{third}, pruned.Unsound)
	require.EqualValues(t, 1440-10, prune(t, st, l, now.Add(2*time.Hour), map[string]int64{"heartbeats": 4}).Counts[ledger.Heartbeats])
}

// A message that waits for a channel which never worked again is not kept for
// ever; one that could not be delivered is while people do not know of it.
func TestMessagesGoWhenNobodyNeedsThem(t *testing.T) {
	t.Parallel()
	st := memstore.New(nil)
	l := open(t, st)
	now := firstDay.AddDate(0, 0, 10).Add(time.Hour)
	edge := firstDay.AddDate(0, 0, 6)
	for id, n := range map[string]longrun.Notice{
		"waiting":  {State: longrun.Waiting, TS: edge.Add(-time.Hour), Created: edge.Add(-2 * time.Hour)},
		"sent":     {State: longrun.Sent, TS: edge.Add(-time.Hour), Created: edge.Add(-2 * time.Hour)},
		"obsolete": {State: longrun.Obsolete, TS: edge.Add(-time.Hour)},
		// It goes on, whether that is said or not, or has ended lately; or long ago.
		"untold":     {State: longrun.Undelivered, TS: edge.AddDate(0, 0, -50), UndeliveredSince: new(edge.AddDate(0, 0, -50))},
		"old untold": {State: longrun.Undelivered, TS: edge.Add(-time.Hour)},
		"ended":      {State: longrun.Undelivered, TS: edge.Add(-time.Hour), Until: new(now.AddDate(0, 0, -29)), UndeliveredSince: new(edge)},
		"over":       {State: longrun.Undelivered, TS: edge.Add(-time.Hour), Until: new(now.AddDate(0, 0, -31)), UndeliveredSince: new(edge)},
		"failed":     {State: longrun.Undelivered, TS: edge.AddDate(0, 0, -50)},
		"odd":        {State: "odd", TS: edge.Add(-time.Hour)},
		// Due again and again, or decided by a clock that was ahead.
		"due": {State: longrun.Waiting, TS: edge, Created: edge.AddDate(0, 0, -9)},
		"new": {State: longrun.Waiting, TS: edge.Add(-time.Hour), Created: edge.Add(time.Hour)},
	} {
		n.NoticeID = id
		_, err := st.Commit(t.Context(), l.SetNotice(n))
		require.NoError(t, err)
	}
	require.EqualValues(t, 6, prune(t, st, l, now, map[string]int64{"outbox": 4}).Counts[ledger.Outbox])
	left := map[string]bool{}
	for e, err := range l.Notices(t.Context(), ledger.Page{}) {
		require.NoError(t, err)
		left[e.Value.NoticeID] = true
	}
	require.Equal(t, map[string]bool{"due": true, "new": true, "untold": true, "old untold": true, "ended": true}, left)
}
