package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// week writes six days of beats, empty from 23:50 of the second day to 00:10 of
// the third, and their rollups.
func week(t *testing.T, st store.Store) (l *ledger.Ledger, now time.Time) {
	t.Helper()
	l = open(t, st)
	now = firstDay.AddDate(0, 0, 6)
	beatsFrom(t, st, l, firstDay, now, time.Minute, between(2*1440-10, 2*1440+10))
	for i := range 6 {
		r, err := l.RollDay(t.Context(), firstDay.AddDate(0, 0, i), now, time.Minute)
		require.NoError(t, err)
		putRollup(t, st, l, r)
	}
	return l, now
}

func TestARollupThatCannotBeTrustedIsReplacedByTheBeatsAndTheSurveySaysSo(t *testing.T) {
	t.Parallel()
	third := firstDay.AddDate(0, 0, 2)
	for name, c := range map[string]struct {
		change func(*longrun.Rollup)
		reason string
	}{
		"counts that are not the slots'": {func(r *longrun.Rollup) { r.WrittenHb, r.MissedHb = 1440, 0 }, "writtenHb is 1440"},
		"another day":                    {func(r *longrun.Rollup) { r.Date, r.TS = "2025-12-30", firstDay.AddDate(0, 0, 1) }, "of another day, 2025-12-30"},
		"a later begin": {func(r *longrun.Rollup) {
			d, err := coverage.NewDay(r.TS, time.Minute, r.TS.Add(time.Hour), r.To)
			require.NoError(t, err)
			*r = d.Rollup()
		}, "begins at 2025-12-31T01:00:00.000Z"},
	} {
		st := memstore.New(nil)
		l, now := week(t, st)
		e, err := l.Rollup(t.Context(), third)
		require.NoError(t, err)
		r := e.Value
		c.change(&r)
		_, err = st.Commit(t.Context(), store.Set(e.Key, r))
		require.NoError(t, err)

		s, err := l.Survey(t.Context(), longrun.Window{From: firstDay, To: now}, time.Minute, now, nil)
		require.NoError(t, err)
		require.Equal(t, []int{8640, 8620, 20}, []int{s.Summary.Coverage.Expected, s.Summary.Coverage.Written, s.Summary.Coverage.Missed}, name)
		require.Equal(t, []longrun.Gap{{
			From: third.Add(-10 * time.Minute), To: third.Add(10 * time.Minute), Missed: 20, Cause: longrun.Stall, Before: "a", After: "a",
		}}, s.Summary.Coverage.Gaps, "%s: over midnight it is one gap", name)
		for i, d := range s.Days {
			require.True(t, d.Whole)
			if i == 2 {
				require.Equal(t, ledger.FromBeats, d.Source, name)
				require.Contains(t, d.Reason, c.reason, name)
				continue
			}
			require.Equal(t, ledger.FromRollup, d.Source, name)
			require.Empty(t, d.Reason)
		}
	}
}

func TestAMissingRollupInTheMiddleIsReadFromTheBeats(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, st store.Store) {
		l := open(t, st)
		now := firstDay.AddDate(0, 0, 4)
		beatsFrom(t, st, l, firstDay, now, 15*time.Minute, between(600, 700))
		for _, i := range []int{0, 1, 3} {
			r, err := l.RollDay(t.Context(), firstDay.AddDate(0, 0, i), now, 15*time.Minute)
			require.NoError(t, err)
			putRollup(t, st, l, r)
		}
		_, err := st.Commit(t.Context(), store.Set(l.Key(ledger.Rollups, "2025-12-30"), map[string]any{"ts": firstDay.AddDate(0, 0, 1), "writtenHb": "many"}))
		require.NoError(t, err)
		var progress [][2]int
		s, err := l.Survey(t.Context(), longrun.Window{From: firstDay.AddDate(0, 0, -3), To: now}, 15*time.Minute, now,
			&ledger.SurveyOptions{Progress: func(done, days int) { progress = append(progress, [2]int{done, days}) }})
		require.NoError(t, err)
		require.Equal(t, firstDay, s.Window.From, "clipped to the first moment known")
		require.Equal(t, []int{384, 377}, []int{s.Summary.Coverage.Expected, s.Summary.Coverage.Written})
		require.Equal(t, []ledger.SurveyDay{
			{Date: "2025-12-29", Source: ledger.FromRollup, Whole: true},
			{Date: "2025-12-30", Source: ledger.FromBeats, Whole: true, Reason: "its rollup does not decode"},
			{Date: "2025-12-31", Source: ledger.FromBeats, Whole: true, Reason: "it has no rollup"},
			{Date: "2026-01-01", Source: ledger.FromRollup, Whole: true},
		}, s.Days)
		require.Equal(t, [][2]int{{0, 4}, {3, 4}, {4, 4}}, progress)
	})
}

