package coverage_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
)

// seedBeats are the 43 heartbeats of the document that the system comes from.
func seedBeats() []longrun.Heartbeat {
	var beats []longrun.Heartbeat
	for _, s := range []struct{ min, sec, n int }{{14, 29, 6}, {21, 21, 8}, {29, 47, 6}, {45, 30, 23}} {
		at := time.Date(2025, 12, 29, 22, s.min, s.sec, 0, time.UTC)
		for i := range s.n {
			beats = append(beats, longrun.Beat(at.Add(time.Duration(i)*time.Minute), time.Minute))
		}
	}
	return beats
}

// The test from the manual, line by line.
func TestTheGapTestOfTheManual(t *testing.T) {
	t.Parallel()
	at := func(min int) time.Time { return time.Unix(0, 0).UTC().Add(time.Duration(min) * time.Minute) }

	clk := clock.NewMock() // starts at the epoch: slot 0
	var beats []longrun.Heartbeat
	beat := func() { beats = append(beats, longrun.Beat(clk.Now(), time.Minute)) }
	beat()
	clk.Add(time.Minute)
	beat()
	clk.Add(5 * time.Minute)
	beat()

	c := coverage.Of(beats, longrun.Window{From: time.Unix(0, 0), To: clk.Now().Add(time.Minute)}, time.Minute, clk.Now().Add(time.Minute))
	require.Equal(t, 7, c.Expected)
	require.Equal(t, 4, c.Missed)
	require.Equal(t, []longrun.Gap{{From: at(2), To: at(6), Missed: 4, Cause: longrun.Unknown}}, c.Gaps)
}

func TestTheSeedsBeatsAreBelowTheirThreshold(t *testing.T) {
	t.Parallel()
	beats := seedBeats()
	require.Len(t, beats, 43)
	first, last := beats[0].TS, beats[42].TS
	at := func(hour, min int) time.Time { return time.Date(2025, 12, 29, hour, min, 0, 0, time.UTC) }

	c := coverage.Of(beats, longrun.Window{From: first, To: last}, time.Minute, at(23, 8))

	require.Equal(t, 54, c.Expected)
	require.Equal(t, 43, c.Written)
	require.Equal(t, 11, c.Missed)
	require.InDelta(t, 0.796, c.Ratio(), 0.0005)
	require.Less(t, c.Ratio(), longrun.DefaultSettings(time.Minute).InsufficientDataThreshold)
	require.Equal(t, []longrun.Gap{
		{From: at(22, 20), To: at(22, 21), Missed: 1, Cause: longrun.Unknown},
		{From: at(22, 35), To: at(22, 45), Missed: 10, Cause: longrun.Unknown},
	}, c.Gaps)
	require.Equal(t, at(22, 14), c.From)
	require.Equal(t, at(23, 8), c.To)
	require.Equal(t, int64(60), c.IntervalSec)
	// One beat later it would have passed: the rule decides, so it is fixed.
	more := append(slices.Clone(beats), longrun.Beat(last.Add(time.Minute), time.Minute))
	require.InDelta(t, 0.8, coverage.Of(more, longrun.Window{From: first, To: last.Add(time.Minute)}, time.Minute, at(23, 9)).Ratio(), 1e-9)
}

// check compares a measure with the oracle, and with the invariants that hold
// whatever the oracle says.
func check(t require.TestingT, in scenario, got longrun.Coverage) {
	want := slowCover(in.beats, in.window, in.interval, in.now, in.runs)
	require.Equal(t, want, got)
	require.Equal(t, got.Expected, got.Written+got.Missed)
	missed, end := 0, got.From
	for i, g := range got.Gaps {
		missed += g.Missed
		require.True(t, g.From.Before(g.To))
		require.Equal(t, g.Missed, int(g.To.Sub(g.From)/in.interval))
		require.False(t, g.From.Before(end), "gaps overlap or are out of order")
		require.True(t, i == 0 || g.From.After(end), "two gaps are one")
		end = g.To
	}
	require.Equal(t, got.Missed, missed)
	require.False(t, end.After(got.End()))
	require.GreaterOrEqual(t, got.Ratio(), 0.0)
	require.LessOrEqual(t, got.Ratio(), 1.0)
	require.GreaterOrEqual(t, got.Availability(), 0.0)
	require.LessOrEqual(t, got.Availability(), 1.0)
	require.Equal(t, got.Expected > 0, got.HasData())
}

