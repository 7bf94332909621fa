package coverage_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/drawtest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// calendar returns the days that the beats of a scenario lie in, and a few more.
func calendar(in scenario) []time.Time {
	lo := longrun.DayOf(in.now).From
	hi := lo
	for _, h := range in.beats {
		switch d := longrun.DayOf(h.TS).From; {
		case h.TS.IsZero():
		case d.Before(lo):
			lo = d
		case d.After(hi):
			hi = d
		}
	}
	var days []time.Time
	for d := lo; !d.After(hi); d = d.AddDate(0, 0, 1) {
		days = append(days, d)
	}
	return days
}

// rolled makes the rollup of a day from all beats in an order of its own.
func rolled(tb testing.TB, in scenario, day, earliest, now time.Time, seed uint64) (longrun.Rollup, error) {
	tb.Helper()
	d, err := coverage.NewDay(day, in.interval, earliest, now, in.runs...)
	if err != nil {
		return longrun.Rollup{}, err
	}
	for _, i := range shuffled(len(in.beats), seed) {
		d.Add(in.beats[i])
	}
	return d.Rollup(), nil
}

func checkDay(tb testing.TB, in scenario, seed uint64) {
	tb.Helper()
	for _, day := range calendar(in) {
		w := longrun.DayOf(day)
		for _, now := range []time.Time{w.To, w.To.Add(in.interval / 2), w.To.Add(3 * in.interval)} {
			for _, earliest := range []time.Time{{}, in.window.From} {
				r, err := rolled(tb, in, day, earliest, now, seed)
				clipped := w.Clip(earliest)
				if !clipped.From.Before(clipped.To) {
					require.Error(tb, err)
					continue
				}
				require.NoError(tb, err)
				require.NoError(tb, coverage.Check(r))
				c := coverage.Of(in.beats, clipped, in.interval, now, in.runs...)
				require.Equal(tb, []int{c.Expected, c.Written, c.Missed, c.Healthy, c.Unknown, c.Duplicates},
					[]int{int(r.ExpectedHb), int(r.WrittenHb), int(r.MissedHb), int(r.HealthyHb), int(r.UnknownHb), int(r.DuplicateHb)})
				require.Equal(tb, c.Gaps, r.Gaps)
				require.Equal(tb, c.Drift, r.Drift)
				require.InDelta(tb, c.Ratio(), r.NumericCoverage, 0)
				require.Equal(tb, []time.Time{c.From, c.To}, []time.Time{r.From, r.To})
				again, err := rolled(tb, in, day, earliest, now, seed+1)
				require.NoError(tb, err)
				require.Equal(tb, r, again, "the order of the documents changes nothing")
			}
		}
	}
}

func TestARollupIsWhatCoverGivesForTheDay(t *testing.T) {
	t.Parallel()
	for n := range seedtest.Histories(900) {
		checkDay(t, decode(drawtest.Noise(n)), uint64(n))
	}
}

func FuzzRollupIsCover(f *testing.F) {
	for n := range seedtest.Histories(50) {
		f.Add(drawtest.Noise(n))
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkDay(t, decode(data), uint64(len(data))) })
}

