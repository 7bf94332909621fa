package measuring_test

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/budget"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/metrics"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/measuring"
)

var now = time.Date(2026, 3, 1, 15, 7, 30, 0, time.UTC)

// history is what the store would hold: beats with gaps between them.
func history(rng *rand.Rand, from, to time.Time, interval time.Duration) (beats []longrun.Heartbeat) {
	for at := from; at.Before(to); at = at.Add(interval) {
		if rng.IntN(200) == 0 {
			at = at.Add(time.Duration(1+rng.IntN(300)) * interval)
		}
		if at.Before(to) {
			beats = append(beats, longrun.Beat(at.Add(time.Second), interval))
		}
	}
	return beats
}

// rollup is the part of a day's rollup that counts here.
func rollup(beats []longrun.Heartbeat, w longrun.Window, interval time.Duration) longrun.Rollup {
	from := sort.Search(len(beats), func(i int) bool { return !beats[i].TS.Before(w.From) })
	to := sort.Search(len(beats), func(i int) bool { return !beats[i].TS.Before(w.To) })
	beats = beats[from:to]
	c := coverage.Of(beats, w, interval, w.To)
	first := longrun.SlotAt(w.From, interval)
	bits := coverage.NewBitmap(c.Expected)
	for _, b := range beats {
		bits.Set(int(b.Slot(interval) - first))
	}
	return longrun.Rollup{From: w.From, To: w.To, IntervalSec: int64(interval / time.Second), Slots: bits.String(), Gaps: c.Gaps}
}

// known are the slots of beats since then.
func known(beats []longrun.Heartbeat, since time.Time, interval time.Duration) map[longrun.Slot]bool {
	filled := map[longrun.Slot]bool{}
	for _, b := range beats {
		if !b.TS.Before(since) {
			filled[b.Slot(interval)] = true
		}
	}
	return filled
}

// aim is the target that budgets are counted by.
var aim = longrun.Target{Days: 30, Percent: 99.5}

func lay(m *measuring.Measures, at time.Time) metrics.Snapshot {
	var s metrics.Snapshot
	m.Lay(&s, aim, at, true)
	return s
}

// The windows are those that coverage.Of counts from the beats themselves, whenever a
// lead began and however long ago anything did.
func TestWindowsAreWhatCoverageCounts(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 1))
		interval := []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Second}[rng.IntN(3)]
		began := now.Add(-time.Duration(rng.IntN(40*24*60)) * time.Minute).Truncate(interval)
		beats := history(rng, began, now.Add(3*24*time.Hour), interval)
		if len(beats) == 0 {
			continue
		}
		m := measuring.New(interval, nil)
		m.Began()
		earliest := beats[0].TS
		days := func() {
			for d := longrun.DayOf(now.AddDate(0, 0, -35)); d.To.Before(now); d = longrun.DayOf(d.To) {
				w := d
				if earliest.After(w.From) {
					w.From = longrun.SlotAt(earliest, interval).Start(interval)
				}
				if w.From.Before(w.To) {
					m.Day(rollup(beats, w, interval))
				}
			}
		}
		past := func(at time.Time) []longrun.Heartbeat {
			return beats[:sort.Search(len(beats), func(i int) bool { return !beats[i].TS.Before(at) })]
		}
		if rng.IntN(2) == 0 {
			days()
			m.KnownSlots(earliest, now.Add(-48*time.Hour-interval), now, known(past(now), now.Add(-48*time.Hour-interval), interval))
		} else {
			m.KnownSlots(earliest, now.Add(-48*time.Hour-interval), now, known(past(now), now.Add(-48*time.Hour-interval), interval))
			days()
		}
		at := now
		for _, b := range beats[len(past(now)):] {
			if rng.IntN(1000) == 0 {
				check(t, m, past(at), earliest, at, interval, fmt.Sprint("seed ", seed))
			}
			m.Stored(b)
			at = b.TS.Add(time.Millisecond)
		}
		check(t, m, past(at), earliest, at, interval, fmt.Sprint("seed ", seed))
	}
}

func check(t *testing.T, m *measuring.Measures, beats []longrun.Heartbeat, earliest, at time.Time, interval time.Duration, what string) {
	t.Helper()
	snapshot := lay(m, at)
	got := snapshot.Coverage
	require.Len(t, got, 3, what)
	for i, long := range []time.Duration{24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour} {
		want := coverage.Of(beats, longrun.Window{From: at.Add(-long), To: at}.Clip(earliest), interval, at)
		require.EqualValues(t, want.Expected, got[i].Expected, "%s, %s at %v", what, got[i].Name, at)
		require.EqualValues(t, want.Written, got[i].Written, "%s, %s at %v", what, got[i].Name, at)
	}
	c := coverage.Of(beats, longrun.Window{From: at.Add(-aim.Length()), To: at}.Clip(earliest), interval, at)
	want := budget.Of(aim, c, nil).All
	require.Equal(t, "30d", snapshot.Budget.Window)
	require.Equal(t, want.Allowed, snapshot.Budget.Allowed, "%s at %v", what, at)
	require.Equal(t, want.Left, snapshot.Budget.Left, "%s at %v", what, at)
	for i, burn := range snapshot.Budget.Burns {
		of := want.Burns[i]
		require.Equal(t, of.Span, burn.Span)
		require.InDelta(t, of.Missed, burn.Missed, 1, "the slot that the time begins in is whole here: %s at %v", what, at)
	}
}

