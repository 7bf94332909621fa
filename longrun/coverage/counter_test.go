package coverage_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
)

// byDays measures a scenario the way a report over months does: each day by
// itself, with its neighbours known, and then the days' bitmaps and gaps, in
// any order. No beat of the window is looked at a second time.
func byDays(in scenario) longrun.Coverage {
	whole := in.window.Align(in.interval)
	total := coverage.NewCounter(in.window, in.interval, in.now, in.runs...)
	var days []longrun.Window
	for from := whole.From; from.Before(whole.To); {
		y, m, d := from.Date()
		to := time.Date(y, m, d+1, 0, 0, 0, 0, time.UTC)
		if to.After(whole.To) {
			to = whole.To
		}
		days = append(days, longrun.Window{From: from, To: to})
		from = to
	}
	for _, i := range shuffled(len(days), uint64(len(in.beats))) {
		part := coverage.NewCounter(days[i], in.interval, in.now, in.runs...)
		for _, h := range in.beats {
			part.Add(h)
		}
		filled, healthy, unknown := part.Bitmaps()
		total.AddBitmap(days[i].From, filled, healthy, unknown, part.Coverage().Gaps...)
	}
	first, end := in.window.Slots(in.interval, in.now)
	for _, h := range in.beats {
		if s := h.Slot(in.interval); s < first || s >= end {
			total.Add(h)
		}
	}
	return total.Coverage()
}

// checkDays: bitmaps give the same numbers and the same gaps. A cause may only
// differ where midnight cut the gap in two.
func checkDays(t *testing.T, in scenario, got longrun.Coverage) {
	t.Helper()
	want := coverage.Of(in.beats, in.window, in.interval, in.now, in.runs...)
	require.Zero(t, got.Drift, "a bitmap knows no drift")
	got.Drift, got.Duplicates = want.Drift, want.Duplicates
	require.Len(t, got.Gaps, len(want.Gaps))
	for i := range want.Gaps {
		last := want.Gaps[i].To.Add(-1)
		if want.Gaps[i].From.YearDay() != last.YearDay() && want.Gaps[i].Cause != longrun.Ongoing {
			got.Gaps[i].Cause = want.Gaps[i].Cause
		}
	}
	require.Equal(t, want, got)
}

func TestAYearOfBitmapsIsAYearOfBeats(t *testing.T) {
	t.Parallel()
	for in := range scenarios(1500) {
		if in.window.Validate() != nil {
			continue
		}
		checkDays(t, in, byDays(in))
	}
}

func FuzzDays(f *testing.F) {
	f.Add([]byte("days"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if in := decode(data); in.window.Validate() == nil {
			checkDays(t, in, byDays(in))
		}
	})
}

func TestWholeDaysFromBitmapsAndTheEdgesFromBeats(t *testing.T) {
	t.Parallel()
	day := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	var beats []longrun.Heartbeat
	for slot := range 3 * 1440 {
		if slot%1440 < 1435 && slot != 1500 { // the last five minutes of each day are missing
			h := longrun.Beat(day.Add(time.Duration(slot)*time.Minute), time.Minute)
			h.InstanceID, h.Healthy = "a", slot%10 != 0
			beats = append(beats, h)
		}
	}
	w := longrun.Window{From: day.Add(12 * time.Hour), To: day.Add(60 * time.Hour)}
	now := day.AddDate(0, 0, 9)
	want := coverage.Of(beats, w, time.Minute, now)
	require.Len(t, want.Gaps, 3)

	middle := coverage.NewCounter(longrun.Window{From: day.AddDate(0, 0, 1), To: day.AddDate(0, 0, 2)}, time.Minute, now)
	for _, h := range beats {
		middle.Add(h)
	}
	filled, healthy, _ := middle.Bitmaps()
	got := coverage.NewCounter(w, time.Minute, now)
	got.AddBitmap(day.AddDate(0, 0, 1), filled, healthy, nil, middle.Coverage().Gaps...)
	edges := 0
	for _, h := range beats {
		// The first beat of the middle day says who came after the gap before it.
		if h.TS.Before(day.AddDate(0, 0, 1).Add(time.Minute)) || !h.TS.Before(day.AddDate(0, 0, 2)) {
			got.Add(h)
			edges++
		}
	}
	require.Equal(t, 1435+1+1435, edges)
	c := got.Coverage()
	require.Equal(t, 715+1+720, c.Drift.Beats, "the beats of two half days and the one between")
	c.Drift = want.Drift
	require.Equal(t, want, c)
}