// checkDigest takes some days from their rollups, which went through JSON, and
// the others from their beats, and wants what Of gives for all beats.
func checkDigest(tb testing.TB, in scenario, seed uint64) {
	tb.Helper()
	days := calendar(in)
	w := longrun.Window{From: days[0], To: longrun.DayOf(days[len(days)-1]).To}.Clip(in.window.From).Align(in.interval)
	now := w.To.Add(time.Duration(seed%4) * in.interval)
	for mask := range 4 {
		digest := coverage.NewMerge(w, in.interval, now, in.runs...)
		fromBeats := map[time.Time]bool{}
		for i, day := range days {
			r, err := rolled(tb, in, day, in.window.From, now, seed)
			if err != nil {
				continue // before the earliest
			}
			if fromBeats[day] = (i+mask)%3 == 0 || mask == 3; fromBeats[day] {
				continue
			}
			text, err := json.Marshal(r)
			require.NoError(tb, err)
			var back longrun.Rollup
			require.NoError(tb, json.Unmarshal(text, &back))
			require.NoError(tb, digest.AddRollup(back))
			require.ErrorContains(tb, digest.AddRollup(back), "before")
		}
		for _, i := range shuffled(len(in.beats), seed) {
			h := in.beats[i]
			if day := longrun.DayOf(h.TS).From; fromBeats[day] || !w.Contains(h.TS) {
				digest.Add(h)
			}
		}
		require.Equal(tb, coverage.Of(in.beats, w, in.interval, now, in.runs...), digest.Summary().Coverage, "mask %d", mask)
	}
}

func TestRollupsTogetherAreWhatCoverGivesForAllBeats(t *testing.T) {
	t.Parallel()
	for n := range seedtest.Histories(2100) {
		checkDigest(t, decode(drawtest.Noise(n)), uint64(n))
	}
}

func FuzzDigestIsCover(f *testing.F) {
	for n := range seedtest.Histories(50) {
		f.Add(drawtest.Noise(n))
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkDigest(t, decode(data), uint64(len(data))) })
}

func TestADayThatIsNotOverCannotBeRolledUp(t *testing.T) {
	t.Parallel()
	day := time.Date(2025, 12, 29, 13, 0, 0, 0, time.UTC)
	end := longrun.DayOf(day).To
	_, err := coverage.NewDay(day, time.Minute, time.Time{}, end.Add(-time.Nanosecond))
	require.ErrorContains(t, err, "2025-12-29 is not over")
	_, err = coverage.NewDay(day, time.Minute, end, end)
	require.ErrorContains(t, err, "nothing is known")
	_, err = coverage.NewDay(day, 7*time.Second, time.Time{}, end)
	require.ErrorContains(t, err, "interval")
	d, err := coverage.NewDay(day, time.Minute, end.Add(-90*time.Second), end)
	require.NoError(t, err)
	require.EqualValues(t, 2, d.Rollup().ExpectedHb)
}

func TestAGapOverMidnightIsOneGapWithItsCause(t *testing.T) {
	t.Parallel()
	day := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	var beats []longrun.Heartbeat
	for i := range 3 * 1440 { // empty from 23:50 of the first day to 00:10 of the third
		if i >= 1430 && i < 2*1440+10 {
			continue
		}
		h := longrun.Beat(day.Add(time.Duration(i)*time.Minute+7*time.Millisecond), time.Minute)
		h.InstanceID, h.CommitHash, h.UptimeSec, h.Healthy = "a", "3d4adc99", int64(i)*60, true
		if i > 1440 {
			h.InstanceID, h.CommitHash, h.UptimeSec = "b", "b05469d7", int64(i-2*1440)*60
		}
		beats = append(beats, h)
	}
	stopped := day.Add(1430 * time.Minute)
	runs := []longrun.Run{
		{RunID: "1", InstanceID: "a", CommitHash: "3d4adc99", TS: day, ProcessStart: day, End: &stopped, Ended: longrun.Stopped},
		{RunID: "2", InstanceID: "b", CommitHash: "b05469d7", TS: day.AddDate(0, 0, 2), ProcessStart: day.AddDate(0, 0, 2)},
	}
	w := longrun.Window{From: day, To: day.AddDate(0, 0, 3)}
	digest := coverage.NewMerge(w, time.Minute, w.To, runs...)
	for i := range 3 {
		d, err := coverage.NewDay(day.AddDate(0, 0, i), time.Minute, day, w.To, runs...)
		require.NoError(t, err)
		for _, h := range beats {
			d.Add(h)
		}
		r := d.Rollup()
		require.Equal(t, []int64{10, 1440, 10}[i], r.MissedHb)
		require.True(t, r.Settled)
		require.NoError(t, digest.AddRollup(r))
	}
	s := digest.Summary()
	require.Equal(t, []longrun.Gap{{
		From: day.Add(1430 * time.Minute), To: day.Add((2*1440 + 10) * time.Minute), Missed: 1460,
		Cause: longrun.Deploy, Before: "a", After: "b",
	}}, s.Coverage.Gaps)
	require.Len(t, s.Instances, 2)
	require.EqualValues(t, 1430, s.Instances[0].Beats)
	require.Equal(t, longrun.Drift{Beats: 2860, P50Sec: 0.007, P90Sec: 0.007, P95Sec: 0.007, MaxSec: 0.007}, s.Coverage.Drift)
}