// gapsOf are the counts by cause, without those that are 0.
func gapsOf(s metrics.Snapshot) map[string]int64 {
	out := map[string]int64{}
	for _, g := range s.Gaps {
		if g.Count > 0 {
			out[g.Cause] = g.Count
		}
	}
	return out
}

func TestAWindowIsNotShownBeforeAllOfItIsKnown(t *testing.T) {
	t.Parallel()
	m := measuring.New(time.Minute, nil)
	m.Began()
	require.Empty(t, lay(m, now).Coverage)
	require.Nil(t, lay(m, now).Budget)
	require.Empty(t, lay(m, now).Gaps)
	m.Stored(longrun.Beat(now, time.Minute))
	require.Empty(t, lay(m, now).Coverage, "what the store holds is not known yet")
	m.KnownSlots(now.AddDate(-1, 0, 0), now.Add(-48*time.Hour), now, map[longrun.Slot]bool{})
	require.Equal(t, []metrics.Window{{Name: "24h", Expected: 1440}}, lay(m, now).Coverage)
	require.Equal(t, map[string]int64{"unknown": 1}, gapsOf(lay(m, now)))

	m.Day(rollup(nil, longrun.DayOf(now.AddDate(0, 0, -5-32)), time.Minute)) // of the place of one that is not known
	for back := range 8 {
		day := longrun.DayOf(now.AddDate(0, 0, -back-1))
		r := rollup(nil, day, time.Minute)
		if back == 4 {
			r.IntervalSec = 7
		}
		m.Day(r)
	}
	require.Len(t, lay(m, now).Coverage, 1, "a day of slots that cannot be is not known")
	half := rollup([]longrun.Heartbeat{longrun.Beat(now.AddDate(0, 0, -5), 30*time.Second)}, longrun.DayOf(now.AddDate(0, 0, -5)), 30*time.Second)
	m.Day(half)
	require.Len(t, lay(m, now).Coverage, 2)
	require.EqualValues(t, 1, lay(m, now).Coverage[1].Written, "half a minute of the day on which the interval was another")
	m.Began()
	require.Empty(t, lay(m, now).Coverage, "another instance may have written")
	s := metrics.Snapshot{}
	m.Lay(&s, aim, now, false)
	require.Empty(t, s.Coverage)
	require.Nil(t, s.Budget)
}

func TestGapsAreCountedByTheCausesOfClosedDays(t *testing.T) {
	t.Parallel()
	m := measuring.New(time.Minute, nil)
	m.Began()
	for _, back := range []int{1, 2, 30, 31, 33} {
		day := longrun.DayOf(now.AddDate(0, 0, -back))
		r := rollup(nil, day, time.Minute)
		r.Gaps = []longrun.Gap{{Cause: longrun.Crash}, {Cause: longrun.Deploy}, {Cause: "new"}}
		m.Day(r)
		m.Day(r) // again, as each pass reads it
	}
	filled := map[longrun.Slot]bool{}
	today := longrun.SlotAt(longrun.DayOf(now).From, time.Minute)
	for s := today - 10; s < longrun.SlotAt(now, time.Minute); s++ {
		if s != today+70 && s != today+71 && s != today+128 && s != today {
			filled[s] = true
		}
	}
	m.KnownSlots(now.AddDate(-1, 0, 0), now.Add(-48*time.Hour), now, filled)
	require.Equal(t, map[string]int64{"crash": 3, "deploy": 3, "unknown": 3 + 3}, gapsOf(lay(m, now)))
}

func TestAClockThatWasAheadLeavesNothingWrong(t *testing.T) {
	t.Parallel()
	m := measuring.New(time.Minute, nil)
	m.Began()
	filled := map[longrun.Slot]bool{}
	for s := longrun.SlotAt(now.Add(-48*time.Hour), time.Minute); s < longrun.SlotAt(now, time.Minute); s++ {
		filled[s] = true
	}
	m.KnownSlots(now.Add(-48*time.Hour), now.Add(-48*time.Hour), now, filled)
	require.InDelta(t, 1, lay(m, now).Coverage[0].Ratio(), 0)
	m.Stored(longrun.Beat(now.AddDate(1, 0, 0), time.Minute))
	require.Empty(t, lay(m, now).Coverage, "what was known gave way")
}

// Documents are what people and other versions write.
func TestARollupOfNoTimeIsPassedOver(t *testing.T) {
	t.Parallel()
	m := measuring.New(time.Minute, nil)
	m.KnownSlots(now.Add(-48*time.Hour), now.Add(-48*time.Hour), now, nil)
	before := lay(m, now)
	for _, from := range []time.Time{{}, time.Unix(-86400*7, 0), time.Unix(-1, 0)} {
		m.Day(rollup(nil, longrun.Window{From: from, To: from.Add(24 * time.Hour)}, time.Minute))
	}
	require.Equal(t, before, lay(m, now))
}
