package rules_test

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
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// burning is a host of which each slot is known since begin, judged by missed
// heartbeats and the burn of the budget.
type burning struct {
	interval time.Duration
	begin    time.Time
	missed   []bool // since begin
	older    int    // slots before this one are known only while they are remembered
	in       rules.Inputs
	board    *board
	found    *rules.Finding // at the last look
}

func burnTable() (t rules.Table) {
	for _, row := range rules.All() {
		if row.ID == rules.MissedHeartbeats || row.ID == rules.BudgetBurn {
			t = append(t, row)
		}
	}
	return t
}

func newBurning(begin time.Time, interval time.Duration) *burning {
	h := &burning{interval: interval, begin: begin, board: newBoard(burnTable())}
	h.in = rules.Inputs{Settings: longrun.DefaultSettings(interval), Recent: rules.NewRecent(interval)}
	h.in.Recent.Restore(begin, time.Time{}, begin)
	h.in.Older = func(from, to longrun.Slot) (filled int64, known bool) {
		for s := from; s < to; s++ {
			i := h.index(s)
			if i < h.older {
				return 0, false
			}
			if !h.missed[i] {
				filled++
			}
		}
		return filled, true
	}
	return h
}

func (h *burning) index(s longrun.Slot) int { return int(s - longrun.SlotAt(h.begin, h.interval)) }

// slot lives through one, and has the rules look in the next.
func (h *burning) slot(missed bool) {
	s := longrun.SlotAt(h.begin, h.interval) + longrun.Slot(len(h.missed))
	if h.missed = append(h.missed, missed); !missed {
		h.in.Recent.Fill(s)
	}
	h.look()
}

func (h *burning) look() {
	h.in.Now = h.begin.Add(time.Duration(len(h.missed))*h.interval + time.Second)
	h.in.Recent.Advance(h.in.Now)
	h.board.now, h.found = h.in.Now, nil
	burnTable().Judge(&h.in, h.board, func(f rules.Finding) {
		if f.Rule == rules.BudgetBurn {
			h.found = &f
		}
		h.board.find(f)
	})
}

func (h *burning) state() rules.State { return h.board.State(rules.BudgetBurn, "") }

// lost reports whether a slot was missed and not in planned maintenance.
func (h *burning) lost(i int) bool {
	if i < 0 || i >= len(h.missed) || !h.missed[i] {
		return false
	}
	at := h.begin.Add(time.Duration(i) * h.interval)
	for _, m := range h.in.Settings.Maintenance {
		if _, in := m.Window(at); in && m.Rule == "" && m.Target == "" {
			return false
		}
	}
	return true
}

// slow is the rule by hand: slot by slot, and in fractions. before is the state that the
// look saw, told where the slots end that were told of.
func (h *burning) slow(before rules.State, told time.Time) (f rules.Finding) {
	now := len(h.missed)
	count := func(d time.Duration, after time.Time) (n, of int64) {
		of = max(int64(d/h.interval), 1)
		for i := now - int(of); i < now; i++ {
			if h.lost(i) && !h.begin.Add(time.Duration(i)*h.interval).Before(after) {
				n++
			}
		}
		return n, of
	}
	target, limits := h.in.Settings.AlertTarget(), h.in.Settings.AlertThresholds
	lets, _ := new(big.Rat).SetString(strconv.FormatFloat(target.Percent, 'f', -1, 64))
	lets.Sub(big.NewRat(1, 1), lets.Quo(lets, big.NewRat(100, 1)))
	firing, unknown := before.Phase == rules.Firing, false
	if before.LastEnd != nil && before.LastEnd.After(told) {
		told = *before.LastEnd
	}
	over := func(d time.Duration, times float64) bool {
		n, of := count(d, time.Time{})
		factor, _ := new(big.Rat).SetString(strconv.FormatFloat(times, 'f', -1, 64))
		return new(big.Rat).Quo(big.NewRat(n, of), lets).Cmp(factor) > 0
	}
	remembered := max(0, now-int(rules.RecentSpan/h.interval))
	for _, p := range []struct {
		long, still time.Duration
		times       float64
	}{{time.Hour, 5 * time.Minute, limits.BudgetFastBurn}, {6 * time.Hour, 30 * time.Minute, limits.BudgetSlowBurn}, {72 * time.Hour, 6 * time.Hour, limits.BudgetLongBurn}} {
		first := max(0, now-max(int(p.long/h.interval), 1))
		if first < min(remembered, h.older) {
			unknown = true
			continue
		}
		if !over(p.long, p.times) || !over(p.still, p.times) {
			continue
		}
		if news, _ := count(p.long, told); !firing && news < limits.BudgetMinMissed {
			continue
		}
		f.Condition = rules.Bad
		if firing {
			f.Since = *before.Since
			return f
		}
		for i := max(first, remembered); i < now; i++ {
			if at := h.begin.Add(time.Duration(i) * h.interval); h.lost(i) && !at.Before(told) {
				f.Since = at
				return f
			}
		}
		f.Since = h.begin.Add(time.Duration(now) * h.interval)
		return f
	}
	switch {
	case firing && unknown:
		return f
	case firing:
		var took time.Duration
		for i := max(0, int(before.Since.Sub(h.begin)/h.interval)); i < now; i++ {
			if h.lost(i) {
				took += h.interval
				f.Until = h.begin.Add(time.Duration(i+1) * h.interval)
				f.Took = &took
			}
		}
		if since := int(before.Since.Sub(h.begin) / h.interval); since < min(remembered, h.older) {
			f.Took = nil // a part is not known
		}
	}
	f.Condition = rules.Good
	return f
}

