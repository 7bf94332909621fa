package plan

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// faults are what a plan is made of, each with how often it is taken and how long it
// lasts: from shortest to as long again as spread.
var faults = []struct { //nolint:gochecknoglobals // a table, never changed
	kind             Kind
	weight           int
	shortest, spread time.Duration
	by, bySpread     int64
}{
	{Crash, 10, 0, 10 * time.Minute, 0, 0},
	{Restart, 6, 0, 5 * time.Minute, 0, 0},
	{Deploy, 8, 5 * time.Second, time.Minute, 0, 0},
	{Pause, 6, 10 * time.Second, 15 * time.Minute, 0, 3},
	{Sleep, 4, 10 * time.Second, 15 * time.Minute, 0, 0},
	{Refused, 5, 30 * time.Second, 30 * time.Minute, 0, 0},
	{Unheard, 5, 30 * time.Second, 30 * time.Minute, 0, 0},
	{Deaf, 4, 30 * time.Second, 20 * time.Minute, 0, 0},
	{Flaky, 4, time.Minute, 40 * time.Minute, 10, 60},
	{Slow, 4, time.Minute, 20 * time.Minute, 1, 9},
	{Outage, 4, 30 * time.Second, time.Hour, 0, 0},
	{Full, 4, 30 * time.Second, time.Hour, 0, 0},
	{Mute, 4, time.Minute, 3 * time.Hour, 0, 0},
	{Echo, 3, time.Minute, time.Hour, 0, 0},
	{Unfit, 4, time.Minute, time.Hour, 0, 2},
	{Offline, 4, time.Minute, 2 * time.Hour, 0, 0},
	{LoggedOut, 4, 15 * time.Minute, 3 * time.Hour, 0, 0},
	{Queue, 4, time.Minute, 2 * time.Hour, 101, 400},
	{Throttle, 1, 0, 0, 600, 6600},
	{Probing, 1, 0, 0, 1800, 7200},
	{Step, 3, time.Minute, time.Hour, -3600, 7200},
	{Skew, 3, 10 * time.Minute, 6 * time.Hour, -1000, 2000},
	{Retention, 1, 0, 0, 4, 8},
	{Length, 2, 5 * time.Second, 3 * time.Minute, 0, 0},
	{Erased, 8, 0, 0, 0, 0},
}

// pauses is how long a plan lets pass between two events: mostly long enough for what
// happened to end, and at times not.
func pause(rng *rand.Rand, mean time.Duration) time.Duration {
	if rng.IntN(4) == 0 {
		return time.Duration(rng.Int64N(int64(2 * time.Minute)))
	}
	return time.Duration(rng.Int64N(int64(2 * mean)))
}

// Generate makes the plan of a seed. Clocks are set in a third of the seeds, and the
// lock's row is erased in a seventh: of those, what rests on them is not asked. In a fifth
// of them most crashes, and what else may be, are in the middle of a message.
func Generate(seed uint64, length time.Duration) Plan {
	rng := rand.New(rand.NewPCG(seed, 1))
	p := Plan{
		Seed: seed, Instances: 1 + rng.IntN(3), Length: Span(length), Interval: Span(time.Minute),
		Lease:     Span([]time.Duration{30 * time.Second, 2 * time.Minute, 2 * time.Minute, 10 * time.Minute}[rng.IntN(4)]),
		Witnessed: rng.IntN(2) == 0, Fresh: rng.IntN(2) == 0, Uneven: rng.IntN(3) == 0,
		Begin: Span(18 * time.Hour),
	}
	p.Liar = p.Witnessed && rng.IntN(4) == 0
	if rng.IntN(2) == 0 {
		p.Backlog = 10
	}
	if rng.IntN(2) == 0 {
		p.RetentionDays = 8
	}
	clocks := seed%3 == 2
	mean := []time.Duration{20 * time.Minute, time.Hour, 4 * time.Hour}[rng.IntN(3)]
	weights := 0
	for _, f := range faults {
		if f.kind != Erased || seed%7 == 6 { // it is the last of them
			weights += f.weight
		}
	}
	for at := pause(rng, mean); at < length; at += pause(rng, mean) {
		n := rng.IntN(weights)
		i := 0
		for ; n >= faults[i].weight; i++ {
			n -= faults[i].weight
		}
		f := faults[i]
		if (f.kind == Step || f.kind == Skew) != clocks && (f.kind == Step || f.kind == Skew || f.kind == Sleep) {
			continue // of a clock that is set and sleeps nothing is promised
		}
		e := Event{At: Span(at.Truncate(time.Millisecond)), Kind: f.kind, Instance: rng.IntN(p.Instances), By: f.by}
		if f.kind == LoggedOut {
			e.Instance = rng.IntN(Accounts)
		}
		if f.kind == Length {
			e.By = []int64{20, 30, 60}[rng.IntN(3)]
		}
		if f.spread > 0 {
			// Most are short: three in four lie in the first quarter.
			most := f.spread
			if rng.IntN(4) > 0 {
				most /= 4
			}
			e.Duration = Span((f.shortest + time.Duration(rng.Int64N(int64(most)))).Truncate(time.Millisecond))
		}
		if f.bySpread > 0 {
			e.By += rng.Int64N(f.bySpread)
		}
		if seed%5 == 3 && slices.Contains([]Kind{Crash, Restart, Outage, Full}, f.kind) {
			// No draw, which would change all other plans.
			if e.By = int64(at/time.Millisecond) % 3; e.By > 0 && (f.kind == Crash || f.kind == Restart) {
				e.Duration = Span(4 * time.Hour)
			}
		}
		if f.kind == Skew && rng.IntN(2) == 0 {
			e.By *= 60 // nearly what the margin of a lease is for
		}
		p.Events = append(p.Events, e)
	}
	slices.SortStableFunc(p.Events, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
	return p
}
