package ledger_test

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/internal/logtest"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

var firstDay = time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)

// beatsFrom writes a beat into each slot of [from, to), but those that skip
// names.
func beatsFrom(t *testing.T, st store.Store, l *ledger.Ledger, from, to time.Time, interval time.Duration, skip func(time.Time) bool) {
	t.Helper()
	var ops []store.Op
	flush := func() {
		if len(ops) > 0 {
			_, err := st.Commit(t.Context(), ops...)
			require.NoError(t, err)
			ops = nil
		}
	}
	for at := from; at.Before(to); at = at.Add(interval) {
		if skip != nil && skip(at) {
			continue
		}
		h := longrun.Beat(at.Add(7*time.Millisecond), interval)
		h.InstanceID, h.CommitHash, h.Healthy, h.UptimeSec = "a", "3d4adc99", true, int64(at.Sub(from)/time.Second)
		if ops = append(ops, l.CreateHeartbeat(h)); len(ops) == store.MaxOps {
			flush()
		}
	}
	flush()
}

func putRollup(t *testing.T, st store.Store, l *ledger.Ledger, r longrun.Rollup) {
	t.Helper()
	_, err := st.Commit(t.Context(), l.SetRollup(r))
	require.NoError(t, err)
}

func between(fromMin, toMin int) func(time.Time) bool {
	return func(at time.Time) bool {
		min := int(at.Sub(firstDay) / time.Minute)
		return min >= fromMin && min < toMin
	}
}

func TestADayIsRolledUpTheSameOnEveryStore(t *testing.T) {
	t.Parallel()
	const every = 15 * time.Minute
	onEach(t, func(t *testing.T, st store.Store) {
		l := open(t, st)
		_, err := l.RollDay(t.Context(), firstDay, firstDay.AddDate(0, 0, 2), every)
		require.ErrorContains(t, err, "nothing is stored yet")
		beatsFrom(t, st, l, firstDay.Add(3*time.Hour), firstDay.AddDate(0, 0, 1).Add(time.Hour), every, between(600, 660))
		started := firstDay.Add(5 * time.Hour)
		_, err = st.Commit(t.Context(),
			l.CreateProbe(longrun.Probe{ProbeKey: "OUT_20251229T05", Type: longrun.Outbound, TS: started, Result: longrun.Pass, LatencyMs: 906, Trigger: longrun.Scheduled}),
			l.SetIncident(longrun.Incident{IncidentID: "x", Rule: rules.ProbeFails, TS: started, TSStart: started}),
			store.Set(l.Key(ledger.Heartbeats, "bad"), map[string]any{"ts": started, "uptimeSec": "soon"}))
		require.NoError(t, err)

		_, err = l.RollDay(t.Context(), firstDay, firstDay.Add(20*time.Hour), every)
		require.ErrorContains(t, err, "2025-12-29 is not over")
		now := firstDay.AddDate(0, 0, 1).Add(time.Hour)
		r, err := l.RollDay(t.Context(), firstDay.Add(13*time.Hour), now, every)
		require.NoError(t, err)
		require.NoError(t, coverage.Check(r))
		require.Equal(t, []int64{84, 80, 4, 1, 1, 1}, []int64{r.ExpectedHb, r.WrittenHb, r.MissedHb, r.IncidentsCount, r.Undecodable, r.Revision})
		require.Equal(t, map[string]float64{"outbound": 100}, r.ProbePassRates)
		require.Equal(t, []longrun.Gap{{From: firstDay.Add(10 * time.Hour), To: firstDay.Add(11 * time.Hour), Missed: 4, Cause: longrun.Stall, Before: "a", After: "a"}}, r.Gaps)
		require.Equal(t, firstDay.Add(3*time.Hour), r.From)
		require.True(t, r.Settled)

		// Stored and rolled up again it is the same, down to when it was computed.
		r.Seal, r.ComputedBy = &longrun.Seal{FirstSeq: 1, LastSeq: 80, TS: now}, "a"
		putRollup(t, st, l, r)
		stored, err := l.Rollup(t.Context(), firstDay)
		require.NoError(t, err)
		again, err := l.RollDay(t.Context(), firstDay, now.Add(time.Hour), every)
		require.NoError(t, err)
		require.Equal(t, stored.Value, again)
		require.Equal(t, r.ComputedAt, again.ComputedAt)

		// A late beat fills a slot: the numbers change, the seal does not.
		late := longrun.Beat(firstDay.Add(10*time.Hour), every)
		late.Late, late.InstanceID = true, "a"
		_, err = st.Commit(t.Context(), l.CreateHeartbeat(late))
		require.NoError(t, err)
		again, err = l.RollDay(t.Context(), firstDay, now.Add(time.Hour), every)
		require.NoError(t, err)
		require.Equal(t, []int64{81, 3, 1, 2}, []int64{again.WrittenHb, again.MissedHb, again.LateHb, again.Revision})
		require.Equal(t, stored.Value.Seal, again.Seal)
		putRollup(t, st, l, again)

		// Pruned beats take nothing back.
		_, err = st.Commit(t.Context(), store.Delete(l.Key(ledger.Heartbeats, late.BucketID)))
		require.NoError(t, err)
		kept, err := l.RollDay(t.Context(), firstDay, now.Add(time.Hour), every)
		require.ErrorIs(t, err, coverage.ErrShrunk)
		require.EqualValues(t, 81, kept.WrittenHb)
	})
}