func TestADayWhoseEndIsNotKnownIsNotSettled(t *testing.T) {
	t.Parallel()
	day := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	d, err := coverage.NewDay(day, time.Minute, time.Time{}, day.AddDate(0, 0, 1).Add(20*time.Second))
	require.NoError(t, err)
	d.Add(longrun.Beat(day.Add(23*time.Hour), time.Minute))
	r := d.Rollup()
	require.False(t, r.Settled)
	require.Equal(t, longrun.Ongoing, r.Gaps[len(r.Gaps)-1].Cause)
	d.Add(longrun.Beat(day.Add(25*time.Hour), time.Minute))
	require.True(t, d.Rollup().Settled)
	require.EqualValues(t, 1, d.Rollup().WrittenHb, "a beat of the day after is no part of this one")
}

// rolledSeed is a rollup with something in each of its parts.
func rolledSeed(tb testing.TB) longrun.Rollup {
	tb.Helper()
	day := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	d, err := coverage.NewDay(day, time.Minute, day.Add(22*time.Hour+14*time.Minute+29*time.Second), day.AddDate(0, 0, 1).Add(time.Hour))
	require.NoError(tb, err)
	for _, h := range seedBeats() {
		h.InstanceID, h.Late = "b44d8ae9", h.TS.Minute() == 45
		h.Healthy = h.TS.Minute() != 46
		d.Add(h)
	}
	for i, result := range []longrun.ProbeResult{longrun.Pass, longrun.Fail, longrun.Inconclusive, longrun.Pass} {
		d.AddProbe(longrun.Probe{Type: longrun.Outbound, TS: day.Add(time.Duration(23*60+i) * time.Minute), Result: result, LatencyMs: float64(900 + i), Trigger: longrun.Scheduled})
	}
	d.AddProbe(longrun.Probe{Type: longrun.Outbound, TS: day.Add(23 * time.Hour), Result: longrun.Pass, LatencyMs: 1, Trigger: longrun.ByHand})
	start, end := day.Add(22*time.Hour+35*time.Minute), day.Add(22*time.Hour+45*time.Minute)
	d.AddIncident(longrun.Incident{IncidentID: rules.IncidentID(rules.MissedHeartbeats, "", start), Rule: rules.MissedHeartbeats, TS: start, TSStart: start, TSEnd: &end})
	return d.Rollup()
}

