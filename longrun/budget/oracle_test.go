package budget_test

import (
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/budget"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
)

var start = time.Date(2025, 12, 29, 22, 0, 0, 0, time.UTC)

// slow counts slot by slot, in fractions.
type slow struct {
	target   longrun.Target
	interval time.Duration
	slots    []time.Time // that count
	missed   map[time.Time]bool
	planned  []longrun.Window
}

// share is the target as a fraction, from how it is written.
func (s *slow) share(t *testing.T) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(strconv.FormatFloat(s.target.Percent, 'f', -1, 64))
	require.True(t, ok)
	return r.Quo(r, big.NewRat(100, 1))
}

// allowed is how many of n slots may be missed, found by trying.
func (s *slow) allowed(t *testing.T, n int64) int64 {
	t.Helper()
	share := s.share(t)
	may := int64(0)
	for may < n && big.NewRat(n-may-1, n).Cmp(share) >= 0 {
		may++
	}
	return may
}

func (s *slow) inMaintenance(at time.Time) bool {
	return slices.ContainsFunc(s.planned, func(w longrun.Window) bool { return w.Contains(at) })
}

func (s *slow) balance(t *testing.T, length time.Duration, skip bool) budget.Balance {
	t.Helper()
	end := s.slots[len(s.slots)-1].Add(s.interval)
	count := func(length time.Duration) (c budget.Count) {
		for _, at := range s.slots {
			if at.Before(end.Add(-length)) || skip && s.inMaintenance(at) {
				continue
			}
			c.Slots++
			if s.missed[at] {
				c.Missed++
			}
		}
		return c
	}
	b := budget.Balance{Count: count(length), Burns: []budget.Burn{}}
	b.Allowed = s.allowed(t, b.Slots)
	b.Left = b.Allowed - b.Missed
	b.Exhausted = b.Missed > 0 && b.Missed >= b.Allowed
	for _, span := range budget.Spans() {
		burn := budget.Burn{Span: span.Name, Count: count(min(span.Length, length))}
		if burn.Slots > 0 {
			lets := new(big.Rat).Sub(big.NewRat(1, 1), s.share(t))
			rate := new(big.Rat).Quo(big.NewRat(burn.Missed, burn.Slots), lets)
			f, _ := rate.Float64()
			burn.Rate = &f
			if rate.Cmp(big.NewRat(1, 1)) > 0 && b.Left > 0 {
				left, each, at := big.NewRat(b.Left, 1), big.NewRat(burn.Missed, burn.Slots), end
				for left.Sign() > 0 { // a slot later
					left.Sub(left, each)
					at = at.Add(s.interval)
				}
				burn.ExhaustedAt = &at
			}
		}
		b.Burns = append(b.Burns, burn)
	}
	return b
}

// A budget is what counting slot by slot in fractions gives: of any target, interval,
// window and maintenance, to the slot.
func TestABudgetIsWhatCountingSlotBySlotGives(t *testing.T) {
	t.Parallel()
	intervals := []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, time.Hour, 24 * time.Hour}
	exhausts, gone, spared := 0, 0, 0
	for seed := range uint64(seedtest.Histories(400)) {
		r := rand.New(rand.NewPCG(seed, 12))
		interval := intervals[r.IntN(len(intervals))]
		s := slow{interval: interval, missed: map[time.Time]bool{}}
		s.target = longrun.Target{Days: 1 + r.Int64N(9), Percent: float64(10_000+r.Int64N(990_000)) / 10_000}
		if r.IntN(2) == 0 {
			s.target.Percent = []float64{99, 99.5, 99.7, 99.8, 99.9, 99.9999}[r.IntN(6)]
		}
		require.NoError(t, s.target.Validate())
		at := longrun.SlotAt(start.Add(time.Duration(r.IntN(1e6))*time.Second), interval).Start(interval)
		n := 1 + r.IntN(max(1, min(int(10*24*time.Hour/interval), 3000)))
		window := longrun.Window{From: at, To: at.Add(time.Duration(n) * interval)}
		var beats []longrun.Heartbeat
		well, loses := true, r.IntN(400)+2
		for range n {
			if r.IntN(loses) == 0 {
				well = !well
			}
			if !well && r.IntN(10) == 0 {
				well = true
			}
			s.slots = append(s.slots, at)
			if well {
				beats = append(beats, longrun.Beat(at, interval))
			} else {
				s.missed[at] = true
			}
			at = at.Add(interval)
		}
		for from := window.From; r.IntN(3) > 0; {
			from = from.Add(time.Duration(r.IntN(48*3600)+1) * time.Second)
			w := longrun.Window{From: from, To: from.Add(time.Duration(r.IntN(8*3600)+1) * time.Second)}
			s.planned = append(s.planned, w)
			from = w.To
		}
		c := coverage.Of(beats, window, interval, window.To)
		whole := window.To.Sub(window.From)

		got := budget.Of(s.target, c, s.planned)
		require.Equal(t, s.balance(t, whole, false), got.All, "seed %d: %+v", seed, s.target)
		require.Equal(t, s.balance(t, whole, true), got.Unplanned, "seed %d: %+v", seed, s.target)
		require.Equal(t, got.All.Count, got.Unplanned.Plus(got.Planned), "seed %d", seed)
		require.Equal(t, whole >= s.target.Length(), got.Known, "seed %d", seed)
		require.EqualValues(t, c.Missed, got.All.Missed)

		last := budget.Last(s.target, c, s.planned)
		length := min(s.target.Length(), whole)
		require.Equal(t, s.balance(t, length, false), last.All, "seed %d: %+v", seed, s.target)
		require.Equal(t, s.balance(t, length, true), last.Unplanned, "seed %d: %+v", seed, s.target)
		require.Equal(t, window.To.Add(-length), last.From)

		for _, b := range got.All.Burns {
			if b.ExhaustedAt != nil {
				exhausts++
			}
		}
		if got.All.Exhausted {
			gone++
		}
		if got.Planned.Missed > 0 {
			spared++
		}
	}
	if seedtest.Histories(400) >= 400 {
		require.Greater(t, min(exhausts, gone, spared), 10, "%d dates, %d gone, %d with maintenance", exhausts, gone, spared)
	}
}

// Over decides as fractions do, at the edge as well.
func TestABurnIsOverExactlyWhereFractionsSay(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(12, 7))
	edges := 0
	for range 20_000 {
		target := longrun.Target{Days: 30, Percent: []float64{90, 99, 99.5, 99.9, 99.99}[r.IntN(5)]}
		times := []float64{1, 2, 6, 10, 14.4, 0.001, 0.5}[r.IntN(7)]
		c := budget.Count{Slots: 1 + r.Int64N(4320)}
		c.Missed = min(c.Slots, int64(times*float64(c.Slots*target.PerMillion())/1e6)+r.Int64N(3)-1)
		s := slow{target: target}
		lets := new(big.Rat).Sub(big.NewRat(1, 1), s.share(t))
		factor, _ := new(big.Rat).SetString(strconv.FormatFloat(times, 'f', -1, 64))
		want := new(big.Rat).Quo(big.NewRat(c.Missed, c.Slots), lets).Cmp(factor)
		require.Equal(t, want > 0, c.Over(target, times), "%+v %v %v", c, target, times)
		if want == 0 {
			edges++
		}
	}
	require.Positive(t, edges)
}
