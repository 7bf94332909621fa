package alarming_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// firingIn puts n accounts that are out, each since a while, into the store, with
// their incidents.
func (b *bench) firingIn(r longrun.RuleID, n int, since func(int) time.Time) {
	for i := range n {
		at := since(i).UTC().Truncate(time.Microsecond)
		s := rules.State{TS: at, Rule: r, Target: name(i), Phase: rules.Firing, Since: &at, Notified: true, Seq: 1, LastSent: &at}
		s.IncidentID = rules.IncidentID(r, s.Target, at)
		b.put(ledger.Rules, s.ID(), s)
		b.put(ledger.Incidents, s.IncidentID, longrun.Incident{IncidentID: s.IncidentID, Rule: r, Target: s.Target, TS: at, TSStart: at, Summary: "of " + name(i)})
	}
}

// looping are accounts that are out and reconnect without end.
func looping(n int) func(int) longrun.HostStatus {
	return func(int) longrun.HostStatus {
		s := accounts(n, all)
		for i := range s.Accounts {
			s.Accounts[i].Reconnects, s.Accounts[i].FirstReconnect, s.Accounts[i].LastReconnect = 20, time.Now().Add(-time.Hour), time.Now()
		}
		return s
	}
}

// A leader takes over while 1,100 alarms fire, from a store whose reads cost 60 ms.
func TestATakeOverOfManyAlarmsFromASlowStore(t *testing.T) {
	t.Parallel()
	for how, since := range map[string]func(int) time.Time{
		"together": func(int) time.Time { return time.Now().Add(-30 * time.Minute) },
		"over a month, among many others": func(i int) time.Time {
			return time.Now().Add(-time.Duration(i) * 40 * time.Minute)
		},
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				b.firingIn(rules.LoggedOut, 1000, since)
				b.firingIn(rules.ReconnectLoop, 100, since)
				if how != "together" {
					for i := range 8000 {
						at := time.Now().Add(-time.Duration(i) * 5 * time.Minute).UTC()
						id := fmt.Sprintf("other_%d", i)
						b.put(ledger.Incidents, id, longrun.Incident{IncidentID: id, Rule: rules.QueueDepth, TS: at, TSStart: at, TSEnd: &at})
					}
				}
				_, reads := b.slow(60 * time.Millisecond)
				began := time.Now()
				b.beat(looping(1000)(0))
				b.begin()
				for b.board.Status().Judged.IsZero() {
					b.slots(1, looping(1000))
					require.LessOrEqual(t, time.Since(began), 2*time.Minute)
				}
				if how == "together" {
					require.Less(t, reads.Load(), int64(100))
				} else {
					require.Less(t, reads.Load(), int64(1200))
				}
				synctest.Wait()
				s := b.board.Status()
				require.GreaterOrEqual(t, len(s.Alarms), 1100)
				for _, a := range s.Alarms[:100] {
					require.Equal(t, "of "+a.Target, a.Summary, "its own incident")
				}
				b.end()
			})
		})
	}
}

// A store that breaks off every read after a while is read to the end all the
// same, and nothing twice.
func TestWhatATakeOverHasReadCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.firingIn(rules.LoggedOut, 1000, func(int) time.Time { return time.Now().Add(-30 * time.Minute) })
		records, broke := 0, 0
		b.st.Inject(storetest.Fault{Record: func(_ context.Context, _ storetest.Call, n int) error {
			if n > 150 {
				broke++
				return context.DeadlineExceeded
			}
			records++
			return nil
		}})
		b.begin()
		b.slots(10, func(int) longrun.HostStatus { return accounts(1000, all) })
		require.False(t, b.board.Status().Judged.IsZero())
		require.Equal(t, 1000, b.firing())
		require.Less(t, broke, 20)
		require.Less(t, records, 2200, "states and incidents once each")
		require.Equal(t, 1, b.log.count("alerts wait: what stands in the store cannot be read"))
		require.Empty(t, b.said(), "they were told")
		b.end()
	})
}

// A store that hangs is asked with pauses, each read within its time; and the lead
// can end at any time.
func TestATakeOverFromAStoreThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		heal := b.st.Inject(storetest.Fault{Before: storetest.Hang})
		b.begin()
		b.slots(60, deep())
		require.Less(t, b.st.Calls(storetest.Get)+b.st.Calls(storetest.Scan), 60*60/13, "each within its ten seconds, and a pause")
		began := time.Now()
		b.end()
		require.Zero(t, time.Since(began))
		b.begin()
		b.slots(5, deep())
		heal()
		b.slots(5, deep())
		require.Contains(t, b.said(), "firing queue_depth")
		b.end()
	})
}