func TestARollupThatContradictsItselfIsFound(t *testing.T) {
	t.Parallel()
	require.NoError(t, coverage.Check(rolledSeed(t)))
	flip := func(s, to string) string {
		return string(slices.Concat([]byte(s[:4]), []byte{to[0]}, []byte(s[5:])))
	}
	for name, change := range map[string]func(*longrun.Rollup){
		"written":            func(r *longrun.Rollup) { r.WrittenHb++ },
		"written, missed":    func(r *longrun.Rollup) { r.WrittenHb++; r.MissedHb-- },
		"expected":           func(r *longrun.Rollup) { r.ExpectedHb = 1440 },
		"healthy":            func(r *longrun.Rollup) { r.HealthyHb-- },
		"extra":              func(r *longrun.Rollup) { r.DuplicateHb++ },
		"late":               func(r *longrun.Rollup) { r.LateHb = 100 },
		"coverage":           func(r *longrun.Rollup) { r.NumericCoverage = 0.811 },
		"uptime":             func(r *longrun.Rollup) { r.UptimePct = 81.1 },
		"insufficient":       func(r *longrun.Rollup) { r.InsufficientData = !r.InsufficientData },
		"date":               func(r *longrun.Rollup) { r.Date = "2025-12-28" },
		"ts":                 func(r *longrun.Rollup) { r.TS = r.TS.Add(time.Hour) },
		"from":               func(r *longrun.Rollup) { r.From = r.From.Add(-time.Minute) },
		"from off grid":      func(r *longrun.Rollup) { r.From = r.From.Add(time.Second) },
		"to":                 func(r *longrun.Rollup) { r.To = r.To.Add(time.Minute) },
		"interval":           func(r *longrun.Rollup) { r.IntervalSec = 30 },
		"no interval":        func(r *longrun.Rollup) { r.IntervalSec = 0 },
		"slots":              func(r *longrun.Rollup) { r.Slots = flip(r.Slots, "A") },
		"slots cut":          func(r *longrun.Rollup) { r.Slots = r.Slots[:8] },
		"unhealthy":          func(r *longrun.Rollup) { r.Unhealthy = r.Slots },
		"unhealthy empty":    func(r *longrun.Rollup) { r.Unhealthy = coverage.NewBitmap(106).String() },
		"unknown, healthy":   func(r *longrun.Rollup) { r.Unknown, r.UnknownHb = r.Slots, r.WrittenHb },
		"unknown, others":    func(r *longrun.Rollup) { r.Unknown, r.UnknownHb = "8:AQ==", 1 },
		"unknown, a number":  func(r *longrun.Rollup) { r.UnknownHb = 1 },
		"unknown, no bitmap": func(r *longrun.Rollup) { r.Unknown = "none" },
		"drift":              func(r *longrun.Rollup) { r.Drift.P50Sec++ },
		"drift text":         func(r *longrun.Rollup) { r.DriftMs += " 40000:1" },
		"drift order":        func(r *longrun.Rollup) { r.DriftMs = "5:1 5:42" },
		"a gap less":         func(r *longrun.Rollup) { r.Gaps = r.Gaps[1:] },
		"a gap more":         func(r *longrun.Rollup) { r.Gaps = append(r.Gaps, r.Gaps[0]) },
		"a gap shorter":      func(r *longrun.Rollup) { r.Gaps = slices.Clone(r.Gaps); r.Gaps[1].Missed-- },
		"no edges":           func(r *longrun.Rollup) { r.Edges = nil },
		"an inner edge": func(r *longrun.Rollup) {
			r.Edges = []longrun.EdgeBeat{{TS: r.Edges[0].TS.Add(time.Minute)}}
		},
		"instances": func(r *longrun.Rollup) { r.Instances = slices.Clone(r.Instances); r.Instances[0].Beats++ },
		"probes":    func(r *longrun.Rollup) { r.Probes = slices.Clone(r.Probes); r.Probes[0].Pass++ },
		"points": func(r *longrun.Rollup) {
			r.Probes = slices.Clone(r.Probes)
			r.Probes[0].Points = r.Probes[0].Points[1:]
		},
		"pass rate":        func(r *longrun.Rollup) { r.ProbePassRates = map[string]float64{"outbound": 100} },
		"incidents":        func(r *longrun.Rollup) { r.IncidentsCount = 0 },
		"incidents hidden": func(r *longrun.Rollup) { r.Incidents = nil },
	} {
		r := rolledSeed(t)
		change(&r)
		require.Error(t, coverage.Check(r), name)
		d := coverage.NewMerge(longrun.DayOf(r.TS), time.Minute, r.To)
		require.Error(t, d.AddRollup(r), name)
		require.Zero(t, d.Summary().Coverage.Written, name)
		require.Empty(t, d.Summary().Instances, name)
	}
	original := longrun.Rollup{TS: rolledSeed(t).TS, Date: "2025-12-29", ExpectedHb: 1440, WrittenHb: 43, UptimePct: 2.99}
	require.True(t, original.Original())
	require.ErrorContains(t, coverage.Check(original), "original")
}