func TestRunsWithSlotsOfAnotherLengthAreTold(t *testing.T) {
	t.Parallel()
	st := memstore.New(nil)
	l := open(t, st)
	beatsFrom(t, st, l, firstDay, firstDay.Add(2*time.Hour), time.Minute, nil)
	at := func(minutes int) *time.Time { return new(firstDay.Add(time.Duration(minutes) * time.Minute)) }
	for i, r := range []longrun.Run{
		{TS: *at(-90), End: at(0), IntervalSec: 30}, // ended before the window
		{TS: *at(-60), End: at(10), IntervalSec: 300},
		{TS: *at(10), End: at(20), IntervalSec: 10},
		{TS: *at(20), End: at(30), IntervalSec: 10},
		{TS: *at(30), End: at(40), IntervalSec: 7}, // no length of a slot
		{TS: *at(40), IntervalSec: 60},
		{TS: *at(120), IntervalSec: 900},                   // began behind it
		{TS: *at(-500), IntervalSec: 120, InstanceID: "b"}, // stood by, died, and wrote nothing
	} {
		if r.RunID = fmt.Sprint("RUN_", i); r.InstanceID == "" {
			r.InstanceID = "a"
		}
		_, err := l.PutRun(t.Context(), r, "")
		require.NoError(t, err)
	}
	s, err := l.Survey(t.Context(), longrun.Window{From: firstDay, To: *at(120)}, time.Minute, *at(120), nil)
	require.NoError(t, err)
	require.Equal(t, []time.Duration{10 * time.Second, 5 * time.Minute}, s.OtherIntervals)
}

func TestARollupThatContradictsItsBeatsIsToldWhenBothAreRead(t *testing.T) {
	t.Parallel()
	st := memstore.New(nil)
	l, now := week(t, st)
	second := firstDay.AddDate(0, 0, 1)
	_, err := st.Commit(t.Context(), store.Delete(l.Key(ledger.Heartbeats, "2025-12-30T12-00-00")))
	require.NoError(t, err)
	extra := longrun.Beat(second.Add(23*time.Hour+55*time.Minute), time.Minute) // the number is the same, the slots are not
	_, err = st.Commit(t.Context(), l.CreateHeartbeat(extra))
	require.NoError(t, err)
	_, err = st.Commit(t.Context(), store.Delete(l.Key(ledger.Heartbeats, "2026-01-01T12-00-00")))
	require.NoError(t, err)
	w := longrun.Window{From: firstDay, To: now}
	trusting, err := l.Survey(t.Context(), w, time.Minute, now, nil)
	require.NoError(t, err)
	require.Equal(t, 8620, trusting.Summary.Coverage.Written, "sound rollups are believed")
	s, err := l.Survey(t.Context(), w, time.Minute, now, &ledger.SurveyOptions{FromBeats: true})
	require.NoError(t, err)
	require.Equal(t, 8619, s.Summary.Coverage.Written)
	require.Contains(t, s.Days[1].Differs, "in 2 slots")
	require.Contains(t, s.Days[3].Differs, "says 1440 of 1440, and its beats give 1439")
	require.Empty(t, s.Days[0].Differs+s.Days[2].Differs+s.Days[4].Differs)
}

