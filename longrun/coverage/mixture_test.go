package coverage_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
)

// The oracle of intervals that change: a day second by second. A beat covers the
// seconds of its own slot, and a slot is filled if one of its seconds is covered.

// second is what is known of one second of the window.
type second struct{ by []int }

// mixture is a history whose interval changes.
type mixture struct {
	beats  []longrun.Heartbeat
	runs   []longrun.Run
	length []time.Duration // those that occurred
}

// lengths that divide a day, and mostly not one another.
func lengths() []time.Duration {
	return []time.Duration{15 * time.Second, 20 * time.Second, 30 * time.Second, 40 * time.Second, time.Minute, 100 * time.Second, 5 * time.Minute, 8 * time.Minute}
}

// drawMixture makes up the beats of [from, to): instances that follow one another,
// each with its interval, its losses, and a few beats that are twice there or do not
// say for what slot they were made.
func drawMixture(r *rand.Rand, w longrun.Window, whole bool) mixture {
	var m mixture
	for at := w.From; at.Before(w.To); {
		mute := r.IntN(3) == 0 // does not always say how the host is
		own := lengths()[r.IntN(len(lengths()))]
		until := at.Add(time.Duration(1+r.IntN(8*3600)) * time.Second)
		if until.After(w.To) {
			until = w.To
		}
		run := longrun.Run{
			RunID: fmt.Sprint(len(m.runs)), TS: at, ProcessStart: at, InstanceID: fmt.Sprint("i", r.IntN(3)),
			CommitHash: fmt.Sprint("c", r.IntN(2)), IntervalSec: int64(own / time.Second),
		}
		if end := until; r.IntN(3) > 0 {
			run.End, run.Ended = &end, longrun.Stopped
		}
		m.runs, m.length = append(m.runs, run), append(m.length, own)
		for slot, up := longrun.SlotAt(at, own), true; slot.Start(own).Before(until); slot++ {
			if up = up != (r.IntN(12) == 0); !up && !whole {
				continue
			}
			made := slot.Start(own).Add(time.Duration(r.Int64N(int64(own / 2))))
			if whole {
				made = slot.Start(own)
			}
			if made.Before(at) {
				made = at
			}
			if !made.Before(until) || whole && len(m.beats) > 0 && slot == m.beats[len(m.beats)-1].Slot(own) && m.beats[len(m.beats)-1].ExpectedIntervalSec == run.IntervalSec {
				continue // the next one is there; or the one before was
			}
			h := longrun.Beat(made, own)
			h.InstanceID, h.CommitHash, h.UptimeSec, h.Healthy = run.InstanceID, run.CommitHash, int64(made.Sub(at)/time.Second), r.IntN(6) > 0
			if mute && !h.Healthy {
				h.HealthUnknown = r.IntN(3) > 0
			}
			if r.IntN(40) == 0 && !whole {
				h.ExpectedIntervalSec = []int64{0, -5, 7, 1 << 40}[r.IntN(4)]
			}
			m.beats = append(m.beats, h)
			if r.IntN(20) == 0 && !whole {
				m.beats = append(m.beats, h)
			}
		}
		at = until
	}
	return m
}

// ownLength is what a beat's slot is long, by hand.
func ownLength(h longrun.Heartbeat, counted time.Duration) time.Duration {
	if n := h.ExpectedIntervalSec; n > 0 && n <= 86_400 && 86_400%n == 0 {
		return time.Duration(n) * time.Second
	}
	return counted
}

