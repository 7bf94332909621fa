package rules_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/drawtest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// drawLooks calls look with what a leader sees from slot to slot, and with what
// each instance sees of the store.
func drawLooks(data []byte, look func(in *rules.Inputs)) {
	s := &drawtest.Source{Data: data}
	in := &rules.Inputs{Now: evening, Settings: longrun.DefaultSettings(time.Minute), Recent: rules.NewRecent(time.Minute)}
	limits := &in.Settings.AlertThresholds
	limits.QueueDepthThreshold, limits.ReconnectLoopThreshold = int64(s.Of(3)), int64(s.Of(4))
	limits.ConsecutiveProbeFails, limits.MissedHbPerHour = int64(1+s.Of(2)), int64(s.Of(4))
	in.Started = evening.Add(-time.Duration(s.Of(20)) * time.Minute)
	in.LeadBegan = in.Started.Add(time.Duration(s.Of(10)) * time.Minute)
	in.Recent.Restore(evening.Add(-time.Duration(s.Of(180))*time.Minute), time.Time{}, evening)
	results := map[longrun.ProbeType][]longrun.Probe{}
	for len(s.Data) > 0 {
		in.Now = in.Now.Add(time.Minute)
		in.Recent.Advance(in.Now)
		if s.Of(6) == 0 {
			in.Deaths = append(in.Deaths, rules.Death{
				InstanceID: fmt.Sprint("wa-", len(in.Deaths)), Last: in.Now.Add(-time.Duration(1+s.Of(4)) * time.Minute), Found: in.Now, By: "b",
			})
		}
		if s.Of(4) != 0 {
			in.Recent.Fill(longrun.SlotAt(in.Now, time.Minute))
		}
		if s.Of(4) == 0 { // somebody changes the settings
			in.Settings.InsufficientDataThreshold = float64(s.Of(101)) / 100
		}
		in.Beat = longrun.Beat(in.Now, time.Minute)
		in.Beat.QueueDepth, in.Beat.NeedsQRCount = int64(s.Of(4)), int64(s.Of(2))
		if s.Of(5) == 0 {
			in.Beat.StatusError = "timeout"
		}
		drawAccounts(s, in)
		drawProbes(s, in, results)
		switch {
		case s.Of(3) != 0:
		case in.Outage.Since.IsZero():
			in.Outage.Since = in.Now.Add(-time.Duration(s.Next()) * time.Second)
		default:
			in.Outage = rules.Outage{Ended: in.Now.Add(-time.Duration(s.Of(60)) * time.Second)}
		}
		look(in)
	}
}

// drawAccounts: some go by one name.
func drawAccounts(s *drawtest.Source, in *rules.Inputs) {
	in.Accounts = in.Accounts[:0]
	for range s.Of(5) {
		in.Accounts = append(in.Accounts, longrun.AccountStatus{
			ID: []string{"sales", "+49…12", "+49…12", "+40…7"}[s.Of(4)], LoggedOut: s.Of(3) == 0, Since: in.Now.Add(-time.Duration(s.Next()) * time.Minute),
			Reconnects: int64(s.Of(7)), FirstReconnect: in.Now.Add(-50 * time.Minute), LastReconnect: in.Now.Add(-time.Duration(s.Of(14)) * time.Minute),
		})
	}
}

func drawProbes(s *drawtest.Source, in *rules.Inputs, results map[longrun.ProbeType][]longrun.Probe) {
	in.Probes, in.ProbesKnown = in.Probes[:0], s.Of(5) != 0
	for _, kind := range []longrun.ProbeType{longrun.Outbound, longrun.Inbound} {
		if !in.ProbesKnown || s.Of(4) == 0 {
			continue
		}
		if s.Of(2) == 0 {
			results[kind] = append(results[kind], longrun.Probe{
				Type: kind, TS: in.Now, ProbeKey: fmt.Sprint(kind, len(results[kind])),
				Result: []longrun.ProbeResult{longrun.Fail, longrun.Pass, longrun.Inconclusive}[s.Of(3)],
			})
		}
		in.Probes = append(in.Probes, rules.Probed{
			Type: kind, Recent: results[kind], Settle: time.Duration(s.Of(4)) * time.Minute, Schedule: longrun.ProbeSchedule{Every: 2 * time.Minute},
		})
	}
}

