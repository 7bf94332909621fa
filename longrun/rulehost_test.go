package longrun_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/drawtest"
	"github.com/seed-13dc028d/longwatch/longrun"
)

var evening = time.Date(2025, 12, 29, 22, 0, 0, 0, time.UTC)

func TestQueueDepth(t *testing.T) {
	t.Parallel()
	h := longrun.Beat(evening, time.Minute)
	h.QueueDepth = 100
	require.Equal(t, longrun.Good, longrun.CheckQueueDepth(h, 100).Verdict)
	h.QueueDepth = 101
	f := longrun.CheckQueueDepth(h, 100)
	require.Equal(t, longrun.Bad, f.Verdict)
	require.Equal(t, h.TS, f.Since)
	require.Equal(t, "101 messages waiting to be sent at 22:00 UTC (2025-12-29), more than 100 are too many", f.Summary)
	require.Equal(t, "101 messages waiting to be sent at 22:00 UTC (2025-12-29), more than 1 is too many", longrun.CheckQueueDepth(h, 1).Summary)
	h.StatusError = "timeout"
	require.Equal(t, longrun.Unseen, longrun.CheckQueueDepth(h, 100).Verdict)
}

func TestLoggedOut(t *testing.T) {
	t.Parallel()
	a := longrun.AccountStatus{ID: "sales", Since: evening, Reason: "logged_out_401"}
	require.Equal(t, longrun.Finding{Rule: longrun.LoggedOut, Target: "sales", Verdict: longrun.Good}, longrun.CheckLoggedOut(a))
	a.LoggedOut = true
	f := longrun.CheckLoggedOut(a)
	require.Equal(t, longrun.Bad, f.Verdict)
	require.Equal(t, evening, f.Since)
	require.Equal(t, []string{"sales"}, f.Accounts)
	require.Equal(t, "account sales is out since 22:00 UTC (2025-12-29) (logged_out_401), and stays so until somebody acts: pair it again, update the client, or lift the ban", f.Summary)
	f = longrun.CheckLoggedOut(longrun.AccountStatus{ID: "sales", LoggedOut: true})
	require.Equal(t, "account sales is out, and stays so until somebody acts: pair it again, update the client, or lift the ban", f.Summary)
}

func TestLoggedOutByCount(t *testing.T) {
	t.Parallel()
	h := longrun.Beat(evening, time.Minute)
	require.Equal(t, longrun.Good, longrun.CheckLoggedOutCount(h).Verdict)
	h.NeedsQRCount = 1
	f := longrun.CheckLoggedOutCount(h)
	require.Equal(t, longrun.Bad, f.Verdict)
	require.Equal(t, h.TS, f.Since)
	require.Empty(t, f.Target)
	require.Equal(t, "1 account out at 22:00 UTC (2025-12-29), until somebody scans a QR code", f.Summary)
	h.StatusError = "timeout"
	require.Equal(t, longrun.Unseen, longrun.CheckLoggedOutCount(h).Verdict)
}

func TestStoreUnreachable(t *testing.T) {
	t.Parallel()
	check := func(since time.Time, away time.Duration) longrun.Finding {
		return longrun.CheckStoreUnreachable(since, evening.Add(away), 2*time.Minute)
	}
	require.Equal(t, longrun.Good, check(time.Time{}, 0).Verdict)
	require.Equal(t, longrun.Unseen, check(evening, 0).Verdict)
	require.Equal(t, longrun.Unseen, check(evening, 2*time.Minute-1).Verdict)
	f := check(evening, 2*time.Minute)
	require.Equal(t, longrun.Bad, f.Verdict)
	require.Equal(t, evening, f.Since)
	require.Equal(t, "the store cannot be reached since 22:00 UTC (2025-12-29), for 2 min, 2 min are too long", f.Summary)
	require.Equal(t, longrun.Unseen, check(evening, -time.Hour).Verdict, "by a clock that was set back")
}

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
	idle := longrun.AlertState{}
	look := func(s longrun.AlertState, times []time.Time, after time.Duration) longrun.Finding {
		now := evening.Add(after)
		return longrun.CheckReconnectLoop(s, accountOf(times, now), now, 5)
	}
	require.Equal(t, longrun.Unseen, look(idle, loop(5), 5*time.Minute).Verdict)
	f := look(idle, loop(6), 5*time.Minute)
	require.Equal(t, longrun.Bad, f.Verdict)
	require.Equal(t, evening, f.Since)
	require.Equal(t, []string{"sales"}, f.Accounts)
	require.Equal(t, "account sales reconnected 6 times in the last hour, last at 22:05 UTC (2025-12-29), more than 5 are too many", f.Summary)
	require.Equal(t, longrun.Bad, look(idle, loop(6), 14*time.Minute).Verdict)

	f = look(idle, loop(6), 15*time.Minute)
	require.Equal(t, longrun.Good, f.Verdict, "ten minutes without one")
	require.Equal(t, evening.Add(5*time.Minute), f.Until)
	require.Equal(t, longrun.Good, look(idle, nil, 0).Verdict)
	require.Zero(t, look(idle, nil, 0).Until)

	// The incident is over. The same six make no second one, also by a clock that
	// is set back; a seventh does, and then it began with the seventh.
	ended := evening.Add(5 * time.Minute)
	over := longrun.AlertState{State: longrun.Inactive, LastEnd: &ended}
	require.Equal(t, longrun.Unseen, look(over, loop(6), 6*time.Minute).Verdict)
	again := append(loop(6), evening.Add(20*time.Minute))
	f = look(over, again, 20*time.Minute)
	require.Equal(t, longrun.Bad, f.Verdict)
	require.Equal(t, evening.Add(20*time.Minute), f.Since)
	// An hour later the old ones are forgotten.
	later := append(loop(6), evening.Add(70*time.Minute))
	require.Equal(t, longrun.Unseen, look(over, later, 70*time.Minute).Verdict)
}

// FuzzReconnectLoop walks through hours of reconnects by the minute, with the
// times themselves at hand where the rule has three numbers.
func FuzzReconnectLoop(f *testing.F) {
	for i := range 200 {
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
		var state longrun.AlertState
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
			want := longrun.Unseen
			hour, quiet := within(time.Hour), len(within(10*time.Minute)) == 0
			fresh := slices.ContainsFunc(hour, func(at time.Time) bool { return state.LastEnd == nil || at.After(*state.LastEnd) })
			switch {
			case quiet:
				want = longrun.Good
			case int64(len(hour)) > threshold && fresh:
				want = longrun.Bad
			}
			got := longrun.CheckReconnectLoop(state, accountOf(times, now), now, threshold)
			require.Equal(t, want, got.Verdict, "at %v of %v", now, hour)
			if want == longrun.Bad {
				require.True(t, slices.Contains(hour, got.Since))
			}
			var did longrun.Transition
			state, did = state.Next(got, longrun.ReconnectLoop.Policy(), now)
			switch did {
			case longrun.Opened:
				incidents = append(incidents, [2]time.Time{*state.Since, {}})
			case longrun.Resolved:
				incidents[len(incidents)-1][1] = *state.LastEnd
				require.True(t, len(hour) == 0 || hour[len(hour)-1].Equal(*state.LastEnd), "it ends with the last one")
			case longrun.Unchanged:
			}
		}
		for i := 1; i < len(incidents); i++ {
			require.True(t, incidents[i][0].After(incidents[i-1][1]), "each of other reconnects than the one before")
		}
	})
}