func TestABitmapOutsideTheWindowCountsNothing(t *testing.T) {
	t.Parallel()
	day := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	full := coverage.NewBitmap(1440)
	for i := range 1440 {
		full.Set(i)
	}
	w := longrun.Window{From: day.Add(6 * time.Hour), To: day.Add(7 * time.Hour)}
	for shift, want := range map[time.Duration]int{
		-48 * time.Hour: 0, 48 * time.Hour: 0, 0: 60, 6*time.Hour + 59*time.Minute: 1, -17*time.Hour - 59*time.Minute: 1, -18 * time.Hour: 0,
	} {
		tally := coverage.NewCounter(w, time.Minute, day.AddDate(0, 0, 9))
		tally.AddBitmap(day.Add(shift), full, full, nil)
		require.Equal(t, want, tally.Coverage().Written, shift)
		require.Equal(t, want, tally.Coverage().Healthy, shift)
	}
	none := coverage.NewCounter(w, 7*time.Minute, day)
	none.AddBitmap(day, full, full, nil)
	require.False(t, none.Coverage().HasData())
}

// A window of twenty minutes, of which only bits and earlier gaps are left. Its
// gap is 22:10 to 22:15.
func TestAGapKeepsTheCauseThatItWasGiven(t *testing.T) {
	t.Parallel()
	bits := coverage.NewBitmap(20)
	for i := range 20 {
		if i < 10 || i >= 15 {
			bits.Set(i)
		}
	}
	gap := func(from, to int, cause longrun.Cause, before, after string) longrun.Gap {
		return longrun.Gap{From: clockAt(from, 0), To: clockAt(to, 0), Missed: to - from, Cause: cause, Before: before, After: after}
	}
	p, q := beatOf("p", "", clockAt(9, 0), clockAt(8, 0)), beatOf("q", "", clockAt(15, 0), clockAt(14, 0))
	stopped := runOf("p", "", clockAt(8, 0), longrun.Stopped, clockAt(9, 30))
	for name, c := range map[string]struct {
		told  []longrun.Gap
		beats []*longrun.Heartbeat
		runs  []longrun.Run
		want  longrun.Gap
	}{
		"nothing is said":  {want: gap(10, 15, longrun.Unknown, "", "")},
		"the same gap":     {told: []longrun.Gap{gap(10, 15, longrun.Deploy, "a", "b")}, want: gap(10, 15, longrun.Deploy, "a", "b")},
		"cut in two":       {told: []longrun.Gap{gap(12, 15, longrun.Deploy, "", "b"), gap(10, 12, longrun.Crash, "a", "")}, want: gap(10, 15, longrun.Deploy, "a", "b")},
		"then unknown":     {told: []longrun.Gap{gap(10, 12, longrun.Crash, "a", ""), gap(12, 15, longrun.Unknown, "", "b")}, want: gap(10, 15, longrun.Crash, "a", "b")},
		"then not over":    {told: []longrun.Gap{gap(10, 12, longrun.Crash, "a", ""), gap(12, 15, longrun.Ongoing, "", "")}, want: gap(10, 15, longrun.Crash, "a", "")},
		"then no word":     {told: []longrun.Gap{gap(10, 12, longrun.Crash, "a", ""), gap(12, 15, "", "", "b")}, want: gap(10, 15, longrun.Crash, "a", "b")},
		"it was longer":    {told: []longrun.Gap{gap(8, 17, longrun.Restart, "a", "b")}, want: gap(10, 15, longrun.Restart, "a", "b")},
		"its end only":     {told: []longrun.Gap{gap(12, 15, longrun.Crash, "x", "b")}, want: gap(10, 15, longrun.Crash, "", "b")},
		"its start only":   {told: []longrun.Gap{gap(10, 12, longrun.Crash, "a", "x")}, want: gap(10, 15, longrun.Crash, "a", "")},
		"other gaps":       {told: []longrun.Gap{gap(2, 10, longrun.Crash, "x", "y"), gap(15, 18, longrun.Crash, "x", "y")}, want: gap(10, 15, longrun.Unknown, "", "")},
		"others behind it": {told: []longrun.Gap{gap(1, 12, longrun.Restart, "a", "x"), gap(2, 5, longrun.Crash, "x", "y")}, want: gap(10, 15, longrun.Restart, "a", "")},
		"the writer before is known after all": {
			told: []longrun.Gap{gap(10, 15, longrun.Deploy, "a", "b")}, beats: []*longrun.Heartbeat{p},
			want: gap(10, 15, longrun.Deploy, "p", "b"),
		},
		"the writer after is": {
			told: []longrun.Gap{gap(10, 15, longrun.Deploy, "a", "b")}, beats: []*longrun.Heartbeat{q},
			want: gap(10, 15, longrun.Deploy, "a", "q"),
		},
		"both are, and what they were is not": {
			told: []longrun.Gap{gap(10, 15, longrun.Deploy, "a", "b")}, beats: []*longrun.Heartbeat{q, p},
			want: gap(10, 15, longrun.Deploy, "p", "q"),
		},
		"both are, and explain it": {
			told: []longrun.Gap{gap(10, 15, longrun.Deploy, "a", "b")}, beats: []*longrun.Heartbeat{q, p}, runs: []longrun.Run{stopped},
			want: gap(10, 15, longrun.Restart, "p", "q"),
		},
	} {
		tally := coverage.NewCounter(longrun.Window{From: clockAt(0, 0), To: clockAt(20, 0)}, time.Minute, clockAt(50, 0), c.runs...)
		tally.AddBitmap(clockAt(0, 0), bits, bits, nil, c.told...)
		for _, h := range c.beats {
			tally.Add(*h)
		}
		got := tally.Coverage()
		require.Equal(t, []longrun.Gap{c.want}, got.Gaps, name)
		require.Equal(t, 15, got.Written, name)
		require.Zero(t, got.Duplicates, name)
	}
}

