package rules_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// probeTable is of the rules about probes.
func probeTable() (t rules.Table) {
	for _, row := range rules.All() {
		if row.ID == rules.ProbeFails || row.ID == rules.ProbeOverdue {
			t = append(t, row)
		}
	}
	return t
}

// accountsProbed are the outbound and inbound probes of n accounts, whose newest two
// results fail where failing says.
func accountsProbed(n int, now time.Time, failing func(account int) bool) (all []rules.Probed) {
	for i := range n {
		for _, kind := range []longrun.ProbeType{longrun.Inbound, longrun.Outbound} {
			p := rules.Probed{Type: kind, Name: fmt.Sprint("ops-", i), Account: fmt.Sprint("ops-", i), Schedule: longrun.ProbeSchedule{Every: 6 * time.Hour}}
			for k := range 2 {
				at := now.Add(time.Duration(k-2) * time.Minute)
				r := longrun.Probe{Type: kind, Name: p.Name, TS: at, Result: longrun.Pass, ProbeKey: p.Named().ID(at, longrun.ByHand, longrun.ProbeSchedule{})}
				if failing(i) {
					r.Result = longrun.Fail
				}
				p.Recent = append(p.Recent, r)
			}
			all = append(all, p)
		}
	}
	return all
}

func probeInputs(now time.Time) *rules.Inputs {
	return &rules.Inputs{
		Now: now, Beat: longrun.Beat(now, time.Minute), Settings: longrun.DefaultSettings(time.Minute), Recent: rules.NewRecent(time.Minute),
		ProbesKnown: true, Started: now.Add(-24 * time.Hour), LeadBegan: now.Add(-24 * time.Hour),
	}
}

// Two accounts are two alarms of two probes each; four of two hundred are one, told
// once, with the accounts and not the probes in it; and when they are well again, it
// ends.
func TestProbesOfManyAccountsThatFailAreOneMessage(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for n, together := range map[int]bool{2: false, 3: false, 4: true, 150: true} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			table := probeTable()
			b := newBoard(table)
			in := probeInputs(now)
			in.Probes = accountsProbed(200, now, func(i int) bool { return i < n })
			b.look(table, in)
			told := 0
			for key, al := range b.alarms {
				if len(al.Told) > 0 && al.Told[0].Kind == longrun.NoticeFiring {
					told++
					require.Equal(t, together, key.target == rules.Together, key.target)
				}
			}
			require.Equal(t, rules.Firing, b.State(rules.ProbeFails, "outbound ops-0").Phase)
			if !together {
				require.Equal(t, 2*n, told)
				return
			}
			require.Equal(t, 1, told)
			i := b.at(rules.ProbeFails, rules.Together).Incidents[0]
			require.Contains(t, i.Summary, fmt.Sprint(n, " of 200 accounts have probes that fail since 11:58 UTC (2026-03-01): ops-"))
			require.Len(t, i.Accounts, min(n, longrun.MaxEvidence))
			require.Len(t, i.Probes, min(4*n, longrun.MaxEvidence))

			in.Now = now.Add(time.Minute)
			in.Beat = longrun.Beat(in.Now, time.Minute)
			in.Probes = accountsProbed(200, in.Now, func(int) bool { return false })
			b.look(table, in)
			require.Equal(t, rules.Inactive, b.State(rules.ProbeFails, rules.Together).Phase)
			for _, al := range b.alarms {
				require.Equal(t, rules.Inactive, al.State.Phase)
			}
		})
	}
}

// All the probes of one account are one account, and those that are nobody's are
// told each for itself.
func TestSeveralProbesOfOneAccountAreNotMany(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for account, name := range map[string]string{"ops-1": "ops-1", "": ""} {
		table := probeTable()
		b := newBoard(table)
		in := probeInputs(now)
		for _, kind := range []longrun.ProbeType{longrun.Inbound, longrun.Outbound, longrun.Queue, "web", rules.Together} {
			p := rules.Probed{Type: kind, Name: name, Account: account, Schedule: longrun.ProbeSchedule{Every: time.Hour}}
			for k := range 2 {
				p.Recent = append(p.Recent, longrun.Probe{Type: kind, Name: name, TS: now.Add(time.Duration(k-2) * time.Minute), Result: longrun.Fail, ProbeKey: fmt.Sprint(kind, k)})
			}
			in.Probes = append(in.Probes, p)
		}
		b.look(table, in)
		require.Equal(t, rules.State{}, b.State(rules.ProbeFails, rules.Together))
		require.Len(t, b.alarms, 5)
		for key, al := range b.alarms {
			require.Equal(t, longrun.NoticeFiring, al.Told[0].Kind, key.target)
		}
	}
}

// The results of one name say nothing of another, and what is off is not overdue.
func TestRulesAboutProbesKnowThemByTypeAndName(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	one := accountsProbed(1, now, func(int) bool { return true })[1]
	f := rules.CheckProbeFails(one.Named(), one.Recent, 2)
	require.Equal(t, rules.Bad, f.Condition)
	require.Equal(t, "outbound ops-0", f.Target)
	require.Equal(t, "2 outbound probes of ops-0 failed in a row since 11:58 UTC (2026-03-01), 2 in a row are too many", f.Summary)
	require.Equal(t, rules.Unseen, rules.CheckProbeFails(longrun.NamedProbe{Type: longrun.Outbound}, one.Recent, 2).Condition)
	late := now.Add(100 * time.Hour)
	f = rules.CheckProbeOverdue(one.Named(), one.Recent, one.Schedule, now, late, 2)
	require.Equal(t, rules.Bad, f.Condition)
	require.Contains(t, f.Summary, "the last outbound probe of ops-0 that passed or failed was at 11:59 UTC")

	table := probeTable()
	for _, off := range []bool{false, true} {
		b := newBoard(table)
		in := probeInputs(late)
		one.Off = off
		in.Probes = []rules.Probed{one}
		b.look(table, in)
		require.Equal(t, !off, b.State(rules.ProbeOverdue, "outbound ops-0").Phase == rules.Firing)
	}
}

// Nothing is made at rest of a probe that has a name.
func TestProbesWithNamesCostNothingAtRest(t *testing.T) { //nolint:paralleltest // it counts
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	table := probeTable()
	b := newBoard(table)
	in := probeInputs(now)
	in.Probes = accountsProbed(200, now, func(int) bool { return false })
	b.look(table, in)
	require.Zero(t, testing.AllocsPerRun(10, func() { b.look(table, in) }))
}
