package rules_test

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// A leader takes over after ten minutes of silence, and sees it end.
func ExampleCheckMissedHeartbeats() {
	const interval = time.Minute
	at := func(min int) time.Time { return time.Date(2025, 12, 29, 22, min, 0, 0, time.UTC) }
	recent := rules.NewRecent(interval)
	recent.Restore(at(34), at(34), at(45)) // there is one beat, at 22:34

	var state rules.State
	for min := 45; min <= 47; min++ {
		now := at(min)
		recent.Advance(now)
		recent.Fill(longrun.SlotAt(now, interval)) // the leader's own beats
		finding := rules.CheckMissedHeartbeats(state, recent, now, 3)
		var did rules.Change
		switch state, did = state.Next(finding, rules.PolicyOf(finding.Rule), now); did {
		case rules.Opened:
			fmt.Println(state.IncidentID)
			fmt.Println(finding.Summary)
		case rules.Resolved:
			fmt.Println("ended at", state.LastEnd.Format("15:04"))
		case rules.Unchanged:
		}
	}
	// Output:
	// missed_heartbeats_20251229T223500
	// 10 heartbeats missed from 22:35 to 22:45 UTC (2025-12-29), more than 3 are too many
	// ended at 22:45
}

// standing are the states of the example below.
type standing map[string]rules.State

func (s standing) State(r longrun.RuleID, target string) rules.State { return s[string(r)+target] }

func (s standing) Any(r longrun.RuleID) bool {
	for _, state := range s {
		if state.Rule == r {
			return true
		}
	}
	return false
}

func (s standing) Open(room []rules.State) []rules.State {
	return slices.AppendSeq(room, maps.Values(s))
}

// A slot is judged with what the host says in it. What all rules see comes to one
// place, which moves the states; there is no rule by name in it.
func ExampleJudge() {
	start := time.Date(2025, 12, 29, 22, 0, 0, 0, time.UTC)
	in := rules.Inputs{Settings: longrun.DefaultSettings(time.Minute), Recent: rules.NewRecent(time.Minute), LeadBegan: start.Add(-time.Hour), Started: start.Add(-time.Hour)}
	in.Recent.Restore(start, time.Time{}, start)
	states := standing{}
	for min, accounts := range [][]longrun.AccountStatus{
		{{ID: "sales"}, {ID: "support"}},
		{{ID: "sales", LoggedOut: true, Since: start.Add(30 * time.Second)}, {ID: "support"}},
		{{ID: "support"}}, // the host has given it up
	} {
		in.Now, in.Accounts = start.Add(time.Duration(min)*time.Minute), accounts
		in.Beat = longrun.Beat(in.Now, time.Minute)
		in.Beat.QueueDepth = []int64{0, 500, 0}[min]
		in.Recent.Advance(in.Now)
		in.Recent.Fill(longrun.SlotAt(in.Now, time.Minute))
		rules.Judge(&in, states, func(f rules.Finding) {
			next, did := states.State(f.Rule, f.Target).Next(f, rules.PolicyOf(f.Rule), in.Now)
			switch states[string(f.Rule)+f.Target] = next; did {
			case rules.Opened:
				fmt.Println(rules.SeverityOf(f.Rule), next.IncidentID)
			case rules.Resolved:
				fmt.Println("resolved", f.Rule, f.Target, "gone:", f.Gone)
			case rules.Unchanged:
			}
		})
	}
	// Output:
	// critical logged_out_20251229T220030_sales
	// warning queue_depth_20251229T220100
	// resolved logged_out sales gone: true
}

// 43 beats in 54 minutes are too few, but a rule about a day wants an hour of it.
func ExampleCheckInsufficientData() {
	start := time.Date(2025, 12, 29, 22, 14, 0, 0, time.UTC)
	recent := rules.NewRecent(time.Minute)
	recent.Restore(start, time.Time{}, start.Add(54*time.Minute))
	for min := range 60 {
		if min != 6 && (min < 21 || min >= 31) {
			recent.Fill(longrun.SlotAt(start, time.Minute) + longrun.Slot(min))
		}
	}
	for _, min := range []int{54, 60} {
		f := rules.CheckInsufficientData(rules.State{}, recent, start.Add(time.Duration(min)*time.Minute), 0.82)
		fmt.Printf("%d %q\n", min, f.Summary)
	}
	// Output:
	// 54 ""
	// 60 "coverage of the last 1 h is 81.6 % (49 of 60 heartbeats), less than 82 % is too little"
}

// Two FAILs in a row are an incident since the first; what could not be told
// neither counts nor breaks the row.
func ExampleCheckProbeFails() {
	var results []longrun.Probe
	for i, result := range []longrun.ProbeResult{longrun.Pass, longrun.Fail, longrun.Inconclusive, longrun.Fail} {
		results = append(results, longrun.Probe{
			Type: longrun.Outbound, Result: result, TS: time.Date(2025, 12, 29, 18+i, 0, 0, 0, time.UTC), ErrorClass: "no_receipt",
		})
	}
	f := rules.CheckProbeFails(longrun.NamedProbe{Type: longrun.Outbound}, results, 2)
	fmt.Println(f.Summary)
	// Output: 2 outbound probes failed in a row since 19:00 UTC (2025-12-29), the last one with no_receipt, 2 in a row are too many
}

// An account is out for a while: what the state makes of each look, and what is
// told.
func ExampleState_Tell() {
	start := time.Date(2025, 12, 29, 22, 0, 0, 0, time.UTC)
	account := longrun.AccountStatus{ID: "sales", Since: start}
	var state rules.State
	for min := 1; min <= 70; min++ {
		now := start.Add(time.Duration(min) * time.Minute)
		account.LoggedOut = min < 67
		finding := rules.CheckLoggedOut(account)
		var did rules.Change
		state, did = state.Next(finding, rules.PolicyOf(finding.Rule), now)
		silenced := min < 3
		var told longrun.NoticeKind
		if state, told = state.Tell(did, silenced, time.Hour, now); told != longrun.NoNotice {
			fmt.Println(now.Format("15:04"), told, state.Key())
		}
	}
	// Output:
	// 22:03 firing #logged_out-sales-1
	// 23:03 reminder #logged_out-sales-2
	// 23:07 resolved #logged_out-sales-3
}

// What a process uses is told beat by beat, for the rule memory_growth.
func ExampleNewMemory() {
	used := rules.NewMemory(time.Minute)
	began := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	for n := range 48*60 + 1 { // two days, in which 10 MB an hour are not given back
		used.Note(began.Add(time.Duration(n)*time.Minute), 100<<20+int64(n)*(10<<20)/60)
	}
	in := rules.Inputs{
		Now: began.Add(48 * time.Hour), Started: began, LeadBegan: began, Settings: longrun.DefaultSettings(time.Minute),
		Memory: used, MemoryLimit: 1 << 30, Recent: rules.NewRecent(time.Minute),
	}
	in.Beat = longrun.Beat(in.Now, time.Minute)
	in.Beat.MemoryRSS = 580 << 20
	rules.Judge(&in, standing{}, func(f rules.Finding) {
		if f.Rule == rules.MemoryGrowth {
			fmt.Println(f.Summary)
		}
	})
	// Output: the process uses 23.4 % of its memory's limit more than a day ago, and reaches it in 44 hours
}