// Its numbers are false, and they are its own: they move into ours, whole, and stay
// there however often the day is rolled up. So does what does not decode.
func TestTheOriginalsRollupIsKeptInOurs(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, st store.Store) {
		l := open(t, st)
		beatsFrom(t, st, l, firstDay, firstDay.Add(6*time.Hour), 15*time.Minute, nil)
		beatsFrom(t, st, l, firstDay.AddDate(0, 0, 1), firstDay.AddDate(0, 0, 2), 15*time.Minute, nil)
		old := map[string]any{
			"date": "2025-12-29", "expectedHb": 1440.5, "writtenHb": 1439.5, "mttrP50": nil, "createdAt": "2025-12-30T00:00:01.000Z",
			"probePassRates": map[string]any{"outbound": 99.5}, "insufficientData": false, "serviceVersion": "2.2.0",
		}
		mangled := map[string]any{"date": "2025-12-30", "expectedHb": "many", "serviceVersion": "2.1.0"}
		whole := maps.Clone(old)
		whole["expectedHb"], whole["writtenHb"] = 1440.0, 1439.0
		old["expectedHb"], old["writtenHb"] = int64(1440), int64(1439)
		_, err := st.Commit(t.Context(), store.Set(l.Key(ledger.Rollups, "2025-12-29"), old), store.Set(l.Key(ledger.Rollups, "2025-12-30"), mangled))
		require.NoError(t, err)
		now := firstDay.AddDate(0, 0, 2)
		missing, err := l.MissingRollups(t.Context(), firstDay, now)
		require.NoError(t, err)
		require.Equal(t, []time.Time{firstDay, firstDay.AddDate(0, 0, 1)}, missing)
		for i, want := range []map[string]any{whole, mangled} {
			day := firstDay.AddDate(0, 0, i)
			c, err := l.CloseDay(t.Context(), day, now, 15*time.Minute, "a", trusted)
			require.NoError(t, err)
			require.EqualValues(t, []int{24, 96}[i], c.Rollup.WrittenHb)
			kept := func(r longrun.Rollup) {
				for key, value := range want {
					if n, ok := r.Replaced[key].(int64); ok { // JSON has but one kind of number
						r.Replaced[key] = float64(n)
					}
					require.Equal(t, value, r.Replaced[key], key)
				}
				require.Len(t, r.Replaced, len(want))
			}
			kept(c.Rollup)
			putRollup(t, st, l, c.Rollup)
			late := longrun.Beat(day.Add(13*time.Hour+5*time.Minute), 5*time.Minute)
			_, err = st.Commit(t.Context(), l.CreateHeartbeat(late))
			require.NoError(t, err)
			again, err := l.RollDay(t.Context(), day, now, 15*time.Minute)
			require.NoError(t, err)
			kept(again)
			putRollup(t, st, l, again)
		}
		missing, err = l.MissingRollups(t.Context(), firstDay, now)
		require.NoError(t, err)
		require.Empty(t, missing)
	})
}

// A day without beats is whoever's who rolled it up first (D15), and nobody makes
// another rollup of it for that.
func TestADayWithoutBeatsSaysWhoRolledItUp(t *testing.T) {
	t.Parallel()
	st := memstore.New(nil)
	l := open(t, st)
	beatsFrom(t, st, l, firstDay, firstDay.Add(time.Hour), 15*time.Minute, nil)
	day, now := firstDay.AddDate(0, 0, 1), firstDay.AddDate(0, 0, 3)
	c, err := l.CloseDay(t.Context(), day, now, 15*time.Minute, "who", trusted)
	require.NoError(t, err)
	require.Equal(t, []string{"who", "who"}, []string{c.Rollup.InstanceID, c.Rollup.ComputedBy})
	c.Rollup.CommitHash = "abc"
	putRollup(t, st, l, c.Rollup)
	c, err = l.CloseDay(t.Context(), day, now, 15*time.Minute, "another", trusted)
	require.NoError(t, err)
	require.False(t, c.Changed)
	require.Equal(t, []string{"who", "abc"}, []string{c.Rollup.InstanceID, c.Rollup.CommitHash})
}

