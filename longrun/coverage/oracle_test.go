package coverage_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/drawtest"
	"github.com/seed-13dc028d/longwatch/longrun"
)

// The oracles work as one would by hand: slot by slot through the calendar, with
// every beat looked at for every slot. They share no arithmetic with the
// package.

// shuffled returns 0 to n−1 in an order that depends only on seed.
func shuffled(n int, seed uint64) []int {
	return rand.New(rand.NewPCG(seed, 0)).Perm(n)
}

// slowCover is Of by hand.
func slowCover(beats []longrun.Heartbeat, w longrun.Window, interval time.Duration, now time.Time, runs []longrun.Run) longrun.Coverage {
	if longrun.ValidateInterval(interval) != nil {
		return longrun.Coverage{From: w.From.UTC(), To: w.To.UTC(), Gaps: []longrun.Gap{}}
	}
	if w.From.IsZero() || w.To.IsZero() || w.To.Before(w.From) {
		return longrun.Coverage{From: w.From.UTC(), To: w.To.UTC(), IntervalSec: int64(interval.Seconds()), Gaps: []longrun.Gap{}}
	}
	c := longrun.Coverage{From: drawtest.SlotStart(w.From, interval), IntervalSec: int64(interval.Seconds()), Gaps: []longrun.Gap{}}
	c.To = c.From
	for w.From.Before(w.To) && c.To.Before(w.To) {
		c.To = c.To.Add(interval)
	}
	beats = slices.DeleteFunc(slices.Clone(beats), func(h longrun.Heartbeat) bool { return h.TS.IsZero() })
	var drifts []time.Duration
	for start := c.From; ; start = start.Add(interval) {
		end := start.Add(interval)
		if end.After(c.To) || end.After(now) {
			break
		}
		c.Expected++
		count, sick, silent := 0, 0, 0
		for _, h := range beats {
			if h.TS.Before(start) || !h.TS.Before(end) {
				continue
			}
			count++
			drifts = append(drifts, h.TS.Sub(start))
			switch {
			case h.Healthy:
			case h.HealthUnknown:
				silent++
			default:
				sick++
			}
		}
		switch {
		case count > 0:
			c.Written++
			c.Duplicates += count - 1
			if sick == 0 && silent == 0 {
				c.Healthy++
			} else if sick == 0 {
				c.Unknown++
			}
		case len(c.Gaps) > 0 && c.Gaps[len(c.Gaps)-1].To.Equal(start):
			c.Missed++
			last := &c.Gaps[len(c.Gaps)-1]
			last.To, last.Missed = end, last.Missed+1
		default:
			c.Missed++
			c.Gaps = append(c.Gaps, longrun.Gap{From: start, To: end, Missed: 1})
		}
	}
	counted := c.From.Add(time.Duration(c.Expected) * interval)
	for i := range c.Gaps {
		slowExplain(&c.Gaps[i], beats, runs, interval, c.Gaps[i].To.Equal(counted) && now.Before(counted.Add(interval)))
	}
	c.Drift = slowDrift(drifts)
	return c
}

func slowDrift(drifts []time.Duration) longrun.Drift {
	slices.Sort(drifts)
	at := func(percent int) float64 {
		for i, d := range drifts {
			if (i+1)*100 >= percent*len(drifts) {
				return float64(d/time.Millisecond) / 1000
			}
		}
		return 0
	}
	return longrun.Drift{Beats: len(drifts), P50Sec: at(50), P90Sec: at(90), P95Sec: at(95), MaxSec: at(100)}
}

// byTime orders beats of the same instant too, so that "the last one" is one.
func byTime(a, b longrun.Heartbeat) int {
	late := map[bool]int{true: 1}
	return cmp.Or(a.TS.Compare(b.TS), cmp.Compare(a.ChainSeq, b.ChainSeq), cmp.Compare(a.InstanceID, b.InstanceID),
		cmp.Compare(a.CommitHash, b.CommitHash), cmp.Compare(a.UptimeSec, b.UptimeSec), cmp.Compare(late[a.Late], late[b.Late]))
}

// slowExplain follows the list at Cause, sentence by sentence.
func slowExplain(g *longrun.Gap, beats []longrun.Heartbeat, runs []longrun.Run, interval time.Duration, reachesNow bool) {
	var before, after *longrun.Heartbeat
	beats = slices.Clone(beats)
	slices.SortStableFunc(beats, byTime)
	for i := range beats {
		if beats[i].TS.Before(g.From) {
			before = &beats[i]
		}
		if after == nil && !beats[i].TS.Before(g.To) {
			after = &beats[i]
		}
	}
	if before != nil {
		g.Before = before.InstanceID
	}
	if after != nil {
		g.After = after.InstanceID
	}
	g.Cause = slowCause(*g, before, after, runs, interval, reachesNow)
}