func TestADigestTakesNoRollupThatDoesNotFit(t *testing.T) {
	t.Parallel()
	r := rolledSeed(t)
	day := longrun.DayOf(r.TS)
	for name, d := range map[string]*coverage.Merge{
		"begins later": coverage.NewMerge(longrun.Window{From: r.From.Add(time.Minute), To: day.To}, time.Minute, day.To),
		"ends sooner":  coverage.NewMerge(longrun.Window{From: day.From, To: day.To.Add(-time.Minute)}, time.Minute, day.To),
		"not over":     coverage.NewMerge(day, time.Minute, day.To.Add(-time.Minute)),
		"no window":    coverage.NewMerge(longrun.Window{}, time.Minute, day.To),
		"no interval":  coverage.NewMerge(day, 0, day.To),
	} {
		require.Error(t, d.AddRollup(r), name)
		require.Zero(t, d.Summary().Coverage.Written, name)
	}
}

func TestRevisingKeepsTheSealAndWhatDidNotChange(t *testing.T) {
	t.Parallel()
	old, fresh := rolledSeed(t), rolledSeed(t)
	old.Seal, old.ComputedBy, old.Revision = &longrun.Seal{FirstSeq: 1, LastSeq: 43}, "a", 3
	fresh.ComputedAt = fresh.ComputedAt.Add(time.Hour)
	fresh.Probes[0].Classes, old.Probes[0].Classes = old.Probes[0].Classes, fresh.Probes[0].Classes
	got, err := coverage.Revise(old, fresh)
	require.NoError(t, err)
	require.Equal(t, old, got, "nothing changed")

	fresh.Incidents[0].Summary = "another"
	got, err = coverage.Revise(old, fresh)
	require.NoError(t, err)
	require.Equal(t, old.Seal, got.Seal)
	require.EqualValues(t, 4, got.Revision)
	require.Equal(t, fresh.ComputedAt, got.ComputedAt)

	pruned := old
	pruned.PrunedAt = map[string]time.Time{"incidents": old.TS.AddDate(0, 1, 0)}
	got, err = coverage.Revise(pruned, fresh)
	require.ErrorIs(t, err, coverage.ErrShrunk)
	require.Equal(t, pruned, got, "what is gone can be counted no more")

	// The beats were pruned: what is left is the old rollup.
	d, err := coverage.NewDay(old.TS, time.Minute, old.From, old.To)
	require.NoError(t, err)
	for _, h := range seedBeats()[1:] {
		d.Add(h)
	}
	got, err = coverage.Revise(old, d.Rollup())
	require.ErrorIs(t, err, coverage.ErrShrunk)
	require.Equal(t, old, got)

	// So were the probes, or the incidents, which are kept for other times.
	for _, pruned := range []func(*longrun.Rollup){
		func(r *longrun.Rollup) { r.Probes, r.ProbePassRates = nil, nil },
		func(r *longrun.Rollup) { r.Incidents, r.IncidentsCount = nil, 0 },
	} {
		less := old
		pruned(&less)
		require.NoError(t, coverage.Check(less))
		got, err = coverage.Revise(old, less)
		require.ErrorIs(t, err, coverage.ErrShrunk)
		require.Equal(t, old, got)
		_, err = coverage.Revise(less, old)
		require.NoError(t, err)
	}

	// One that contradicts itself protects nothing, but its seal stands.
	old.WrittenHb = 54
	got, err = coverage.Revise(old, d.Rollup())
	require.NoError(t, err)
	require.EqualValues(t, 42, got.WrittenHb)
	require.Equal(t, old.Seal, got.Seal)

	// Of beats that are all gone it is the last trace, and no day without a beat.
	d, err = coverage.NewDay(old.TS, time.Minute, old.From, old.To)
	require.NoError(t, err)
	got, err = coverage.Revise(old, d.Rollup())
	require.ErrorIs(t, err, coverage.ErrShrunk)
	require.Equal(t, old, got)
}

