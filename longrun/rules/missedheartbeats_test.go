package rules_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/drawtest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// someState is a state a rule may be in at now.
func someState(s *drawtest.Source, rule longrun.RuleID, m *told) rules.State {
	state := rules.State{Rule: rule, Phase: rules.Inactive}
	moment := func() *time.Time {
		at := m.now.Add(-time.Duration(s.Next()) * m.interval / 8)
		if s.Of(16) == 0 {
			at = m.now.Add(time.Duration(s.Next()) * time.Hour) // by a clock that was set back
		}
		return &at
	}
	if s.Of(2) == 0 {
		state.LastEnd = moment()
	}
	if s.Of(3) == 0 {
		state.Phase, state.Since = rules.Firing, moment()
	}
	return state
}

func FuzzMissedHeartbeats(f *testing.F) {
	for i := range seedtest.Histories(250) {
		f.Add(drawtest.Noise(i))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		recall(data, func(s *drawtest.Source, m *told) bool {
			state, threshold := someState(s, rules.MissedHeartbeats, m), int64(s.Of(6))
			got := rules.CheckMissedHeartbeats(state, m.recent, m.now, threshold)
			require.Equal(t, got.Condition == rules.Bad, got.Summary != "")
			got.Summary = ""
			require.Equal(t, m.slowMissed(state, m.now, threshold), got, "%+v at %v", state, m.now)
			return true
		})
	})
}

// minutesFrom returns a Recent of minutes whose history is drawn: x is a beat and
// . is none, the last one the slot that now lies in.
func minutesFrom(from time.Time, drawn string) (*rules.Recent, time.Time) {
	now := from.Add(time.Duration(len(drawn)-1)*time.Minute + 2*time.Second)
	r := rules.NewRecent(time.Minute)
	r.Restore(from, time.Time{}, now)
	for i, c := range drawn {
		if c == 'x' {
			r.Fill(longrun.SlotAt(from, time.Minute) + longrun.Slot(i))
		}
	}
	return r, now
}

func TestMissedHeartbeats(t *testing.T) {
	t.Parallel()
	at := func(min int) time.Time { return time.Date(2025, 12, 29, 22, min, 0, 0, time.UTC) }
	ptr := func(t time.Time) *time.Time { return &t }
	firing := rules.State{Phase: rules.Firing, Since: ptr(at(1))}
	for name, c := range map[string]struct {
		drawn        string
		state        rules.State
		verdict      rules.Condition
		since, until time.Time
		slots        int
		summary      string
	}{
		"nothing is missing":                      {drawn: "xxxxx", verdict: rules.Good},
		"three are borne":                         {drawn: "x...x", verdict: rules.Good},
		"the slot that now lies in may yet come":  {drawn: "x....", verdict: rules.Good},
		"four are not":                            {drawn: "x....x", verdict: rules.Bad, since: at(1), slots: 4, summary: "4 heartbeats missed from 22:01 to 22:05 UTC (2025-12-29), more than 3 are too many"},
		"also one by one":                         {drawn: "x.x.x.x.x", verdict: rules.Bad, since: at(1), slots: 4, summary: "4 heartbeats missed from 22:01 to 22:08 UTC (2025-12-29), in 4 gaps (22:01, 22:03, 22:05, 22:07), more than 3 are too many"},
		"those of the last incident do not count": {drawn: "x....xxx...x", state: rules.State{Phase: rules.Inactive, LastEnd: ptr(at(5))}, verdict: rules.Good},
		"those after it do":                       {drawn: "x....xxx....x", state: rules.State{Phase: rules.Inactive, LastEnd: ptr(at(5))}, verdict: rules.Bad, since: at(8), slots: 4, summary: "4 heartbeats missed from 22:08 to 22:12 UTC (2025-12-29), more than 3 are too many"},
		"it fires until three in a row":           {drawn: "x....xx", state: firing, verdict: rules.Bad, since: at(1), slots: 4, summary: "4 heartbeats missed from 22:01 to 22:05 UTC (2025-12-29), no 3 heartbeats in a row since"},
		"two and an open slot are not three":      {drawn: "x....xx.", state: firing, verdict: rules.Bad, since: at(1), slots: 4, summary: "4 heartbeats missed from 22:01 to 22:05 UTC (2025-12-29), no 3 heartbeats in a row since"},
		"an open slot does not break the row":     {drawn: "x....xxx.", state: firing, verdict: rules.Good, until: at(5)},
		"a new gap begins the row anew":           {drawn: "x....xx.x", state: firing, verdict: rules.Bad, since: at(1), slots: 5, summary: "5 heartbeats missed from 22:01 to 22:08 UTC (2025-12-29), in 2 gaps (22:01–22:05, 22:07), no 3 heartbeats in a row since"},
		"the row counts from the last empty slot": {drawn: "x....xx.xxx", state: firing, verdict: rules.Good, until: at(8)},
		"slots filled late end it where it began": {drawn: "xxxxxxxxx", state: firing, verdict: rules.Good, until: at(1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, now := minutesFrom(at(0), c.drawn)
			f := rules.CheckMissedHeartbeats(c.state, r, now, 3)
			require.Equal(t, c.verdict, f.Condition)
			require.Equal(t, c.since, f.Since)
			require.Equal(t, c.until, f.Until)
			require.Len(t, f.Slots, c.slots)
			require.Equal(t, c.summary, f.Summary)
		})
	}
}