func TestDaysThatLackARollupAreFound(t *testing.T) {
	t.Parallel()
	st := memstore.New(nil)
	l := open(t, st)
	now := firstDay.AddDate(0, 0, 5).Add(20 * time.Second)
	beatsFrom(t, st, l, firstDay.Add(time.Hour), firstDay.AddDate(0, 0, 4).Add(23*time.Hour), time.Minute, nil)
	missing, err := l.MissingRollups(t.Context(), firstDay.Add(time.Hour), now)
	require.NoError(t, err)
	require.Len(t, missing, 5)
	for _, day := range missing {
		r, err := l.RollDay(t.Context(), day, now, time.Minute)
		require.NoError(t, err)
		putRollup(t, st, l, r)
	}
	want := func(days ...int) {
		t.Helper()
		missing, err := l.MissingRollups(t.Context(), firstDay.Add(time.Hour), now)
		require.NoError(t, err)
		require.Len(t, missing, len(days))
		for i, n := range days {
			require.Equal(t, firstDay.AddDate(0, 0, n), missing[i])
		}
	}
	want()

	// One is deleted, one contradicts itself.
	_, err = st.Commit(t.Context(), store.Delete(l.Key(ledger.Rollups, "2025-12-30")))
	require.NoError(t, err)
	e, err := l.Rollup(t.Context(), firstDay.AddDate(0, 0, 2))
	require.NoError(t, err)
	e.Value.WrittenHb++
	putRollup(t, st, l, e.Value)
	want(1, 2)

	// An incident of a closed day is noticed, and ends, when it is rolled up.
	began, ended := firstDay.AddDate(0, 0, 3).Add(18*time.Hour), now
	incident := longrun.Incident{IncidentID: "x", Rule: rules.ProbeFails, TS: began, TSStart: began}
	for range 2 {
		_, err = st.Commit(t.Context(), l.SetIncident(incident))
		require.NoError(t, err)
		want(1, 2, 3)
		r, err := l.RollDay(t.Context(), began, now, time.Minute)
		require.NoError(t, err)
		putRollup(t, st, l, r)
		want(1, 2)
		incident.TSEnd = &ended
	}

	// The last day ended in silence, and nobody knew yet who would come after it.
	last, err := l.Rollup(t.Context(), firstDay.AddDate(0, 0, 4))
	require.NoError(t, err)
	require.False(t, last.Value.Settled)
	beatsFrom(t, st, l, now, now.Add(time.Minute), time.Minute, nil)
	want(1, 2, 4)
	now = now.Add(time.Minute)
	r, err := l.RollDay(t.Context(), firstDay.AddDate(0, 0, 4), now, time.Minute)
	require.NoError(t, err)
	require.True(t, r.Settled)
	require.Equal(t, "a", r.Gaps[0].After)
	putRollup(t, st, l, r)
	want(1, 2)

	// It was computed before its time, by a clock that was ahead.
	now = now.Add(-time.Second)
	want(1, 2, 4)
}

// counted wraps a store so that the documents it hands out are counted, by
// collection.
func counted(st store.Store) (*storetest.Faulty, func() map[string]int) {
	f := storetest.Wrap(st)
	var mu sync.Mutex
	reads := map[string]int{}
	note := func(c storetest.Call) {
		mu.Lock()
		defer mu.Unlock()
		reads[c.Key.Collection[len(ledger.DefaultRoot)+1:]]++
	}
	f.Inject(storetest.Fault{
		Before: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Get {
				note(c)
			}
			return nil
		},
		Record: func(_ context.Context, c storetest.Call, _ int) error {
			note(c)
			return nil
		},
	})
	return f, func() map[string]int {
		mu.Lock()
		defer mu.Unlock()
		out := reads
		reads = map[string]int{}
		return out
	}
}