func TestARollupKeepsToItsRoom(t *testing.T) {
	t.Parallel()
	day := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	d, err := coverage.NewDay(day, time.Second, day, day.AddDate(0, 0, 1))
	require.NoError(t, err)
	for i := range 86_400 {
		if i%2 == 0 || i > 40_000 && i < 40_010 {
			continue
		}
		h := longrun.Beat(day.Add(time.Duration(i)*time.Second+time.Duration(i%1000)*time.Millisecond), time.Second)
		h.InstanceID = "instance-" + longrun.ISO(h.TS)
		d.Add(h)
	}
	for kind := range 6 {
		for i := range 1440 {
			d.AddProbe(longrun.Probe{Type: longrun.ProbeType("type_" + string(rune('a'+kind))), TS: day.Add(time.Duration(i) * time.Minute), Result: longrun.Fail, ErrorClass: "timeout", LatencyMs: 30_000})
		}
	}
	for i := range 2000 {
		start := day.Add(time.Duration(i) * time.Second)
		d.AddIncident(longrun.Incident{IncidentID: rules.IncidentID(rules.ProbeFails, "outbound", start), TS: start, TSStart: start, Summary: strings.Repeat("ă", 5000)})
	}
	r := d.Rollup()
	require.NoError(t, coverage.Check(r))
	text, err := json.Marshal(r)
	require.NoError(t, err)
	t.Logf("%d bytes; omitted %+v", len(text), r.Truncated)
	require.Less(t, len(text), 1<<20)
	require.Equal(t, 11, r.Gaps[slices.IndexFunc(r.Gaps, func(g longrun.Gap) bool { return g.Missed > 1 })].Missed, "the longest are kept")
	require.EqualValues(t, 2000, r.IncidentsCount)
	digest := coverage.NewMerge(longrun.DayOf(day), time.Second, r.To)
	require.NoError(t, digest.AddRollup(r))
	require.Len(t, digest.Summary().Coverage.Gaps, len(r.Gaps)+int(r.Truncated.Gaps), "all of them, though some without a cause")
	require.Equal(t, r.Truncated, digest.Summary().Truncated)
}

// FuzzCheck hands over any document: none panics, and one that is taken is what it
// says.
func FuzzCheck(f *testing.F) {
	r := rolledSeed(f)
	for _, change := range []func(*longrun.Rollup){func(*longrun.Rollup) {}, func(r *longrun.Rollup) { r.IntervalSec = 18446744134 }, func(r *longrun.Rollup) { r.Gaps = nil }} {
		c := r
		change(&c)
		text, err := json.Marshal(c)
		require.NoError(f, err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var r longrun.Rollup
		if json.Unmarshal(data, &r) != nil {
			return
		}
		err := coverage.Check(r)
		interval := time.Duration(r.IntervalSec) * time.Second
		day := longrun.DayOf(r.TS)
		d := coverage.NewMerge(day, interval, day.To)
		if d.AddRollup(r) != nil {
			require.Zero(t, d.Summary().Coverage.Written)
			return
		}
		require.NoError(t, err)
		c := d.Summary().Coverage
		require.EqualValues(t, r.WrittenHb, c.Written)
		require.EqualValues(t, r.HealthyHb, c.Healthy)
		require.EqualValues(t, r.DuplicateHb, c.Duplicates)
		missed := 0
		for _, g := range c.Gaps {
			missed += g.Missed
		}
		require.Equal(t, c.Missed, missed)
	})
}