// FuzzJudge: the table makes of whatever is seen what the checks do when they
// are called by hand: the same states, incidents, evidence and messages.
func FuzzJudge(f *testing.F) {
	for i := range seedtest.Histories(300) {
		f.Add(drawtest.Noise(i))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		table := seedTable()
		byTable, byHand := newBoard(table), newHandBoard()
		drawLooks(data, func(in *rules.Inputs) {
			byTable.look(table, in)
			byHand.lookByHand(in)
			slices.Sort(byHand.gone)
			require.Equal(t, byHand.gone, byTable.gone)
			require.Equal(t, byHand.alarms, byTable.alarms)
		})
	})
}

// The seeds of FuzzJudge meet what it is there for: each rule fires and ends, is
// muted where it can be, and is about something that is gone where that can be.
func TestTheDrawnLooksMeetEveryRule(t *testing.T) {
	t.Parallel()
	ended, gone, muted := map[longrun.RuleID]int{}, map[string]int{}, map[longrun.RuleID]int{}
	for i := range 300 {
		b := newBoard(seedTable())
		drawLooks(drawtest.Noise(i), func(in *rules.Inputs) {
			b.look(seedTable(), in)
			for _, g := range b.gone {
				gone[g]++
			}
		})
		for _, al := range b.alarms {
			for _, i := range al.Incidents {
				if i.End != nil {
					ended[al.State.Rule]++
				}
			}
			for _, told := range al.Told {
				if told.Muted != "" {
					muted[al.State.Rule]++
				}
			}
		}
	}
	for _, r := range seedTable().IDs() {
		require.Greater(t, ended[r], 5, r)
	}
	require.ElementsMatch(t, []longrun.RuleID{rules.InstanceDied, rules.QueueDepth, rules.InsufficientData}, keys(muted))
	require.Subset(t, keys(gone), []string{"logged_out ", "logged_out +49…12", "reconnect_loop sales", "probe_fails outbound", "probe_overdue inbound"})
}

func keys[K comparable](m map[K]int) (all []K) {
	for k := range m {
		all = append(all, k)
	}
	return all
}

// disk is a made-up thing for a made-up rule.
type disk struct {
	name string
	full bool
}

// A new rule is a row and nothing else: it is judged, muted, told, and resolved
// when what it is about is gone.
func TestANewRuleIsARow(t *testing.T) {
	t.Parallel()
	const diskFull, powerLost longrun.RuleID = "disk_full", "power_lost"
	var disks []disk
	mounted, power := true, true
	table := append(rules.Table{{
		ID: powerLost, Severity: longrun.Critical, Mutes: []longrun.RuleID{diskFull}, Each: rules.TheHost,
		Check: func(rules.State, *rules.Inputs, rules.Target) rules.Finding {
			if power {
				return rules.Finding{Condition: rules.Good}
			}
			return rules.Finding{Condition: rules.Bad}
		},
	}}, append(rules.All(), rules.Rule{
		ID: diskFull, Severity: longrun.Warning, Policy: rules.Policy{Bad: 2, OK: 2},
		Each: func(_ *rules.Inputs, room []rules.Target) []rules.Target {
			for _, d := range disks {
				room = append(room, rules.Target{Name: d.name})
			}
			return room
		},
		Known: func(*rules.Inputs) bool { return mounted },
		Check: func(_ rules.State, _ *rules.Inputs, target rules.Target) rules.Finding {
			i := slices.IndexFunc(disks, func(d disk) bool { return d.name == target.Name })
			if disks[i].full {
				return rules.Finding{Condition: rules.Bad, Summary: "full"}
			}
			return rules.Finding{Condition: rules.Good}
		},
	})...)

	s := newSlotOfRules(time.Minute)
	b := newBoard(table)
	look := func() *alarm {
		s.in.Now = s.in.Now.Add(time.Minute)
		s.in.Recent.Advance(s.in.Now)
		s.in.Recent.Fill(longrun.SlotAt(s.in.Now, time.Minute))
		b.look(table, &s.in)
		return b.at(diskFull, "/data")
	}

	disks = []disk{{"/", false}, {"/data", true}}
	require.Equal(t, rules.Pending, look().State.Phase)
	power = false
	al := look()
	require.Equal(t, rules.Firing, al.State.Phase)
	require.Equal(t, longrun.Warning, al.Incidents[0].Severity)
	require.Equal(t, powerLost, al.Told[len(al.Told)-1].Muted)
	require.False(t, al.State.Notified)
	power = true
	require.True(t, look().State.Notified, "told when it is muted no longer")

	// The disk goes, when nobody can tell and when somebody can.
	disks, mounted = disks[:1], false
	require.Zero(t, look().State.OKStreak)
	mounted = true
	require.Equal(t, int64(1), look().State.OKStreak)
	require.Equal(t, []string{"disk_full /data"}, b.gone)
	gone := s.in.Now
	require.Equal(t, rules.Inactive, look().State.Phase)
	require.Equal(t, gone, *al.Incidents[0].End, "since it was first seen to be gone")
	look()
	require.Empty(t, b.gone)
	require.Len(t, b.alarms, 2, "the other rules, and the other disk, had nothing to say")

	// One that was only suspected is forgotten, and begins anew when it comes back.
	disks = append(disks, disk{"/data", true})
	require.Equal(t, rules.Pending, look().State.Phase)
	disks = disks[:1]
	require.Equal(t, rules.Inactive, look().State.Phase)
}