func TestPrunedBeatsTakeNothingFromAWindow(t *testing.T) {
	t.Parallel()
	st := memstore.New(nil)
	l, now := week(t, st)
	for e, err := range l.Heartbeats(t.Context(), ledger.Page{To: firstDay.AddDate(0, 0, 4)}) {
		require.NoError(t, err)
		_, err = st.Commit(t.Context(), store.Delete(e.Key))
		require.NoError(t, err)
	}
	earliest, known, err := l.Earliest(t.Context())
	require.NoError(t, err)
	require.True(t, known)
	require.Equal(t, firstDay, earliest, "the rollup knows it still")
	s, err := l.Survey(t.Context(), longrun.Window{From: firstDay.AddDate(0, 0, -9), To: now}, time.Minute, now, nil)
	require.NoError(t, err)
	require.Equal(t, []int{8640, 8620}, []int{s.Summary.Coverage.Expected, s.Summary.Coverage.Written})
	require.Equal(t, longrun.Stall, s.Summary.Coverage.Gaps[0].Cause)
	// Of a rollup that is not trusted, and beats that are gone, both are told.
	e, err := l.Rollup(t.Context(), firstDay)
	require.NoError(t, err)
	e.Value.UptimePct = 12
	putRollup(t, st, l, e.Value)
	s, err = l.Survey(t.Context(), longrun.Window{From: firstDay, To: now}, time.Minute, now, nil)
	require.NoError(t, err)
	require.Equal(t, ledger.SurveyDay{
		Date: "2025-12-29", Source: ledger.FromBeats, Whole: true, Differs: "its rollup says 1440 of 1440, and its beats give 0",
		Reason: s.Days[0].Reason,
	}, s.Days[0], "it does not vanish from the count")
	require.Contains(t, s.Days[0].Reason, "uptimePct 12")
	require.Equal(t, []int{8640, 7180}, []int{s.Summary.Coverage.Expected, s.Summary.Coverage.Written})
}

// Of a part of a pruned day nothing can be counted any more: the day counts
// whole, rather than that what was pruned is called missed.
func TestAWindowThatCutsPrunedDaysCountsThemWhole(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, st store.Store) {
		l := open(t, st)
		day := func(n int) time.Time { return firstDay.AddDate(0, 0, n) }
		now := day(7)
		beatsFrom(t, st, l, firstDay, now, 15*time.Minute, between(2*24*60-45, 2*24*60+45))
		for i := range 7 {
			r, err := l.RollDay(t.Context(), day(i), now, 15*time.Minute)
			require.NoError(t, err)
			putRollup(t, st, l, r)
		}
		survey := func(from, to time.Time, o *ledger.SurveyOptions) ledger.Survey {
			t.Helper()
			s, err := l.Survey(t.Context(), longrun.Window{From: from, To: to}, 15*time.Minute, now, o)
			require.NoError(t, err)
			return s
		}
		whole := survey(firstDay, day(3), nil)
		require.Equal(t, 288-6, whole.Summary.Coverage.Written)

		prune(t, st, l, now, map[string]int64{"heartbeats": 4})
		for _, o := range []*ledger.SurveyOptions{nil, {FromBeats: true}} {
			got := survey(firstDay.Add(13*time.Hour), day(3).Add(-time.Minute), o)
			require.Equal(t, longrun.Window{From: firstDay, To: day(3)}, got.Window)
			require.Equal(t, whole.Summary, got.Summary)
			for _, d := range got.Days {
				require.Equal(t, ledger.SurveyDay{Date: d.Date, Source: ledger.FromRollup, Whole: true, Pruned: true}, d)
			}
		}
		got := survey(day(1).Add(13*time.Hour), day(3).Add(5*time.Hour), nil)
		require.Equal(t, longrun.Window{From: day(1), To: day(3).Add(5 * time.Hour)}, got.Window, "the other end is not pruned")
		require.Equal(t, 192+20-6, got.Summary.Coverage.Written)
		one := survey(day(1).Add(13*time.Hour), day(1).Add(14*time.Hour), nil)
		require.Equal(t, longrun.Window{From: day(1), To: day(2)}, one.Window)

		// What goes without a mark is told, in a day that is cut as well.
		_, err := st.Commit(t.Context(), store.Delete(l.Key(ledger.Heartbeats, "2026-01-02T12-00-00")))
		require.NoError(t, err)
		got = survey(day(4).Add(11*time.Hour), now, nil)
		require.Contains(t, got.Days[0].Differs, "in 1 slots")
		got = survey(day(4).Add(13*time.Hour), now, nil)
		require.Empty(t, got.Days[0].Differs, "the part that is looked at agrees")
	})
}