func TestCoverIsWhatOneCountsByHand(t *testing.T) {
	t.Parallel()
	seen := map[longrun.Cause]int{}
	for in := range scenarios(4000) {
		got := coverage.Of(in.beats, in.window, in.interval, in.now, in.runs...)
		check(t, in, got)
		for _, g := range got.Gaps {
			seen[g.Cause]++
		}
	}
	// Scenarios in which a rule never applies would prove nothing about it.
	for _, cause := range []longrun.Cause{
		longrun.Stall, longrun.Restart, longrun.Deploy, longrun.Crash, longrun.StoreDown, longrun.Ongoing, longrun.Unknown,
	} {
		require.Greater(t, seen[cause], 30, "%s: %v", cause, seen)
	}
}

func FuzzCover(f *testing.F) {
	for _, seed := range []string{"", "\x00\x01", "longwatch: one heartbeat per time slot, gaps found, counted and explained"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		in := decode(data)
		check(t, in, coverage.Of(in.beats, in.window, in.interval, in.now, in.runs...))
	})
}

// FuzzOrder: any order of the beats and of the runs gives the same Coverage.
func FuzzOrder(f *testing.F) {
	f.Add([]byte("any order will do"), uint64(3))
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		in := decode(data)
		want := coverage.Of(in.beats, in.window, in.interval, in.now, in.runs...)
		var runs []longrun.Run
		for _, i := range shuffled(len(in.runs), seed) {
			runs = append(runs, in.runs[i])
		}
		tally := coverage.NewCounter(in.window, in.interval, in.now, runs...)
		for n, i := range shuffled(len(in.beats), seed) {
			tally.Add(in.beats[i])
			if n%7 == 0 {
				tally.Coverage() // looking in between changes nothing
			}
		}
		require.Equal(t, want, tally.Coverage())
		require.Equal(t, want, tally.Coverage())
	})
}

func TestAnyOrderGivesTheSameCoverage(t *testing.T) {
	t.Parallel()
	seed := uint64(0)
	for in := range scenarios(4000) {
		seed++
		want := slowCover(in.beats, in.window, in.interval, in.now, in.runs)
		tally := coverage.NewCounter(in.window, in.interval, in.now, in.runs...)
		for _, i := range shuffled(len(in.beats), seed) {
			tally.Add(in.beats[i])
		}
		require.Equal(t, want, tally.Coverage())
	}
}

// The seed's own rules, and others that were found in use. Each must be told
// from the right one, or the checks above check nothing.
func TestTheOracleTellsWrongRulesFromRightOnes(t *testing.T) {
	t.Parallel()
	right := func(in scenario) longrun.Coverage {
		return coverage.Of(in.beats, in.window, in.interval, in.now, in.runs...)
	}
	wrong := map[string]func(in scenario) longrun.Coverage{
		"beats are counted instead of slots": func(in scenario) longrun.Coverage {
			c := right(in)
			c.Written += c.Duplicates
			return c
		},
		"the window is first to last beat": func(in scenario) longrun.Coverage {
			for i, h := range in.beats {
				if i == 0 || h.TS.Before(in.window.From) {
					in.window.From = h.TS
				}
			}
			return right(in)
		},
		"the open slot counts": func(in scenario) longrun.Coverage {
			in.now = in.now.Add(in.interval)
			return right(in)
		},
		"the window is not moved to the grid": func(in scenario) longrun.Coverage {
			in.window.To = in.window.To.Add(-in.interval + time.Nanosecond)
			return right(in)
		},
		"gaps at the edges are left out": func(in scenario) longrun.Coverage {
			c := right(in)
			c.Gaps = slices.DeleteFunc(c.Gaps, func(g longrun.Gap) bool { return g.From.Equal(c.From) || g.To.Equal(c.End()) })
			return c
		},
		"the first beat of a slot decides on its health": func(in scenario) longrun.Coverage {
			seen := map[longrun.Slot]bool{}
			in.beats = slices.DeleteFunc(slices.Clone(in.beats), func(h longrun.Heartbeat) bool {
				s := h.Slot(in.interval)
				defer func() { seen[s] = true }()
				return seen[s]
			})
			c, all := right(in), right(in)
			c.Duplicates, c.Drift = all.Duplicates, all.Drift
			return c
		},
		"beats outside the window explain nothing": func(in scenario) longrun.Coverage {
			w := in.window.Align(in.interval)
			in.beats = slices.DeleteFunc(slices.Clone(in.beats), func(h longrun.Heartbeat) bool { return !w.Contains(h.TS) })
			return right(in)
		},
		"late beats do not count": func(in scenario) longrun.Coverage {
			in.beats = slices.DeleteFunc(slices.Clone(in.beats), func(h longrun.Heartbeat) bool { return h.Late })
			return right(in)
		},
		"runs explain nothing": func(in scenario) longrun.Coverage {
			in.runs = nil
			return right(in)
		},
	}
	for name, rule := range wrong {
		caught := false
		for in := range scenarios(500) {
			want := slowCover(in.beats, in.window, in.interval, in.now, in.runs)
			if !equal(want, rule(in)) {
				caught = true
				break
			}
		}
		require.True(t, caught, name)
	}
}