// Things that go by one name are one target: one finding, Bad while any is, Good
// when all are, and with the evidence of all.
func TestWhatGoesByOneNameIsOneTarget(t *testing.T) {
	t.Parallel()
	all := []rules.Condition{rules.Unseen, rules.Good, rules.Bad}
	began := evening.Add(-time.Hour)
	firing := rules.State{Rule: "made_up", Target: "x", Phase: rules.Firing, Since: &began}
	for _, first := range all {
		for _, second := range all {
			for _, state := range []rules.State{{}, firing} {
				seen := []rules.Condition{first, second}
				next := 0
				table := rules.Table{{
					ID: "made_up",
					Each: func(_ *rules.Inputs, room []rules.Target) []rules.Target {
						return append(room, rules.Target{Name: "x"}, rules.Target{Name: "x"})
					},
					Check: func(s rules.State, _ *rules.Inputs, _ rules.Target) rules.Finding {
						require.Equal(t, state, s)
						f := rules.Finding{Condition: seen[next], Observed: float64(next), Accounts: []string{"both", fmt.Sprint(next)}}
						next++
						return f
					},
				}}
				b := newBoard(table)
				if state.Rule != "" {
					b.alarms[alarmKey{"made_up", "x"}] = &alarm{State: state}
				}
				var found []rules.Finding
				table.Judge(&rules.Inputs{}, b, func(f rules.Finding) { found = append(found, f) })

				want, of := rules.Good, 0
				switch {
				case slices.Contains(seen, rules.Bad):
					want, of = rules.Bad, slices.Index(seen, rules.Bad)
				case slices.Contains(seen, rules.Unseen):
					want, of = rules.Unseen, slices.Index(seen, rules.Unseen)
				}
				if state.Rule == "" && want != rules.Bad {
					require.Empty(t, found)
					continue
				}
				require.Len(t, found, 1)
				require.Equal(t, want, found[0].Condition, "%v and %v", first, second)
				require.Equal(t, float64(of), found[0].Observed, "the first of them speaks") //nolint:testifylint // small whole numbers
				accounts := []string{"both", fmt.Sprint(of)}
				if first == rules.Bad && second == rules.Bad {
					accounts = []string{"both", "0", "1"}
				}
				require.Equal(t, accounts, found[0].Accounts)
			}
		}
	}
}

// States of rules that there are not, or that others judge, are left alone; so are
// targets where it is not known which there are.
func TestWhatIsNotKnownIsLeftAlone(t *testing.T) {
	t.Parallel()
	began := evening.Add(-time.Hour)
	left := []rules.State{
		{Rule: "of_tomorrow", Target: "x"},
		{Rule: rules.QueueDepth, Target: "x"},
		{Rule: rules.MissedHeartbeats, Target: "x"},
		{Rule: rules.InsufficientData, Target: "x"},
		{Rule: rules.StoreUnreachable},
	}
	accounts := []rules.State{{Rule: rules.LoggedOut, Target: "x"}, {Rule: rules.ReconnectLoop, Target: "x"}, {Rule: rules.PhoneLost, Target: "x"}}
	probes := []rules.State{{Rule: rules.ProbeFails, Target: "x"}, {Rule: rules.ProbeOverdue, Target: "x"}}
	for _, answers := range []bool{false, true} {
		for _, known := range []bool{false, true} {
			s := newSlotOfRules(time.Minute)
			s.in.ProbesKnown = known
			var want []string
			if !answers {
				s.in.Beat.StatusError = "timeout"
			} else {
				want = append(want, "logged_out x", "reconnect_loop x", "phone_lost x")
			}
			if known {
				want = append(want, "probe_fails x", "probe_overdue x")
			}
			b := newBoard(rules.All())
			for _, state := range slices.Concat(left, accounts, probes) {
				state.Phase, state.Since = rules.Firing, &began
				b.alarms[alarmKey{state.Rule, state.Target}] = &alarm{State: state, Incidents: make([]incident, 1)}
			}
			b.look(rules.All(), &s.in)
			slices.Sort(want)
			require.Equal(t, want, b.gone)
		}
	}
}