func TestAnIncidentThatEndedAfterItsDayIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, st store.Store) {
		l := open(t, st)
		now := firstDay.AddDate(0, 0, 3)
		beatsFrom(t, st, l, firstDay, now, time.Hour, nil)
		incident := func(id string, hours int, end *time.Time) {
			start := firstDay.Add(time.Duration(hours) * time.Hour)
			_, err := st.Commit(t.Context(), l.SetIncident(longrun.Incident{IncidentID: id, Rule: rules.LoggedOut, TS: start, TSStart: start, TSEnd: end}))
			require.NoError(t, err)
		}
		end := firstDay.Add(50 * time.Hour)
		soon := firstDay.Add(3 * time.Hour)
		incident("long", 26, nil)
		incident("gone", 27, nil)
		incident("before", 5, nil)
		incident("over", 2, &soon)
		for i := range 3 {
			r, err := l.RollDay(t.Context(), firstDay.AddDate(0, 0, i), now, time.Hour)
			require.NoError(t, err)
			putRollup(t, st, l, r)
		}
		incident("long", 26, &end)
		_, err := st.Commit(t.Context(), store.Delete(l.Key(ledger.Incidents, "gone")))
		require.NoError(t, err)

		s, err := l.Survey(t.Context(), longrun.Window{From: firstDay.AddDate(0, 0, 1), To: now}, time.Hour, now, nil)
		require.NoError(t, err)
		require.Equal(t, []string{"gone"}, s.Unread)
		ids := map[string]*time.Time{}
		for _, o := range s.Summary.Incidents {
			ids[o.IncidentID] = o.End
		}
		require.Equal(t, map[string]*time.Time{"long": &end, "gone": nil, "before": nil}, ids, "and what began before and lasted into it")
	})
}

func TestASurveyOfNoWindowIsAnError(t *testing.T) {
	t.Parallel()
	l := open(t, memstore.New(nil))
	_, err := l.Survey(t.Context(), longrun.Window{From: firstDay, To: firstDay.Add(-time.Hour)}, time.Minute, firstDay, nil)
	require.ErrorContains(t, err, "to 2025-12-28T23:00:00Z is before from")
	_, err = l.Survey(t.Context(), longrun.Window{}, 7*time.Second, firstDay, nil)
	require.ErrorContains(t, err, "from is missing")
	require.ErrorContains(t, err, "does not divide a day")
}