func equal(a, b longrun.Coverage) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

func TestWithoutAClosedSlotThereIsNoData(t *testing.T) {
	t.Parallel()
	at := func(min int) time.Time { return time.Date(2025, 12, 29, 22, min, 30, 0, time.UTC) }
	beats := seedBeats()
	for name, c := range map[string]longrun.Coverage{
		"future":              coverage.Of(beats, longrun.Window{From: at(30), To: at(40)}, time.Minute, at(20)),
		"the open slot alone": coverage.Of(beats, longrun.Window{From: at(30), To: at(40)}, time.Minute, at(30)),
		"empty":               coverage.Of(beats, longrun.Window{From: at(30), To: at(30)}, time.Minute, at(50)),
		"reversed":            coverage.Of(beats, longrun.Window{From: at(40), To: at(30)}, time.Minute, at(50)),
		"no bounds":           coverage.Of(beats, longrun.Window{}, time.Minute, at(50)),
		"interval 0":          coverage.Of(beats, longrun.Window{From: at(30), To: at(40)}, 0, at(50)),
		"interval below 0":    coverage.Of(beats, longrun.Window{From: at(30), To: at(40)}, -time.Minute, at(50)),
		"interval no divisor": coverage.Of(beats, longrun.Window{From: at(30), To: at(40)}, 7*time.Minute, at(50)),
	} {
		require.False(t, c.HasData(), name)
		require.Zero(t, c.Ratio(), name)
		require.Zero(t, c.Availability(), name)
		require.Equal(t, c.From, c.End(), name)
		require.NotNil(t, c.Gaps, name)
		require.Empty(t, c.Gaps, name)
		require.Zero(t, c.Drift, name)
	}
}

func TestTheCountedTimeEndsAtNow(t *testing.T) {
	t.Parallel()
	at := func(hour, min, sec int) time.Time { return time.Date(2025, 12, 29, hour, min, sec, 0, time.UTC) }
	w := longrun.Window{From: at(22, 14, 29), To: at(23, 7, 30)}
	for now, want := range map[time.Time]time.Time{
		at(22, 40, 59): at(22, 40, 0), at(23, 7, 59): at(23, 7, 0), at(23, 8, 0): at(23, 8, 0), at(23, 59, 0): at(23, 8, 0), at(22, 14, 59): at(22, 14, 0),
	} {
		c := coverage.Of(seedBeats(), w, time.Minute, now)
		require.Equal(t, want, c.End())
		require.Equal(t, at(22, 14, 0), c.From)
		require.Equal(t, at(23, 8, 0), c.To, "the window stays as asked for")
	}
}