func TestAGapThatLastsIsOngoingWhateverWasSaid(t *testing.T) {
	t.Parallel()
	bits := coverage.NewBitmap(10)
	bits.Set(0)
	tally := coverage.NewCounter(longrun.Window{From: clockAt(0, 0), To: clockAt(10, 0)}, time.Minute, clockAt(10, 0))
	tally.AddBitmap(clockAt(0, 0), bits, bits, nil, longrun.Gap{From: clockAt(1, 0), To: clockAt(10, 0), Missed: 9, Cause: longrun.Crash, Before: "a"})
	require.Equal(t, []longrun.Gap{{From: clockAt(1, 0), To: clockAt(10, 0), Missed: 9, Cause: longrun.Ongoing, Before: "a"}}, tally.Coverage().Gaps)
}

func TestABeatAndItsBitAreOne(t *testing.T) {
	t.Parallel()
	bits := coverage.NewBitmap(10)
	bits.Set(3)
	h := longrun.Beat(clockAt(3, 0), time.Minute)
	window := longrun.Window{From: clockAt(0, 0), To: clockAt(10, 0)}
	for name, c := range map[string]struct {
		do    string // b: the bitmap, h: the beat
		extra int
	}{
		"the bit": {"b", 0}, "the bit twice": {"bb", 0}, "bit and beat": {"bh", 0}, "beat and bit": {"hb", 0},
		"two beats and the bit": {"bhh", 1}, "in any order": {"hbh", 1}, "and any number": {"hbhbbh", 2},
	} {
		tally := coverage.NewCounter(window, time.Minute, clockAt(50, 0))
		for _, step := range c.do {
			if step == 'b' {
				tally.AddBitmap(clockAt(0, 0), bits, bits, nil)
			} else {
				tally.Add(h)
			}
		}
		require.Equal(t, 1, tally.Coverage().Written, name)
		require.Equal(t, c.extra, tally.Coverage().Duplicates, name)
	}
}

func TestBitmapsMayBeMissing(t *testing.T) {
	t.Parallel()
	bits := coverage.NewBitmap(10)
	bits.Set(3)
	tally := coverage.NewCounter(longrun.Window{From: clockAt(0, 0), To: clockAt(10, 0)}, time.Minute, clockAt(50, 0))
	tally.AddBitmap(clockAt(0, 0), nil, bits, nil)
	require.Zero(t, tally.Coverage().Written)
	tally.AddBitmap(clockAt(0, 0), bits, nil, nil)
	require.Equal(t, 1, tally.Coverage().Written)
	require.Zero(t, tally.Coverage().Healthy)
}

func TestASlotIsHealthyWhileNothingSaysOtherwise(t *testing.T) {
	t.Parallel()
	at := time.Date(2025, 12, 29, 22, 0, 0, 0, time.UTC)
	w := longrun.Window{From: at, To: at.Add(time.Minute)}
	good, bad := longrun.Beat(at, time.Minute), longrun.Beat(at.Add(time.Second), time.Minute)
	good.Healthy = true
	for _, order := range [][]longrun.Heartbeat{{good, bad}, {bad, good}, {bad, bad}, {good, good, bad}} {
		c := coverage.Of(order, w, time.Minute, w.To)
		require.Equal(t, 1, c.Written)
		require.Zero(t, c.Healthy)
		require.Equal(t, len(order)-1, c.Duplicates)
	}
	require.Equal(t, 1, coverage.Of([]longrun.Heartbeat{good, good}, w, time.Minute, w.To).Healthy)
}