func TestWhatARollupAndAReportRead(t *testing.T) {
	t.Parallel()
	mem := memstore.New(nil)
	st, reads := counted(mem)
	l := open(t, st)
	start := firstDay.Add(time.Hour)
	end := firstDay.AddDate(0, 0, 40).Add(13 * time.Hour)
	beatsFrom(t, st, l, start, end, time.Minute, nil)
	for i := range 160 {
		at := start.Add(time.Duration(i) * 6 * time.Hour)
		id := longrun.ProbeID(longrun.Outbound, at, longrun.Scheduled, longrun.ProbeSchedule{Every: 6 * time.Hour, Retry: time.Hour})
		_, err := st.Commit(t.Context(),
			l.CreateProbe(longrun.Probe{ProbeKey: id, Type: longrun.Outbound, TS: at, Result: longrun.Pass}),
			l.SetIncident(longrun.Incident{IncidentID: fmt.Sprint("i", i), Rule: rules.ProbeFails, TS: at, TSStart: at, TSEnd: &end}))
		require.NoError(t, err)
	}
	reads()
	r, err := l.RollDay(t.Context(), firstDay.AddDate(0, 0, 3), end, time.Minute)
	require.NoError(t, err)
	require.EqualValues(t, 1440, r.WrittenHb)
	got := reads()
	t.Logf("a day: %v", got)
	require.Equal(t, 1440+2+1, got["heartbeats"], "the day's, its neighbours', and the earliest of all")
	require.Equal(t, 4, got["probes"])
	require.Equal(t, 4, got["incidents"])
	require.LessOrEqual(t, got["rollups"], 2)

	missing, err := l.MissingRollups(t.Context(), start, end)
	require.NoError(t, err)
	for _, day := range missing {
		r, err := l.RollDay(t.Context(), day, end, time.Minute)
		require.NoError(t, err)
		putRollup(t, st, l, r)
	}
	reads()
	_, err = l.MissingRollups(t.Context(), start, end)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"rollups": 40, "incidents": 160}, reads())

	s, err := l.Survey(t.Context(), longrun.Window{From: end.Add(-30 * 24 * time.Hour), To: end}, time.Minute, end, nil)
	require.NoError(t, err)
	got = reads()
	t.Logf("30 days: %v", got)
	require.Equal(t, 43_200, s.Summary.Coverage.Written)
	require.LessOrEqual(t, got["rollups"], 30+1, "and the earliest of all")
	require.LessOrEqual(t, got["heartbeats"], 1440+2+1, "the parts of the two days that the window cuts")
	require.LessOrEqual(t, got["probes"], 5)
	require.Less(t, got["incidents"], 60, "those of the cut days, and a few from before the window")
}

// paged is a store that is paid for the documents of a page, whether they are
// looked at or not.
type paged struct {
	store.Store
	paid *int
}

func (p paged) Scan(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		type read struct {
			rec store.Record
			err error
		}
		var page []read
		for rec, err := range p.Store.Scan(ctx, q) {
			page = append(page, read{rec, err})
		}
		*p.paid += len(page)
		for _, r := range page {
			if !yield(r.rec, r.err) {
				return
			}
		}
	}
}

func TestADaysRollupPaysForNothingThatItDoesNotUse(t *testing.T) {
	t.Parallel()
	paid := 0
	st := paged{memstore.New(nil), &paid}
	l, now := week(t, st)
	for n := range 10 {
		_, err := l.PutRun(t.Context(), longrun.Run{RunID: fmt.Sprint("RUN_", n), TS: now.Add(time.Duration(n) * time.Hour)}, "")
		require.NoError(t, err)
	}
	paid = 0
	_, err := l.RollDay(t.Context(), firstDay.AddDate(0, 0, 4), now, time.Minute)
	require.NoError(t, err)
	require.Equal(t, 1440+2+3, paid, "the day's, the beats beside it, and the earliest run, beat and rollup")
}

// A system that was off for months is caught up with by a few reads a day.
func TestCatchingUpReadsAFewRollupsADay(t *testing.T) {
	t.Parallel()
	mem := memstore.New(nil)
	st, reads := counted(mem)
	l := open(t, st)
	const days = 100
	now := firstDay.AddDate(0, 0, days)
	beatsFrom(t, mem, l, firstDay, now, 6*time.Hour, nil)
	log := logbook.New(l, &logtest.Lease{Store: mem}, logbook.Options{By: "a"})
	for i := range days {
		c, err := logtest.Close(t.Context(), l, log, firstDay.AddDate(0, 0, i), now, 6*time.Hour, "a")
		require.NoError(t, err)
		require.EqualValues(t, 4, c.Rollup.WrittenHb)
	}
	require.LessOrEqual(t, reads()["rollups"], 4*days)
}

// trusted is a log that has nothing yet.
func trusted(context.Context, ledger.Entry[longrun.Rollup]) (ledger.Logged, error) {
	return ledger.Logged{Trusted: true}, nil
}