func TestABeatInTheOpenSlotEndsAGapThoughItIsTheNextDays(t *testing.T) {
	t.Parallel()
	st := memstore.New(nil)
	l := open(t, st)
	next := firstDay.AddDate(0, 0, 1)
	beatsFrom(t, st, l, firstDay, next, time.Minute, between(1430, 1440))
	r, err := l.RollDay(t.Context(), firstDay, next.Add(30*time.Second), time.Minute)
	require.NoError(t, err)
	require.Equal(t, longrun.Ongoing, r.Gaps[0].Cause)
	putRollup(t, st, l, r)
	now := next.Add(30 * time.Second)
	survey := func() longrun.Coverage {
		t.Helper()
		s, err := l.Survey(t.Context(), longrun.Window{From: firstDay, To: now}, time.Minute, now, nil)
		require.NoError(t, err)
		require.Equal(t, ledger.FromRollup, s.Days[0].Source)
		return s.Summary.Coverage
	}
	require.Equal(t, longrun.Ongoing, survey().Gaps[0].Cause)
	h := longrun.Beat(now.Add(-20*time.Second), time.Minute)
	h.InstanceID, h.UptimeSec = "a", 86_410
	_, err = st.Commit(t.Context(), l.CreateHeartbeat(h))
	require.NoError(t, err)
	require.Equal(t, longrun.Gap{From: next.Add(-10 * time.Minute), To: next, Missed: 10, Cause: longrun.Stall, Before: "a", After: "a"}, survey().Gaps[0])
}

func TestARunThatBeganBehindTheWindowExplainsItsLastGap(t *testing.T) {
	t.Parallel()
	st := memstore.New(nil)
	l := open(t, st)
	end := firstDay.AddDate(0, 0, 1)
	beatsFrom(t, st, l, firstDay, end.Add(-10*time.Minute), time.Minute, nil)
	stopped, started := end.Add(-10*time.Minute), end.Add(5*time.Minute)
	for _, r := range []longrun.Run{
		{RunID: "RUN_a", InstanceID: "a", CommitHash: "3d4adc99", TS: firstDay, ProcessStart: firstDay, End: &stopped, Ended: longrun.Stopped},
		{RunID: "RUN_b", InstanceID: "b", CommitHash: "b05469d7", TS: started, ProcessStart: started},
	} {
		_, err := l.PutRun(t.Context(), r, "")
		require.NoError(t, err)
	}
	h := longrun.Beat(started.Add(time.Second), time.Minute) // it does not know its build, its run does
	h.InstanceID, h.CommitHash, h.UptimeSec = "b", "unknown", 1
	_, err := st.Commit(t.Context(), l.CreateHeartbeat(h))
	require.NoError(t, err)
	now := end.Add(time.Hour)
	r, err := l.RollDay(t.Context(), firstDay, now, time.Minute)
	require.NoError(t, err)
	require.Equal(t, longrun.Deploy, r.Gaps[0].Cause)
	s, err := l.Survey(t.Context(), longrun.DayOf(firstDay), time.Minute, now, nil)
	require.NoError(t, err)
	require.Equal(t, longrun.Deploy, s.Summary.Coverage.Gaps[0].Cause)
}

// Two hundred accounts that were logged out at once, before the window, are all
// open in it.
func TestHoweverManyIncidentsLastIntoTheWindowAllAreShown(t *testing.T) {
	t.Parallel()
	st := memstore.New(nil)
	l := open(t, st)
	now := firstDay.AddDate(0, 0, 3)
	beatsFrom(t, st, l, firstDay, now, time.Hour, nil)
	soon := firstDay.Add(3 * time.Hour)
	for n := range 200 {
		at := firstDay.Add(time.Hour)
		i := longrun.Incident{IncidentID: fmt.Sprint("open", n), Rule: rules.LoggedOut, TS: at, TSStart: at}
		short := longrun.Incident{IncidentID: fmt.Sprint("short", n), Rule: rules.QueueDepth, TS: at.Add(time.Hour), TSStart: at.Add(time.Hour), TSEnd: &soon}
		ops := []store.Op{l.SetIncident(i)}
		if n < 20 {
			ops = append(ops, l.SetIncident(short))
		}
		_, err := st.Commit(t.Context(), ops...)
		require.NoError(t, err)
	}
	s, err := l.Survey(t.Context(), longrun.Window{From: firstDay.AddDate(0, 0, 1), To: now}, time.Hour, now, nil)
	require.NoError(t, err)
	require.Len(t, s.Summary.Incidents, 200)
}

