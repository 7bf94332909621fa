package rules_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/drawtest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// accountOf is what a host says of an account that reconnected at these times.
func accountOf(times []time.Time, now time.Time) longrun.AccountStatus {
	a := longrun.AccountStatus{ID: "sales"}
	for _, at := range times {
		if at.After(now.Add(-time.Hour)) && !at.After(now) {
			if a.Reconnects == 0 {
				a.FirstReconnect = at
			}
			a.Reconnects++
			a.LastReconnect = at
		}
	}
	return a
}

func TestReconnectLoop(t *testing.T) {
	t.Parallel()
	loop := func(n int) (times []time.Time) {
		for i := range n {
			times = append(times, evening.Add(time.Duration(i)*time.Minute))
		}
		return times
	}
	idle := rules.State{}
	look := func(s rules.State, times []time.Time, after time.Duration) rules.Finding {
		now := evening.Add(after)
		return rules.CheckReconnectLoop(s, accountOf(times, now), now, 5)
	}
	require.Equal(t, rules.Unseen, look(idle, loop(5), 5*time.Minute).Condition)
	f := look(idle, loop(6), 5*time.Minute)
	require.Equal(t, rules.Bad, f.Condition)
	require.Equal(t, evening, f.Since)
	require.Equal(t, []string{"sales"}, f.Accounts)
	require.Equal(t, "account sales reconnected 6 times in the last hour, last at 22:05 UTC (2025-12-29), more than 5 are too many", f.Summary)
	require.Equal(t, rules.Bad, look(idle, loop(6), 14*time.Minute).Condition)

	f = look(idle, loop(6), 15*time.Minute)
	require.Equal(t, rules.Good, f.Condition, "ten minutes without one")
	require.Equal(t, evening.Add(5*time.Minute), f.Until)
	require.Equal(t, rules.Good, look(idle, nil, 0).Condition)
	require.Zero(t, look(idle, nil, 0).Until)

	// The incident is over. The same six make no second one, also by a clock that
	// is set back; a seventh does, and then it began with the seventh.
	ended := evening.Add(5 * time.Minute)
	over := rules.State{Phase: rules.Inactive, LastEnd: &ended}
	require.Equal(t, rules.Unseen, look(over, loop(6), 6*time.Minute).Condition)
	again := append(loop(6), evening.Add(20*time.Minute))
	f = look(over, again, 20*time.Minute)
	require.Equal(t, rules.Bad, f.Condition)
	require.Equal(t, evening.Add(20*time.Minute), f.Since)
	// An hour later the old ones are forgotten.
	later := append(loop(6), evening.Add(70*time.Minute))
	require.Equal(t, rules.Unseen, look(over, later, 70*time.Minute).Condition)
}

// FuzzReconnectLoop walks through hours of reconnects by the minute, with the
// times themselves at hand where the rule has three numbers.
func FuzzReconnectLoop(f *testing.F) {
	for i := range seedtest.Histories(200) {
		f.Add(drawtest.Noise(i))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &drawtest.Source{Data: data}
		threshold := int64(s.Of(8))
		var times []time.Time
		for at := evening; len(s.Data) > 0 && len(times) < 200; {
			if gap := s.Next(); gap < 200 {
				at = at.Add(time.Duration(gap) * 4 * time.Second)
			} else {
				at = at.Add(time.Duration(gap-195) * time.Minute)
			}
			times = append(times, at)
		}
		var state rules.State
		var incidents [][2]time.Time
		for now := evening; now.Before(evening.Add(5 * time.Hour)); now = now.Add(time.Minute) {
			within := func(d time.Duration) (in []time.Time) {
				for _, at := range times {
					if !at.After(now) && at.After(now.Add(-d)) {
						in = append(in, at)
					}
				}
				return in
			}
			want := rules.Unseen
			hour, quiet := within(time.Hour), len(within(10*time.Minute)) == 0
			fresh := slices.ContainsFunc(hour, func(at time.Time) bool { return state.LastEnd == nil || at.After(*state.LastEnd) })
			switch {
			case quiet:
				want = rules.Good
			case int64(len(hour)) > threshold && fresh:
				want = rules.Bad
			}
			got := rules.CheckReconnectLoop(state, accountOf(times, now), now, threshold)
			require.Equal(t, want, got.Condition, "at %v of %v", now, hour)
			if want == rules.Bad {
				require.True(t, slices.Contains(hour, got.Since))
			}
			var did rules.Change
			state, did = state.Next(got, rules.PolicyOf(rules.ReconnectLoop), now)
			switch did {
			case rules.Opened:
				incidents = append(incidents, [2]time.Time{*state.Since, {}})
			case rules.Resolved:
				incidents[len(incidents)-1][1] = *state.LastEnd
				require.True(t, len(hour) == 0 || hour[len(hour)-1].Equal(*state.LastEnd), "it ends with the last one")
			case rules.Unchanged:
			}
		}
		for i := 1; i < len(incidents); i++ {
			require.True(t, incidents[i][0].After(incidents[i-1][1]), "each of other reconnects than the one before")
		}
	})
}