// Documents that make no sense are passed over, one line each; the rules begin
// anew and nothing is held up.
func TestDocumentsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		now := time.Now().UTC().Truncate(time.Microsecond)
		far := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
		odd := map[string]any{"ts": now, "rule": 7, "state": []string{"firing"}, "created": "yesterday", "incidentId": 3.5}
		for _, c := range []ledger.Collection{ledger.Rules, ledger.Outbox, ledger.Incidents, ledger.Silences, ledger.Heartbeats} {
			b.put(c, "odd", odd)
		}
		state := func(id string, s rules.State) {
			s.TS = now
			if id == "" {
				id = s.ID()
			}
			b.put(ledger.Rules, id, s)
		}
		state("", rules.State{Rule: "of_a_later_version", Phase: rules.Firing, Since: &now})
		state("", rules.State{Rule: rules.InsufficientData, Phase: rules.Firing}) // since never
		state("", rules.State{Rule: rules.ProbeFails, Target: "x", Phase: "burning", Since: &now})
		state("elsewhere", rules.State{Rule: rules.LoggedOut, Target: "y", Phase: rules.Firing, Since: &now})
		state("", rules.State{Rule: rules.LoggedOut, Target: strings.Repeat("z", 5000), Phase: rules.Firing, Since: &now})
		state("", rules.State{Rule: rules.LoggedOut, Target: "+40712345678", Phase: rules.Firing, Since: &now})
		state("", rules.State{Rule: rules.LoggedOut, Target: name(0), Phase: rules.Inactive, LastEnd: &far, Seq: -7, OKStreak: 1<<63 - 1})
		long := rules.State{Rule: rules.QueueDepth, Phase: rules.Firing, Since: &now, IncidentID: "long", Notified: true, Seq: 1<<63 - 1, LastSent: &now}
		state("", long)
		b.put(ledger.Incidents, "long", longrun.Incident{TS: now, Summary: strings.Repeat("long ", 100_000), Slots: make([]string, 5000), Reminders: -5})
		b.begin()
		b.slots(5, func(int) longrun.HostStatus { s := accounts(1, all); s.QueueDepth = 500; return s })
		require.Equal(t, []string{"firing logged_out " + name(0)}, b.said())
		require.Equal(t, 2, b.log.count("target is no name"))
		require.Equal(t, 1, b.log.count("state is none of"))
		require.Equal(t, 1, b.log.count("another document"))
		require.Equal(t, 6, b.log.count("a mangled document is passed over"), "those, and one each of rules and outbox")
		require.Zero(t, b.log.count("40712345678"))
		require.Equal(t, 2, b.firing())
		b.slots(10, calm)
		b.end()
		require.Equal(t, []string{"firing logged_out " + name(0), "resolved logged_out " + name(0), "resolved queue_depth"}, b.said())
		i := documents[longrun.Incident](b, ledger.Incidents)["long"]
		require.LessOrEqual(t, len(i.Summary), 310)
		require.LessOrEqual(t, len(i.Slots), longrun.MaxEvidence)
		require.Equal(t, now, i.TSStart)
	})
}

// A store that an earlier version filled: fifteen thousand states, of which some
// fire, the oldest ones.
func TestATakeOverOfAFloodKeepsWhatFires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.firingIn(rules.LoggedOut, 300, func(i int) time.Time { return time.Now().Add(-20*time.Hour - time.Duration(i)*time.Second) })
		for i := range 15_000 {
			at := time.Now().Add(-10 * time.Hour).Add(time.Duration(i) * time.Second).UTC()
			s := rules.State{TS: at, Rule: rules.LoggedOut, Target: "gone-" + name(i), Phase: rules.Inactive, LastEnd: &at, LastSent: &at, Seq: 2}
			b.put(ledger.Rules, s.ID(), s)
		}
		b.begin()
		b.slots(3, func(int) longrun.HostStatus { return accounts(300, all) })
		require.Equal(t, 300, b.firing())
		require.Len(t, b.board.Status().Alarms, 1000)
		require.NotContains(t, b.said(), "firing logged_out "+name(0))
		b.slots(15, func(int) longrun.HostStatus { return accounts(300, all) })
		require.Equal(t, 15_300, b.statesOf(rules.LoggedOut), "what is young stays, on the board or not")
		b.end()
	})
}
