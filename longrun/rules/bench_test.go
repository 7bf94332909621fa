package rules_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

var sink int64

// slotOfRules is what a leader looks at once a slot, with 200 accounts, and
// nothing wrong.
type slotOfRules struct {
	now      time.Time
	recent   *rules.Recent
	beat     longrun.Heartbeat
	accounts []longrun.AccountStatus
	results  map[longrun.ProbeType][]longrun.Probe
}

func newSlotOfRules(interval time.Duration) *slotOfRules {
	s := &slotOfRules{now: evening, recent: rules.NewRecent(interval), beat: longrun.Beat(evening, interval), results: map[longrun.ProbeType][]longrun.Probe{}}
	s.recent.Restore(evening.AddDate(-1, 0, 0), evening.AddDate(0, 0, -2), evening)
	for slot := longrun.SlotAt(evening.Add(-rules.RecentSpan), interval); slot <= longrun.SlotAt(evening, interval); slot++ {
		if slot%2000 != 0 {
			s.recent.Fill(slot)
		}
	}
	for i := range 200 {
		s.accounts = append(s.accounts, longrun.AccountStatus{
			ID: fmt.Sprintf("account-%d", i), Since: evening.Add(-time.Hour), Reconnects: int64(i % 5),
			FirstReconnect: evening.Add(-50 * time.Minute), LastReconnect: evening.Add(-5 * time.Minute),
		})
	}
	for _, kind := range []longrun.ProbeType{longrun.Outbound, longrun.Inbound, longrun.Queue} {
		for i := range 50 {
			result := []longrun.ProbeResult{longrun.Pass, longrun.Pass, longrun.Inconclusive}[i%3]
			s.results[kind] = append(s.results[kind], longrun.Probe{Type: kind, Result: result, TS: evening.Add(time.Duration(i-50) * time.Hour)})
		}
	}
	return s
}

// look returns how many findings were Bad. It asks all rules and, as an engine
// does, what they make of their states.
func (s *slotOfRules) look(states bool) (bad int) {
	note := func(f rules.Finding) {
		if f.Condition == rules.Bad {
			bad++
		}
		if !states {
			return
		}
		next, did := (rules.State{}).Next(f, rules.PolicyOf(f.Rule), s.now)
		if _, told := next.Tell(did, false, time.Hour, s.now); told != longrun.NoNotice {
			bad++
		}
	}
	s.recent.Advance(s.now)
	note(rules.CheckMissedHeartbeats(rules.State{}, s.recent, s.now, 3))
	note(rules.CheckInsufficientData(rules.State{}, s.recent, s.now, 0.8))
	note(rules.CheckQueueDepth(s.beat, 100))
	note(rules.CheckLoggedOutCount(s.beat))
	note(rules.CheckStoreUnreachable(time.Time{}, s.now, time.Minute))
	schedule := longrun.ProbeSchedule{Every: 6 * time.Hour}
	for kind, results := range s.results {
		note(rules.CheckProbeFails(kind, results, 2))
		note(rules.CheckProbeOverdue(kind, results, schedule, s.now.Add(-time.Hour), s.now, 2))
	}
	for i := range s.accounts {
		note(rules.CheckLoggedOut(s.accounts[i]))
		note(rules.CheckReconnectLoop(rules.State{}, s.accounts[i], s.now, 5))
	}
	return bad
}

// What costs nothing while nothing happens can be asked in every slot.
func TestRulesAllocateNothingWhileNothingIsBad(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts the others' too
	s := newSlotOfRules(time.Minute)
	require.Zero(t, s.look(true))
	require.Zero(t, testing.AllocsPerRun(100, func() { sink += int64(s.look(true)) }))
}

// BenchmarkRules is one slot of a leader with 200 accounts.
func BenchmarkRules(b *testing.B) {
	for _, interval := range []time.Duration{time.Minute, time.Second} {
		for name, states := range map[string]bool{"rules": false, "states": true} {
			b.Run(interval.String()+"/"+name, func(b *testing.B) {
				s := newSlotOfRules(interval)
				b.ReportAllocs()
				for b.Loop() {
					sink += int64(s.look(states))
				}
			})
		}
	}
}

// BenchmarkRulesFirstFall is the look at which the coverage is found to have
// fallen: it slides back over a day.
func BenchmarkRulesFirstFall(b *testing.B) {
	s := newSlotOfRules(time.Minute)
	b.ReportAllocs()
	for b.Loop() {
		if f := rules.CheckInsufficientData(rules.State{}, s.recent, s.now, 0.9999); f.Condition != rules.Bad {
			b.Fatal(f)
		}
	}
}