// slowMixture is Of by seconds.
func slowMixture(m mixture, w longrun.Window, counted time.Duration, now time.Time) longrun.Coverage {
	c := longrun.Coverage{From: w.From, To: w.To, IntervalSec: int64(counted / time.Second), Gaps: []longrun.Gap{}}
	n := int(w.To.Sub(w.From) / time.Second)
	seconds := make([]second, n)
	type own struct {
		length time.Duration
		start  time.Time
	}
	seen := map[own]bool{}
	end := w.From // of the slots that are over
	for next := end.Add(counted); !next.After(w.To) && !next.After(now); next = next.Add(counted) {
		end = next
		c.Expected++
	}
	var drifts []time.Duration
	for i, h := range m.beats {
		length := ownLength(h, counted)
		start := time.Unix(h.TS.Unix()/int64(length/time.Second)*int64(length/time.Second), 0).UTC()
		for s := range int(length / time.Second) {
			if k := int(start.Sub(w.From)/time.Second) + s; k >= 0 && k < n {
				seconds[k].by = append(seconds[k].by, i)
			}
		}
		if h.TS.Before(w.From) || !h.TS.Before(end) {
			continue
		}
		if seen[own{length, start}] {
			c.Duplicates++
		}
		seen[own{length, start}] = true
		drifts = append(drifts, h.TS.Sub(start))
	}
	c.Drift = slowDrift(drifts)
	per := int(counted / time.Second)
	beside := func(slot int) (by []longrun.Heartbeat) {
		for _, s := range seconds[slot*per : (slot+1)*per] {
			for _, i := range s.by {
				by = append(by, m.beats[i])
			}
		}
		slices.SortStableFunc(by, byTime)
		return by
	}
	for slot := range c.Expected {
		start := w.From.Add(time.Duration(slot) * counted)
		by := beside(slot)
		switch {
		case len(by) > 0:
			c.Written++
			switch {
			case slices.ContainsFunc(by, func(h longrun.Heartbeat) bool { return !h.Healthy && !h.HealthUnknown }):
			case slices.ContainsFunc(by, func(h longrun.Heartbeat) bool { return h.HealthUnknown }):
				c.Unknown++
			default:
				c.Healthy++
			}
		case len(c.Gaps) > 0 && c.Gaps[len(c.Gaps)-1].To.Equal(start):
			c.Missed++
			last := &c.Gaps[len(c.Gaps)-1]
			last.To, last.Missed = start.Add(counted), last.Missed+1
		default:
			c.Missed++
			c.Gaps = append(c.Gaps, longrun.Gap{From: start, To: start.Add(counted), Missed: 1})
		}
	}
	all := slices.Clone(m.beats)
	slices.SortStableFunc(all, byTime)
	for i := range c.Gaps {
		g := &c.Gaps[i]
		var before, after *longrun.Heartbeat
		if first := int(g.From.Sub(w.From) / counted); first > 0 {
			by := beside(first - 1)
			before = &by[len(by)-1]
		} else {
			for k := range all {
				if all[k].TS.Before(w.From) {
					before = &all[k]
				}
			}
		}
		if next := int(g.To.Sub(w.From) / counted); next < c.Expected {
			after = &beside(next)[0]
		} else if k := slices.IndexFunc(all, func(h longrun.Heartbeat) bool { return !h.TS.Before(end) }); k >= 0 {
			after = &all[k]
		}
		if before != nil {
			g.Before = before.InstanceID
		}
		if after != nil {
			g.After = after.InstanceID
		}
		g.Cause = slowCause(*g, before, after, m.runs, counted, g.To.Equal(end) && now.Before(end.Add(counted)))
	}
	return c
}

// Whatever the intervals, in whatever order the beats come, in a window that cuts
// the history anywhere: Of, Counter and Merge are what the seconds say.
func TestABeatFillsWhatItCovers(t *testing.T) {
	t.Parallel()
	for seed := range uint64(seedtest.Histories(40)) {
		r := rand.New(rand.NewPCG(seed, 12))
		from := time.Date(2025, 12, 29, r.IntN(24), r.IntN(60), r.IntN(60), 0, time.UTC)
		lived := longrun.Window{From: from, To: from.Add(time.Duration(1+r.IntN(6*3600)) * time.Second)}
		m := drawMixture(r, lived, false)
		counted := lengths()[r.IntN(len(lengths()))]
		w := longrun.Window{From: lived.From.Add(-time.Duration(r.IntN(3600)-1800) * time.Second), To: lived.To.Add(time.Duration(r.IntN(3600)-1800) * time.Second)}
		if !w.From.Before(w.To) {
			continue
		}
		w = w.Align(counted)
		now := w.To.Add(time.Duration(r.IntN(3600)-600) * time.Second)
		r.Shuffle(len(m.beats)*r.IntN(2), func(i, j int) { m.beats[i], m.beats[j] = m.beats[j], m.beats[i] })
		want := slowMixture(m, w, counted, now)
		require.Equal(t, want, coverage.Of(m.beats, w, counted, now, m.runs...), "seed %d: %v in %v", seed, m.length, counted)
		d := coverage.NewMerge(w, counted, now, m.runs...)
		for _, h := range m.beats {
			d.Add(h)
		}
		require.Equal(t, want, d.Summary().Coverage, "seed %d", seed)
	}
}