func slowCause(g longrun.Gap, before, after *longrun.Heartbeat, runs []longrun.Run, interval time.Duration, reachesNow bool) longrun.Cause {
	if after == nil && reachesNow {
		return longrun.Ongoing
	}
	if before == nil || before.InstanceID == "" {
		return longrun.Unknown
	}
	own := slices.Clone(runs)
	for i := range own {
		r := &own[i]
		r.Lapses = slices.DeleteFunc(slices.Clone(r.Lapses), func(l longrun.Lapse) bool {
			refuted := !before.Late && before.TS.Sub(l.From) > interval
			return r.InstanceID != before.InstanceID && !(l.ReadOnly && !refuted) && !l.From.Before(r.TS)
		})
	}
	if slowStoreDown(g, own, interval) {
		return longrun.StoreDown
	}
	run := slowRun(*before, runs)
	if run != nil {
		for _, l := range run.Lapses {
			if l.Cause == longrun.Stall && touches(l, g.From, interval) {
				return longrun.Stall
			}
		}
	}
	if run != nil { // the store first, and then it slept
		own = append(own, *run)
		own[len(own)-1].Lapses = nil
		for _, l := range run.Lapses {
			if l.Cause == longrun.Stall && l.To.After(l.From) {
				l.Cause = longrun.StoreDown
				own[len(own)-1].Lapses = append(own[len(own)-1].Lapses, l)
			}
		}
		if slowStoreDown(g, own, interval) {
			return longrun.StoreDown
		}
	}
	if after != nil && slowSame(*before, *after, run, slowRun(*after, runs)) {
		if before.Late || after.Late {
			return longrun.StoreDown
		}
		if others := after.Epoch - before.Epoch - 1; before.Epoch != 0 && others > 0 {
			return longrun.Unknown
		}
		return longrun.Stall
	}
	if run == nil {
		return longrun.Unknown
	}
	lived := run.End != nil && run.End.After(g.To)
	for _, l := range run.Lapses {
		lived = lived || l.From.Before(l.To) && !l.To.Before(g.To)
		lived = lived || l.From.Before(l.To) && l.To.After(g.From) && l.Cause == longrun.Unknown && run.End == nil
	}
	clean := run.End != nil && run.Ended == longrun.Stopped
	switch {
	case lived || after == nil && run.End == nil:
		return longrun.Unknown
	case !clean:
		return longrun.Crash
	case after == nil:
		return longrun.Unknown
	}
	named := func(commit string) bool { return commit != "" && commit != "unknown" }
	was, is := before.CommitHash, after.CommitHash
	if !named(was) {
		was = run.CommitHash
	}
	if r := slowRun(*after, runs); !named(is) && r != nil {
		is = r.CommitHash
	}
	if named(was) && named(is) && was != is {
		return longrun.Deploy
	}
	return longrun.Restart
}

func touches(l longrun.Lapse, slot time.Time, interval time.Duration) bool {
	return l.From.Before(l.To) && l.From.Before(slot.Add(interval)) && l.To.After(slot)
}

// slowStoreDown asks each slot of the gap for a lapse; the unexplained ones may
// only be the last, and few.
func slowStoreDown(g longrun.Gap, runs []longrun.Run, interval time.Duration) bool {
	var explained []bool
	for slot := g.From; slot.Before(g.To); slot = slot.Add(interval) {
		found := false
		for _, r := range runs {
			for _, l := range r.Lapses {
				found = found || l.Cause == longrun.StoreDown && touches(l, slot, interval)
			}
		}
		explained = append(explained, found)
	}
	n := slices.Index(explained, false)
	if n < 0 {
		return true
	}
	tail := time.Duration(len(explained)-n) * interval
	return n > 0 && (tail <= interval || tail <= 10*time.Second)
}

func slowRun(h longrun.Heartbeat, runs []longrun.Run) *longrun.Run {
	var candidates []*longrun.Run
	for i, r := range runs {
		over := r.End != nil && r.Ended != longrun.Lost && r.End.Before(h.TS)
		if r.InstanceID != "" && r.InstanceID == h.InstanceID && !r.TS.After(h.TS) && !over {
			candidates = append(candidates, &runs[i])
		}
	}
	sameStart := func(r *longrun.Run) bool {
		d := r.ProcessStart.Sub(h.TS.Add(-time.Duration(h.UptimeSec) * time.Second))
		return -2*time.Second <= d && d <= 2*time.Second
	}
	if slices.ContainsFunc(candidates, sameStart) {
		candidates = slices.DeleteFunc(candidates, func(r *longrun.Run) bool { return !sameStart(r) })
	}
	var latest *longrun.Run
	for _, r := range candidates {
		if latest == nil || cmp.Or(r.TS.Compare(latest.TS), cmp.Compare(r.RunID, latest.RunID)) >= 0 {
			latest = r
		}
	}
	return latest
}

func slowSame(a, b longrun.Heartbeat, ra, rb *longrun.Run) bool {
	if a.InstanceID != b.InstanceID || b.UptimeSec < a.UptimeSec {
		return false
	}
	if ra != nil && rb != nil {
		return ra == rb
	}
	d := a.TS.Add(-time.Duration(a.UptimeSec) * time.Second).Sub(b.TS.Add(-time.Duration(b.UptimeSec) * time.Second))
	return -2*time.Second <= d && d <= 2*time.Second
}