func TestTheLongestGapIsTheOldestOfEqualOnes(t *testing.T) {
	t.Parallel()
	c := longrun.Coverage{Gaps: []longrun.Gap{{Missed: 1, Before: "a"}, {Missed: 3, Before: "b"}, {Missed: 3, Before: "c"}, {Missed: 2, Before: "d"}}}
	g, ok := c.Longest()
	require.True(t, ok)
	require.Equal(t, "b", g.Before)
	_, ok = longrun.Coverage{}.Longest()
	require.False(t, ok)
}

func TestADeadServiceIsAtZeroAndNotWithoutData(t *testing.T) {
	t.Parallel()
	from := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	c := coverage.Of(nil, longrun.Window{From: from, To: from.AddDate(0, 0, 1)}, time.Minute, from.AddDate(0, 0, 2))
	require.True(t, c.HasData())
	require.Zero(t, c.Ratio())
	require.Equal(t, []longrun.Gap{{From: from, To: from.AddDate(0, 0, 1), Missed: 1440, Cause: longrun.Unknown}}, c.Gaps)
	longest, ok := c.Longest()
	require.True(t, ok)
	require.Equal(t, 24*time.Hour, longest.Duration())
}

func TestCoverLeavesItsArgumentsAlone(t *testing.T) {
	t.Parallel()
	for in := range scenarios(200) {
		beats, runs := slices.Clone(in.beats), slices.Clone(in.runs)
		for i := range runs {
			runs[i].Lapses = slices.Clone(runs[i].Lapses)
		}
		coverage.Of(in.beats, in.window, in.interval, in.now, in.runs...)
		require.Equal(t, beats, in.beats)
		require.Equal(t, runs, in.runs)
	}
}

func TestBeatsInOrderCostNoAllocation(t *testing.T) {
	from := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	w := longrun.Window{From: from, To: from.AddDate(0, 0, 1)}
	cost := func(n int) float64 {
		var beats []longrun.Heartbeat
		for i := range n {
			beats = append(beats, longrun.Beat(from.Add(time.Duration(i)*time.Minute), time.Minute))
		}
		return testing.AllocsPerRun(20, func() { coverage.Of(beats, w, time.Minute, w.To) })
	}
	require.InDelta(t, cost(100), cost(1400), 0.5)
	// Nor do beats before and after the window.
	w = longrun.Window{From: from.Add(700 * time.Minute), To: from.Add(720 * time.Minute)}
	require.InDelta(t, cost(800), cost(1400), 0.5)
}

// A window of ten thousand years is an honest question, and must not cost the
// memory of ten thousand years.
func TestMemoryFollowsTheBeatsAndNotTheWindow(t *testing.T) {
	t.Parallel()
	w := longrun.Window{From: time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC), To: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)}
	beats := []longrun.Heartbeat{longrun.Beat(w.From, time.Second), longrun.Beat(w.To.Add(-time.Second), time.Second)}
	c := coverage.Of(beats, w, time.Second, w.To)
	require.Equal(t, 315_537_811_199, c.Expected)
	require.Equal(t, 2, c.Written)
	require.Len(t, c.Gaps, 1)
	require.Equal(t, w.To, c.End())
}

func TestCoverageReadsTheSameInJSONAndInTheStore(t *testing.T) {
	t.Parallel()
	from := time.Date(2025, 12, 29, 22, 0, 0, 0, time.UTC)
	h := longrun.Beat(from.Add(1500*time.Millisecond), time.Minute)
	h.Healthy, h.InstanceID = true, "a"
	c := coverage.Of([]longrun.Heartbeat{h}, longrun.Window{From: from, To: from.Add(2 * time.Minute)}, time.Minute, from.Add(time.Hour))
	data, err := json.Marshal(c)
	require.NoError(t, err)
	require.JSONEq(t, `{"from":"2025-12-29T22:00:00Z","to":"2025-12-29T22:02:00Z","intervalSec":60,
		"expected":2,"written":1,"missed":1,"healthy":1,"unknown":0,"extra":0,
		"drift":{"beats":1,"p50Sec":1.5,"p90Sec":1.5,"p95Sec":1.5,"maxSec":1.5},
		"gaps":[{"from":"2025-12-29T22:01:00Z","to":"2025-12-29T22:02:00Z","missed":1,"cause":"unknown","before":"a","after":""}]}`, string(data))
}