// In each slot of a random history the rule finds what is found by hand.
func TestTheBurnOfTheBudgetIsAsFoundByHand(t *testing.T) {
	t.Parallel()
	opened, resolved, unseen, spared := 0, 0, 0, 0
	for seed := range uint64(seedtest.Histories(8)) {
		r := rand.New(rand.NewPCG(seed, 77))
		interval := []time.Duration{5 * time.Minute, 10 * time.Minute, 30 * time.Minute}[r.IntN(3)]
		h := newBurning(evening.Add(time.Duration(r.IntN(48))*30*time.Minute), interval)
		s := &h.in.Settings
		s.Targets = []longrun.Target{{Days: 7, Percent: []float64{90, 99, 99.5, 99.9}[r.IntN(4)]}}
		s.AlertThresholds.BudgetMinMissed = 2 + r.Int64N(5)
		if r.IntN(2) == 0 {
			s.Maintenance = []longrun.Maintenance{{Start: "03:10", Minutes: 100}, {Start: "12:00", Minutes: 600, Rule: rules.QueueDepth}}
		}
		if r.IntN(3) == 0 {
			h.older = r.IntN(int(5 * 24 * time.Hour / interval))
		}
		odds, down := 3+r.IntN(100), false
		for range int(9 * 24 * time.Hour / interval) {
			switch {
			case r.IntN(200) == 0:
				odds = 3 + r.IntN(200)
			case down:
				down = r.IntN(3) > 0
			default:
				down = r.IntN(odds) == 0
			}
			before := h.state()
			h.slot(down)
			missing := h.board.State(rules.MissedHeartbeats, "")
			var told time.Time
			if missing.Phase == rules.Firing {
				told = h.in.Now
			} else if missing.LastEnd != nil {
				told = *missing.LastEnd
			}
			want := h.slow(before, told)
			if h.found == nil {
				require.NotEqual(t, rules.Bad, want.Condition, "seed %d slot %d", seed, len(h.missed))
				continue
			}
			got := *h.found
			require.Equal(t, want.Condition, got.Condition, "seed %d slot %d", seed, len(h.missed))
			require.True(t, want.Since.Equal(got.Since), "seed %d slot %d: since %s, and is %s", seed, len(h.missed), want.Since, got.Since)
			require.True(t, want.Until.Equal(got.Until), "seed %d slot %d: until %s, and is %s", seed, len(h.missed), want.Until, got.Until)
			if before.Phase == rules.Firing {
				require.Equal(t, want.Took, got.Took, "seed %d slot %d", seed, len(h.missed))
				if got.Condition == rules.Unseen {
					unseen++
				}
			}
			switch after := h.state(); {
			case before.Phase != rules.Firing && after.Phase == rules.Firing:
				opened++
				require.NotEmpty(t, got.Summary)
				for _, id := range got.Slots {
					at, err := longrun.ParseSlotID(id)
					require.NoError(t, err)
					require.True(t, h.lost(h.index(longrun.SlotAt(at, interval))), "evidence is of what counts")
				}
				for _, g := range got.Gaps {
					for at := g.From; at.Before(g.To); at = at.Add(interval) {
						require.True(t, h.lost(h.index(longrun.SlotAt(at, interval))))
					}
					require.Equal(t, g.Duration(), time.Duration(g.Missed)*interval)
				}
			case before.Phase == rules.Firing && after.Phase != rules.Firing:
				resolved++
				require.False(t, after.LastEnd.After(h.in.Now))
			}
			if down && !h.lost(len(h.missed)-1) {
				spared++
			}
		}
	}
	require.Positive(t, min(opened, resolved, spared), "%d opened, %d resolved, %d unseen, %d planned", opened, resolved, unseen, spared)
	t.Logf("%d opened, %d resolved, %d unseen, %d planned", opened, resolved, unseen, spared)
}