// Nobody who changes the interval and misses nothing is blamed, in whatever slots
// it is counted.
func TestAnIntervalThatChangesMissesNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(seedtest.Histories(15)) {
		r := rand.New(rand.NewPCG(seed, 13))
		day := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
		m := drawMixture(r, longrun.DayOf(day), true)
		for _, counted := range lengths() {
			c := coverage.Of(m.beats, longrun.DayOf(day), counted, day.AddDate(0, 0, 2))
			require.Zero(t, c.Missed, "seed %d: %v in %v: %v", seed, m.length, counted, c.Gaps)
			require.Zero(t, c.Duplicates)
		}
	}
}

// A day of mixed intervals is kept in a rollup that says all that its beats do, in
// whatever slots it is taken back.
func TestARollupOfMixedIntervalsLosesNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(seedtest.Histories(12)) {
		r := rand.New(rand.NewPCG(seed, 14))
		w := longrun.DayOf(time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC))
		now := w.To.AddDate(0, 0, 1)
		m := drawMixture(r, w, r.IntN(3) == 0)
		finest := time.Duration(0)
		for i := range m.beats {
			if own := ownLength(m.beats[i], 0); own == 0 {
				m.beats[i].ExpectedIntervalSec = 100 // one that says none has the rollup's, and that is not the same in all
			}
			finest = coverage.Finest(finest, ownLength(m.beats[i], 0))
		}
		day, err := coverage.NewDay(w.From, finest, time.Time{}, now, m.runs...)
		require.NoError(t, err)
		for _, i := range shuffled(len(m.beats), seed) {
			day.Add(m.beats[i])
		}
		rollup := day.Rollup()
		require.NoError(t, coverage.Check(rollup), "seed %d", seed)
		again, err := coverage.Revise(rollup, day.Rollup())
		require.NoError(t, err)
		require.EqualValues(t, 1, again.Revision)
		for _, counted := range append(lengths(), finest) {
			beats, rolled := coverage.NewMerge(w, counted, now, m.runs...), coverage.NewMerge(w, counted, now, m.runs...)
			for _, h := range m.beats {
				beats.Add(h)
			}
			require.NoError(t, rolled.AddRollup(rollup), "seed %d", seed)
			want, got := beats.Summary(), rolled.Summary()
			if counted != finest { // other beats lie beside the gaps then
				for _, c := range []*longrun.Coverage{&want.Coverage, &got.Coverage} {
					for i := range c.Gaps {
						c.Gaps[i].Cause, c.Gaps[i].Before, c.Gaps[i].After = "", "", ""
					}
				}
			}
			require.Equal(t, want, got, "seed %d: %v in %v, kept in %v", seed, m.length, counted, finest)
		}
	}
}

// The smallest inputs of the fault.
func TestTheIntervalMayChangeAtNoon(t *testing.T) {
	t.Parallel()
	w := longrun.DayOf(time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC))
	var beats []longrun.Heartbeat
	for at := w.From; at.Before(w.To); {
		own := time.Minute
		if at.Hour() >= 12 {
			own = 30 * time.Second
		}
		beats = append(beats, longrun.Beat(at, own))
		at = at.Add(own)
	}
	for _, counted := range []time.Duration{15 * time.Second, 30 * time.Second, time.Minute} {
		c := coverage.Of(beats, w, counted, w.To)
		require.Zero(t, c.Missed, counted)
		require.Zero(t, c.Duplicates, counted)
		require.InDelta(t, 1, c.Ratio(), 0)
	}
	hour := longrun.Window{From: w.From, To: w.From.Add(time.Hour)}
	c := coverage.Of(beats[:60], hour, 30*time.Second, w.To)
	require.Equal(t, 120, c.Expected)
	require.Equal(t, 120, c.Written)
}

func TestFinest(t *testing.T) {
	t.Parallel()
	require.Equal(t, 20*time.Second, coverage.Finest(time.Minute, 40*time.Second))
	require.Equal(t, 30*time.Second, coverage.Finest(30*time.Second, time.Minute))
	require.Equal(t, time.Minute, coverage.Finest(time.Minute, 7*time.Second))
	require.Equal(t, time.Minute, coverage.Finest(0, time.Minute))
}