// A new leader judges the silence before it as one: a crash of days is an
// incident from its first slot on, a deploy of three minutes is none.
func TestTheSilenceBeforeALeaderCountsWhole(t *testing.T) {
	t.Parallel()
	now := time.Date(2025, 12, 29, 22, 14, 29, 0, time.UTC)
	restored := func(earliest, lastBefore time.Time) rules.Finding {
		r := rules.NewRecent(time.Minute)
		r.Restore(earliest, lastBefore, now)
		r.Fill(longrun.SlotAt(now, time.Minute))
		return rules.CheckMissedHeartbeats(rules.State{}, r, now, 3)
	}
	year := now.AddDate(-1, 0, 0)
	week := now.AddDate(0, 0, -7)

	f := restored(year, week)
	require.Equal(t, rules.Bad, f.Condition)
	require.Equal(t, time.Date(2025, 12, 22, 22, 15, 0, 0, time.UTC), f.Since, "after the last beat, long before what is remembered")
	require.InDelta(t, 7*24*60-1, f.Observed, 0)
	require.Len(t, f.Slots, longrun.MaxEvidence)
	require.Equal(t, "2025-12-22T22-15-00", f.Slots[0])
	require.Equal(t, "10079 heartbeats missed from 22:15 (2025-12-22) to 22:14 UTC (2025-12-29), more than 3 are too many", f.Summary)

	f = restored(now.Add(-30*time.Minute), time.Time{})
	require.Equal(t, time.Date(2025, 12, 29, 21, 44, 0, 0, time.UTC), f.Since, "before anything existed nothing is missed")
	require.InDelta(t, 30, f.Observed, 0)

	require.Equal(t, rules.Good, restored(now.Add(-3*time.Minute), time.Time{}).Condition)
	require.Equal(t, rules.Good, restored(time.Time{}, time.Time{}).Condition)
}

// FuzzMissedIncidents walks slot by slot through hours of beats, as a leader
// does, and looks at the incidents that come of it.
func FuzzMissedIncidents(f *testing.F) {
	for i := range seedtest.Histories(150) {
		f.Add(drawtest.Noise(i))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &drawtest.Source{Data: data}
		threshold := int64(s.Of(5))
		var drawn []bool // runs of beats and of none
		for beat := true; len(s.Data) > 0 && len(drawn) < 600; beat = !beat {
			n := 1 + s.Of(9)
			if beat && s.Of(3) == 0 {
				n += s.Of(90)
			}
			for range n {
				drawn = append(drawn, beat)
			}
		}
		first := longrun.SlotAt(evening, time.Minute)
		filled := func(at time.Time) bool {
			i := int(longrun.SlotAt(at, time.Minute) - first)
			return i >= 0 && drawn[i]
		}
		r := rules.NewRecent(time.Minute)
		r.Restore(evening, time.Time{}, evening)
		var state rules.State
		blamed := map[string]bool{}
		for i, beat := range drawn {
			now := evening.Add(time.Duration(i)*time.Minute + time.Second)
			if r.Advance(now); !beat {
				continue // nobody leads, and nobody looks
			}
			r.Fill(first + longrun.Slot(i))
			finding := rules.CheckMissedHeartbeats(state, r, now, threshold)
			var did rules.Change
			before := state
			switch state, did = state.Next(finding, rules.PolicyOf(finding.Rule), now); did {
			case rules.Opened:
				require.Greater(t, int64(finding.Observed), threshold)
				require.False(t, filled(*state.Since), "it begins with an empty slot")
				for _, id := range finding.Slots {
					require.False(t, blamed[id], "a slot is blamed once")
					blamed[id] = true
				}
			case rules.Resolved:
				end, missed := *state.LastEnd, 0
				for at := *before.Since; at.Before(end); at = at.Add(time.Minute) {
					if !filled(at) {
						missed++
					}
				}
				require.Equal(t, time.Duration(missed)*time.Minute, *finding.Took, "the time without beats, and not what lies between")
				require.False(t, filled(end.Add(-time.Minute)), "it ends after an empty slot")
				for at := end; !at.After(now); at = at.Add(time.Minute) {
					require.True(t, filled(at))
				}
			case rules.Unchanged:
				if finding.Condition == rules.Good && state.Phase != rules.Firing {
					require.LessOrEqual(t, int64(finding.Observed), threshold)
				}
			}
		}
	})
}