// live goes through slots, of which lost says which are missed, and returns how often
// the burn was told of.
func (h *burning) live(n int, lost func(i int) bool) (incidents int) {
	for i := range n {
		h.slot(lost(i))
	}
	if al := h.board.at(rules.BudgetBurn, ""); al != nil {
		return len(al.Incidents)
	}
	return 0
}

func TestOneLostMinuteIsNoBurn(t *testing.T) {
	t.Parallel()
	for _, percent := range []float64{99, 99.5, 99.99, 99.9999} {
		h := newBurning(evening, time.Minute)
		h.in.Settings.Targets = []longrun.Target{{Days: 30, Percent: percent}}
		require.Zero(t, h.live(4*1440, func(i int) bool { return i == 700 }), percent)
	}
	h := newBurning(evening, time.Minute)
	require.Zero(t, h.live(300, func(i int) bool { return i >= 60 && i < 64 }), "four are under the minimum")
}

// An outage that missed heartbeats tell of is not told again, however much of the
// budget it took: neither while it lasts, nor when it is over, nor by who takes over.
func TestAnOutageThatWasToldIsNoSecondMessage(t *testing.T) {
	t.Parallel()
	h := newBurning(evening, time.Minute)
	require.Zero(t, h.live(2000, func(i int) bool { return i >= 700 && i < 760 }))
	require.Len(t, h.board.at(rules.MissedHeartbeats, "").Incidents, 1)
	h = newBurning(evening, time.Minute)
	require.Zero(t, h.live(700, func(int) bool { return false }))
	h.missed = append(h.missed, slices.Repeat([]bool{true}, 400)...) // nobody looks
	require.Zero(t, h.live(700, func(int) bool { return false }))
	require.Len(t, h.board.at(rules.MissedHeartbeats, "").Incidents, 1)
}

// What never is enough for missed heartbeats adds up: one minute in each twenty, and one
// in each hour.
func TestALeakThatNobodyWasToldOfIsFound(t *testing.T) {
	t.Parallel()
	for every, within := range map[int]int{20: 6 * 60, 60: 3 * 1440} {
		h := newBurning(evening, time.Minute)
		require.Equal(t, 1, h.live(within, func(i int) bool { return i%every == 7 }), "one in %d", every)
		require.Nil(t, h.board.at(rules.MissedHeartbeats, ""))
		require.Equal(t, h.begin.Add(7*time.Minute), *h.state().Since, "since the first")
		require.Equal(t, 1, h.live(500, func(int) bool { return false }))
		require.NotEqual(t, rules.Firing, h.state().Phase, "and it ends")
	}
}

func TestPlannedMaintenanceBurnsNothing(t *testing.T) {
	t.Parallel()
	h := newBurning(evening, time.Minute)
	h.in.Settings.Maintenance = []longrun.Maintenance{{Start: "03:00", Minutes: 360}}
	three := longrun.SlotAt(time.Date(2025, 12, 30, 3, 0, 0, 0, time.UTC), time.Minute)
	nightly := func(i int) bool {
		at := longrun.SlotAt(h.begin, time.Minute) + longrun.Slot(i)
		return (at-three+14400)%1440 < 360 && at%20 == 7
	}
	require.Zero(t, h.live(3*1440, nightly))
	h = newBurning(evening, time.Minute)
	require.NotZero(t, h.live(3*1440, nightly), "without it that is a burn")
}

// A rule that is switched off does not look.
func TestABurnThatIsOffIsNotFound(t *testing.T) {
	t.Parallel()
	h := newBurning(evening, time.Minute)
	h.in.Settings.RulesOff = []longrun.RuleID{rules.BudgetBurn}
	require.Zero(t, h.live(2000, func(i int) bool { return i%20 == 7 }))
}

func TestTheSummaryOfABurnSaysItAll(t *testing.T) {
	t.Parallel()
	h := newBurning(evening, time.Minute)
	h.live(6*60, func(i int) bool { return i%20 == 7 })
	i := h.board.at(rules.BudgetBurn, "").Incidents[0]
	require.Equal(t, "11 of the 360 minutes of the last 6 h were missed, 6.11 times as fast as 99.5 % of 30d lets; more than 6 is too fast. 11 were in 30d, of 1 that may be so far", i.Summary)
	require.Equal(t, longrun.Warning, i.Severity)
	require.InDelta(t, 11.0/360/0.005, i.Observed, 1e-9)
	require.InDelta(t, 6, i.Threshold, 0)
	require.GreaterOrEqual(t, len(i.Slots), 11)
}
