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
	in    rules.Inputs
	board *board
}

func newSlotOfRules(interval time.Duration) *slotOfRules {
	s := &slotOfRules{board: newBoard(rules.All()), in: rules.Inputs{
		Now: evening, Settings: longrun.DefaultSettings(interval), Recent: rules.NewRecent(interval), Beat: longrun.Beat(evening, interval),
		ProbesKnown: true, LeadBegan: evening.Add(-time.Hour), Started: evening.Add(-time.Hour),
		ClientBuilt: evening.AddDate(0, 0, -30), Memory: rules.NewMemory(interval), MemoryLimit: 512 << 20,
	}}
	s.in.Beat.Healthy, s.in.Beat.ConnectedCount, s.in.Settings.ExpectedAccounts = true, 200, 200
	for at := evening.Add(-50 * time.Hour); at.Before(evening); at = at.Add(interval) {
		s.in.Memory.Note(at, 100<<20+int64(at.Hour())<<20)
	}
	s.in.Recent.Restore(evening.AddDate(-1, 0, 0), evening.AddDate(0, 0, -2), evening)
	for slot := longrun.SlotAt(evening.Add(-rules.RecentSpan), interval); slot <= longrun.SlotAt(evening, interval); slot++ {
		if slot%2000 != 0 {
			s.in.Recent.Fill(slot)
		}
	}
	for i := range 200 {
		s.in.Accounts = append(s.in.Accounts, longrun.AccountStatus{
			ID: fmt.Sprintf("account-%d", i), Since: evening.Add(-time.Hour), Reconnects: int64(i % 5),
			FirstReconnect: evening.Add(-50 * time.Minute), LastReconnect: evening.Add(-5 * time.Minute),
			State: "connected", Replaced: 1, LastReplaced: evening.Add(-5 * time.Minute), PhoneSeen: evening.AddDate(0, 0, -i%9),
			Restricted: longrun.Restriction{From: evening.Add(-48 * time.Hour), Until: evening.Add(-24 * time.Hour), Reason: "DEFAULT"},
			Banned:     longrun.Restriction{From: evening.Add(-48 * time.Hour), Until: evening.Add(-24 * time.Hour), Reason: "104"},
			Traffic: longrun.Traffic{
				Received: 100, Unreadable: 4, UnreadableFrom: 2, FirstUnreadable: evening.Add(-50 * time.Minute), LastUnreadable: evening.Add(-15 * time.Minute),
				Recovered: 3, Sent: 50, Unacked: 1, UnackedSince: evening.Add(-2 * time.Minute), Undelivered: 7, UndeliveredTo: 5,
				UndeliveredSince: evening.Add(-20 * time.Minute), ToNobody: 1, LastToNobody: evening.Add(-11 * time.Minute), NoPhone: 2, LastNoPhone: evening.Add(-5 * time.Minute),
				ReplayLost: 2, LastReplayLost: evening.Add(-20 * time.Minute), StoreErrors: 2, LastStoreError: evening.Add(-5 * time.Minute), HandlerLag: 10 * time.Second,
			},
		})
	}
	for _, kind := range []longrun.ProbeType{longrun.Outbound, longrun.Inbound, longrun.Queue} {
		p := rules.Probed{Type: kind, Schedule: longrun.ProbeSchedule{Every: 6 * time.Hour}}
		for i := range 50 {
			result := []longrun.ProbeResult{longrun.Pass, longrun.Pass, longrun.Inconclusive}[i%3]
			p.Recent = append(p.Recent, longrun.Probe{Type: kind, Result: result, TS: evening.Add(time.Duration(i-50) * time.Hour)})
		}
		s.in.Probes = append(s.in.Probes, p)
	}
	return s
}

// byTable has all rules look, and returns how much was found.
func (s *slotOfRules) byTable() (found int) {
	s.in.Recent.Advance(s.in.Now)
	rules.Judge(&s.in, s.board, func(rules.Finding) { found++ })
	return found
}

// byHand calls the checks, and returns how many findings were Bad.
func (s *slotOfRules) byHand() (bad int) {
	note := func(f rules.Finding) {
		if f.Condition == rules.Bad {
			bad++
		}
	}
	in := &s.in
	in.Recent.Advance(in.Now)
	note(rules.CheckMissedHeartbeats(rules.State{}, in.Recent, in.Now, 3))
	note(rules.CheckInsufficientData(rules.State{}, in.Recent, in.Now, 0.8))
	note(rules.CheckQueueDepth(in.Beat, 100))
	note(rules.CheckLoggedOutCount(in.Beat))
	note(rules.CheckStoreUnreachable(time.Time{}, in.Now, time.Minute))
	for _, p := range in.Probes {
		note(rules.CheckProbeFails(p.Named(), p.Recent, 2))
		note(rules.CheckProbeOverdue(p.Named(), p.Recent, p.Schedule, in.LeadBegan, in.Now, 2))
	}
	for i := range in.Accounts {
		note(rules.CheckLoggedOut(in.Accounts[i]))
		note(rules.CheckReconnectLoop(rules.State{}, in.Accounts[i], in.Now, 5))
	}
	return bad
}

// What costs nothing while nothing happens can be asked in every slot, also with
// what is over standing on the board.
func TestRulesAllocateNothingWhileNothingIsBad(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts the others' too
	s := newSlotOfRules(time.Minute)
	require.Zero(t, s.byHand())
	require.Zero(t, s.byTable())
	require.Zero(t, testing.AllocsPerRun(100, func() { sink += int64(s.byTable()) }))
	for _, a := range s.in.Accounts {
		state := rules.State{Rule: rules.LoggedOut, Target: a.ID, Phase: rules.Inactive, LastEnd: &evening}
		s.board.alarms[alarmKey{rules.LoggedOut, a.ID}] = &alarm{State: state}
	}
	require.Equal(t, 200, s.byTable())
	require.Zero(t, testing.AllocsPerRun(100, func() { sink += int64(s.byTable()) }))
}

// BenchmarkRules is one slot of a leader with 200 accounts: by the table, and by
// the checks alone.
func BenchmarkRules(b *testing.B) {
	for _, interval := range []time.Duration{time.Minute, time.Second} {
		for _, c := range []struct {
			name string
			look func(*slotOfRules) int
		}{{"table", (*slotOfRules).byTable}, {"checks", (*slotOfRules).byHand}} {
			b.Run(interval.String()+"/"+c.name, func(b *testing.B) {
				s := newSlotOfRules(interval)
				b.ReportAllocs()
				for b.Loop() {
					sink += int64(c.look(s))
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
		if f := rules.CheckInsufficientData(rules.State{}, s.in.Recent, s.in.Now, 0.9999); f.Condition != rules.Bad {
			b.Fatal(f)
		}
	}
}