// When the length of a slot was changed, the days before keep their numbers:
// those that are rolled up only after it, and those whose beats are pruned.
func TestDaysWithSlotsOfAnotherLengthCountTheSameTime(t *testing.T) {
	t.Parallel()
	for _, now := range []time.Duration{30 * time.Second, 15 * time.Minute} {
		st := memstore.New(nil)
		l := open(t, st)
		change, end := firstDay.AddDate(0, 0, 3), firstDay.AddDate(0, 0, 4)
		began := firstDay.Add(10*time.Hour + time.Minute)
		beatsFrom(t, st, l, began, change, time.Minute, between(2010, 2040))
		beatsFrom(t, st, l, change, end, now, nil)
		for day := firstDay; day.Before(end); day = day.AddDate(0, 0, 1) {
			r, err := l.RollDay(t.Context(), day, end, now)
			require.NoError(t, err)
			own := time.Minute
			if !day.Before(change) {
				own = now
			}
			require.EqualValues(t, own/time.Second, r.IntervalSec)
			putRollup(t, st, l, r)
			r, err = l.RollDay(t.Context(), day, end, now)
			require.NoError(t, err)
			require.EqualValues(t, 1, r.Revision)
		}
		prune(t, st, l, end.AddDate(0, 0, 2), map[string]int64{"heartbeats": 4})
		s, err := l.Survey(t.Context(), longrun.Window{From: firstDay, To: end}, now, end, nil)
		require.NoError(t, err)
		require.Equal(t, began.Truncate(now), s.Window.From)
		for _, d := range s.Days {
			require.Equal(t, ledger.FromRollup, d.Source, "%s: %s", d.Date, d.Reason)
		}
		c := s.Summary.Coverage
		require.Equal(t, []int{int(end.Sub(began.Truncate(now)) / now), int(30 * time.Minute / now)}, []int{c.Expected, c.Missed})
		require.Len(t, c.Gaps, 1)
		require.Equal(t, []any{firstDay.Add(2010 * time.Minute), longrun.Stall, "a"}, []any{c.Gaps[0].From, c.Gaps[0].Cause, c.Gaps[0].Before})

		// A day of which both were made keeps to slots that show each beat of both, and
		// nothing of it is missed: from its beats, from its rollup, and beside them.
		beatsFrom(t, st, l, end, end.Add(6*time.Hour), time.Minute, nil)
		beatsFrom(t, st, l, end.Add(6*time.Hour), end.AddDate(0, 0, 1), now, nil)
		whole := longrun.DayOf(end)
		var beats [2]ledger.Survey
		for i, other := range []time.Duration{time.Minute, now} {
			beats[i], err = l.Survey(t.Context(), whole, other, whole.To, nil)
			require.NoError(t, err)
			require.Equal(t, "it has no rollup", beats[i].Days[0].Reason)
			require.Zero(t, beats[i].Summary.Coverage.Missed)
		}
		r, err := l.RollDay(t.Context(), end, whole.To, time.Hour)
		require.NoError(t, err)
		require.EqualValues(t, min(now, time.Minute)/time.Second, r.IntervalSec)
		require.EqualValues(t, 0, r.MissedHb)
		require.Len(t, r.Lengths, 2)
		putRollup(t, st, l, r)
		for i, other := range []time.Duration{time.Minute, now} {
			s, err := l.Survey(t.Context(), whole, other, whole.To, nil)
			require.NoError(t, err)
			require.Equal(t, ledger.FromRollup, s.Days[0].Source, s.Days[0].Reason)
			require.Equal(t, beats[i].Summary, s.Summary)
			s, err = l.Survey(t.Context(), whole, other, whole.To, &ledger.SurveyOptions{FromBeats: true})
			require.NoError(t, err)
			require.Empty(t, s.Days[0].Differs, "of the same day")
		}
	}
}