// A beat that does not say how the host was is no beat of one that was not healthy, nor
// of one that was: what is not known is in no share.
func TestWhatNobodySaysIsUnknown(t *testing.T) {
	t.Parallel()
	at := time.Date(2025, 12, 29, 22, 0, 0, 0, time.UTC)
	w := longrun.Window{From: at, To: at.Add(time.Minute)}
	good, bad, silent := longrun.Beat(at, time.Minute), longrun.Beat(at, time.Minute), longrun.Beat(at, time.Minute)
	good.Healthy, silent.HealthUnknown = true, true
	for _, c := range []struct {
		beats            []longrun.Heartbeat
		healthy, unknown int
	}{
		{[]longrun.Heartbeat{silent}, 0, 1},
		{[]longrun.Heartbeat{silent, silent}, 0, 1},
		{[]longrun.Heartbeat{silent, good}, 0, 1},
		{[]longrun.Heartbeat{good, silent}, 0, 1},
		{[]longrun.Heartbeat{bad, silent}, 0, 0},
		{[]longrun.Heartbeat{silent, bad}, 0, 0},
		{[]longrun.Heartbeat{good}, 1, 0},
	} {
		got := coverage.Of(c.beats, w, time.Minute, w.To)
		require.Equal(t, []int{1, c.healthy, c.unknown}, []int{got.Written, got.Healthy, got.Unknown}, "%+v", c.beats)
		day, err := coverage.NewDay(at, time.Minute, at, at.AddDate(0, 0, 1))
		require.NoError(t, err)
		for _, h := range c.beats {
			day.Add(h)
		}
		r := day.Rollup()
		require.Equal(t, c.unknown > 0, r.Unknown != "", "a rollup says nothing of it where there is none")
		require.EqualValues(t, c.unknown, r.UnknownHb)
	}
	c := longrun.Coverage{Expected: 10, Written: 8, Missed: 2, Healthy: 3, Unknown: 4}
	require.InDelta(t, 3.0/4, c.Availability(), 1e-9, "of those that are known")
	require.InDelta(t, 3.0/6, c.Good(), 1e-9, "and of those that were missed")
	c = longrun.Coverage{Expected: 10, Written: 8, Missed: 2, Unknown: 8}
	require.Zero(t, c.Judged(), "what was missed is no share of what nobody knows")
	require.Zero(t, c.Good())
	c = longrun.Coverage{Expected: 10, Missed: 10}
	require.Equal(t, 10, c.Judged(), "nothing written is not good")
}

// Beats that come in the worst order leave a note of each slot beside a gap, and
// the notes are cleaned away as the gaps close.
func TestManyBeatsOutOfOrder(t *testing.T) {
	t.Parallel()
	beats, w := minutes(20_020)
	want := coverage.Of(beats, w, time.Minute, w.To)
	require.Len(t, want.Gaps, 20)
	evens := append(slices.Collect(every(beats, 0)), slices.Collect(every(beats, 1))...)
	require.Equal(t, want, coverage.Of(evens, w, time.Minute, w.To))
	slices.Reverse(evens)
	require.Equal(t, want, coverage.Of(evens, w, time.Minute, w.To))
	tally := coverage.NewCounter(w, time.Minute, w.To)
	for _, i := range shuffled(len(beats), 7) {
		tally.Add(beats[i])
	}
	require.Equal(t, want, tally.Coverage())
}

func every(beats []longrun.Heartbeat, odd int) func(yield func(longrun.Heartbeat) bool) {
	return func(yield func(longrun.Heartbeat) bool) {
		for i := odd; i < len(beats); i += 2 {
			if !yield(beats[i]) {
				return
			}
		}
	}
}

func TestATallyKeepsItsOwnCopies(t *testing.T) {
	t.Parallel()
	at := time.Date(2025, 12, 29, 22, 0, 0, 0, time.UTC)
	stop := at.Add(time.Second)
	runs := []longrun.Run{{InstanceID: "a", TS: at, End: &stop, Ended: longrun.Stopped}}
	tally := coverage.NewCounter(longrun.Window{From: at, To: at.Add(5 * time.Minute)}, time.Minute, at.Add(time.Hour), runs...)
	h := longrun.Beat(at, time.Minute)
	h.InstanceID = "a"
	tally.Add(h)
	// Beats outside the window, and another of the same slot, come in between.
	for i := range 5 {
		h = longrun.Beat(at.Add(time.Duration(10+i)*time.Minute), time.Minute)
		h.InstanceID = "b"
		tally.Add(h)
	}
	runs[0] = longrun.Run{}
	require.Equal(t, []longrun.Gap{{From: at.Add(time.Minute), To: at.Add(5 * time.Minute), Missed: 4, Cause: longrun.Restart, Before: "a", After: "b"}}, tally.Coverage().Gaps)
}
