package alarming_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

func deep() func(int) longrun.HostStatus {
	return func(int) longrun.HostStatus { s := calm(0); s.QueueDepth = 500; return s }
}

// One trouble from its first beat to the word that it is over: state, incident and
// message are one commit.
func TestAnIncidentOpensIsToldAndEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.begin()
		b.slots(5, calm)
		began := time.Now().UTC()
		b.slots(70, deep())
		require.Equal(t, []string{"firing queue_depth", "reminder queue_depth"}, b.said(), "once in a throttle")
		s := b.board.Status()
		require.Len(t, s.Alarms, 1)
		require.Equal(t, rules.Firing, s.Alarms[0].Phase)
		require.NotEmpty(t, s.Alarms[0].Summary)
		require.Equal(t, b.deps.Slot()-1, longrun.SlotAt(s.Judged, time.Minute))
		b.slots(10, calm)
		require.Equal(t, []string{"firing queue_depth", "reminder queue_depth", "resolved queue_depth"}, b.said())
		b.end()
		for _, commit := range b.lead.Commits() {
			ops := commit.Ops
			in := map[ledger.Collection]bool{}
			for _, op := range ops {
				c := op.Key.Collection[strings.LastIndex(op.Key.Collection, "/")+1:]
				in[ledger.Collection(c)] = true
			}
			require.True(t, !in[ledger.Incidents] || in[ledger.Rules] && in[ledger.Outbox], "state, incident and message together")
		}
		all := documents[longrun.Incident](b, ledger.Incidents)
		require.Len(t, all, 1)
		for _, i := range all {
			require.Equal(t, began, i.TSStart)
			require.InDelta(t, 70*60, *i.MTTRSec, 1)
			require.EqualValues(t, 1, i.Reminders)
		}
		require.Len(t, b.changed, 2, "it opened, and it ended")
	})
}

// Others led in a gap and wrote nothing: the message and the incident do not call frozen who
// wrote on both sides, whether its beat is stored by then or not.
func TestAGapInWhichOthersLedIsNoStall(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		epoch  int64 // of the first beat behind the gap
		stored bool  // as it is told
		want   longrun.Cause
	}{
		"others led":                  {9, false, longrun.Unknown},
		"others led, and it is there": {9, true, longrun.Unknown},
		"nobody led":                  {8, false, longrun.Stall},
		"nobody led, and it is there": {8, true, longrun.Stall},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				began := time.Now()
				h := func(epoch int64) longrun.Heartbeat {
					h := longrun.Beat(time.Now(), time.Minute)
					h.InstanceID, h.CommitHash, h.Healthy, h.UptimeSec, h.Epoch = "a", "c0ffee", true, int64(time.Since(began)/time.Second)+60, epoch
					return h
				}
				b.put(ledger.Heartbeats, h(7).BucketID, h(7))
				time.Sleep(6 * time.Minute)
				b.begin()
				b.lead.Token = c.epoch
				made := h(0) // whoever makes it does not know under which epoch it will be written
				if c.stored {
					b.put(ledger.Heartbeats, made.BucketID, h(c.epoch))
				}
				b.board.Made(made, calm(0))
				b.board.LookAtStore(t.Context())
				time.Sleep(30 * time.Second)
				b.end()
				all := documents[longrun.Incident](b, ledger.Incidents)
				require.Len(t, all, 1)
				for _, i := range all {
					require.Equal(t, rules.MissedHeartbeats, i.Rule)
					require.Len(t, i.Gaps, 1)
					require.Equal(t, c.want, i.Gaps[0].Cause)
					require.Equal(t, c.want == longrun.Stall, strings.Contains(i.Cause, "frozen"), i.Cause)
				}
			})
		})
	}
}

// A lead ends in the middle; the next one, another process, goes on there.
func TestAnotherProcessGoesOnWhereThisOneStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.begin()
		b.slots(5, calm)
		b.slots(5, deep())
		b.end()
		b.restart()
		b.begin()
		b.slots(5, deep())
		require.Equal(t, 1, b.firing())
		b.slots(10, calm)
		b.end()
		require.Equal(t, []string{"firing queue_depth", "resolved queue_depth"}, b.said())
		require.Len(t, documents[longrun.Incident](b, ledger.Incidents), 1)
	})
}

func TestWhatIsMutedIsRecordedAndNotTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		_, err := b.board.Silence(t.Context(), longrun.Silence{Rule: rules.QueueDepth, Until: time.Now().Add(time.Hour), By: "ops"})
		require.NoError(t, err)
		b.begin()
		b.slots(5, calm)
		b.slots(30, deep())
		require.Empty(t, b.said())
		require.Contains(t, b.board.Status().Alarms[0].Muted, "silence ")
		require.Len(t, documents[longrun.Incident](b, ledger.Incidents), 1)
		b.slots(30, deep())
		require.Equal(t, []string{"firing queue_depth"}, b.said(), "when the silence is over")
		b.end()
	})
}

// Firestore repeats a write whose reply was lost, and is told of a conflict.
func TestASilenceThatLandedIsNoConflict(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.st.Inject(storetest.Fault{After: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Commit {
				return &store.ConflictError{Key: c.Key}
			}
			return nil
		}})
		s, err := b.board.Silence(t.Context(), longrun.Silence{Until: time.Now().Add(time.Hour), By: "ops"})
		require.NoError(t, err)
		held, err := b.board.Silences(t.Context())
		require.NoError(t, err)
		require.Equal(t, []longrun.Silence{s}, held)
		ended, err := b.board.EndSilence(t.Context(), s.SilenceID)
		require.NoError(t, err)
		require.Equal(t, time.Now().UTC(), ended.Until)
	})
}

func TestSilencesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		for range 1500 {
			_, err := b.board.Silence(t.Context(), longrun.Silence{Rule: rules.LoggedOut, Until: time.Now().Add(time.Hour)})
			require.NoError(t, err)
		}
		_, err := b.board.Silence(t.Context(), longrun.Silence{Rule: rules.QueueDepth, Until: time.Now().Add(2 * time.Hour)})
		require.NoError(t, err)
		b.begin()
		b.slots(5, deep())
		b.end()
		require.Empty(t, b.said())
		silences := b.board.Mutes()
		require.Equal(t, 1000, silences)
	})
}

// Five hundred account names that nobody has seen come in each slot for half an
// hour, are out, and go.
func TestAFloodOfNewTargetsIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.begin()
		b.slots(5, calm)
		flood := func(slot int) longrun.HostStatus {
			s := accounts(0, nil)
			for i := range 500 {
				s.Accounts = append(s.Accounts, longrun.AccountStatus{ID: "x" + name(slot*500 + i)[8:] + "z", LoggedOut: true})
			}
			return s
		}
		b.slots(30, flood)
		s := b.board.Status()
		require.LessOrEqual(t, len(s.Alarms), 1000)
		require.Equal(t, 500, s.LeftOut)
		require.Equal(t, 1, b.log.count("more targets are in trouble than are watched"))
		b.slots(10, calm)
		require.LessOrEqual(t, len(b.states()), 1000)
		require.Zero(t, b.board.Status().LeftOut)
		require.Zero(t, b.firing())
		// After a rest they make room for one that matters.
		b.slots(180, calm)
		b.slots(3, func(int) longrun.HostStatus { return accounts(1, all) })
		require.Contains(t, b.said(), "firing logged_out "+name(0))
		require.Len(t, b.states(), 1, "the others are forgotten")
		b.end()
	})
}

// On the word of a clock that is not trusted no state is deleted.
func TestNoStateIsDeletedOnOneClocksWord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.begin()
		b.slots(5, calm)
		b.slots(2, func(int) longrun.HostStatus { return accounts(1000, all) })
		b.slots(5, calm)
		require.Equal(t, 1000, b.statesOf(rules.LoggedOut))
		b.distrust.Store(true)
		time.Sleep(40 * 24 * time.Hour)
		b.slots(3, func(int) longrun.HostStatus { return accounts(1001, func(i int) bool { return i == 1000 }) })
		require.Equal(t, 1000, b.statesOf(rules.LoggedOut), "the new one is left out")
		require.Equal(t, 1, b.board.Status().LeftOut)
		b.distrust.Store(false)
		b.slots(3, func(int) longrun.HostStatus { return accounts(1001, func(i int) bool { return i == 1000 }) })
		require.Equal(t, 1, b.statesOf(rules.LoggedOut))
		require.Zero(t, b.board.Status().LeftOut)
		b.end()
	})
}

func TestStatesOfAMonthAgoArePrunedBitByBit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		old := time.Now().Add(-31 * 24 * time.Hour).UTC()
		for i := range 700 {
			s := rules.State{TS: old.Add(time.Duration(i) * time.Second), Rule: rules.LoggedOut, Target: name(i), Phase: rules.Inactive, LastEnd: &old}
			b.put(ledger.Rules, s.ID(), s)
		}
		later := rules.State{TS: old, Rule: "of_a_later_version", Phase: rules.Inactive}
		b.put(ledger.Rules, later.ID(), later)
		b.put(ledger.Rules, "mangled", map[string]any{"ts": old, "state": 7})
		young := rules.State{TS: time.Now().Add(-29 * 24 * time.Hour).UTC(), Rule: rules.LoggedOut, Target: "young", Phase: rules.Inactive, LastEnd: &old}
		b.put(ledger.Rules, young.ID(), young)
		b.begin()
		b.slots(9, calm)
		require.Equal(t, 701, b.statesOf(rules.LoggedOut))
		b.slots(2, calm)
		require.InDelta(t, 501, b.statesOf(rules.LoggedOut), 2, "a pass is bounded")
		b.slots(10, calm)
		left := b.states()
		require.Len(t, left, 2, "a later version's, and the young one")
		require.Len(t, b.board.Status().Alarms, 1)
		scans := b.st.Calls(storetest.Scan)
		b.slots(600, calm)
		require.Equal(t, scans, b.st.Calls(storetest.Scan), "nothing is read at rest")
		b.end()
	})
}

// What the host says is nonsense: ten thousand accounts, one name for many of
// them, states that change in each slot.
func TestNonsenseOfTheHostIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.begin()
		b.slots(5, calm)
		b.slots(8, func(n int) longrun.HostStatus {
			s := accounts(10_000, func(i int) bool { return (i+n)%2 == 0 })
			for i := range 3000 {
				s.Accounts[i].ID = "4071234567" + name(i)[12:] // a number: masked, and then the same
			}
			return s
		})
		require.LessOrEqual(t, len(b.board.Status().Alarms), 1000)
		require.LessOrEqual(t, b.board.Status().Waiting, 5000)
		require.Equal(t, longrun.SlotAt(b.board.Status().Judged, time.Minute), b.deps.Slot()-1)
		b.end()
	})
}

func TestASlotAtRestAllocatesNothing(t *testing.T) {
	b := newBench(t)
	status := accounts(200, nil)
	for i := range 20 {
		status.Accounts[i].ID = "+40712345678" + name(i)[12:]
	}
	look := b.board.Looker(leadtestOf(b))
	look(status.Accounts) // what is kept is kept now
	require.Zero(t, testing.AllocsPerRun(100, func() { look(status.Accounts) }))
}

// The store does not take what was decided for a while; nothing is lost and
// nothing said twice.
func TestWhatCannotBeWrittenIsWrittenLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.begin()
		b.slots(5, calm)
		heal := b.st.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Commit {
				return context.DeadlineExceeded
			}
			return nil
		}})
		b.slots(5, deep())
		require.Empty(t, b.said())
		require.Empty(t, b.changed)
		heal()
		b.slots(3, deep())
		require.Equal(t, []string{"firing queue_depth"}, b.said())
		require.Len(t, b.changed, 1)
		b.end()
	})
}

// A simulated year in which accounts come, trouble and go, processes
// change, and the channel fails. What is kept is bounded.
func TestAYearOfChurnLeavesLittle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, slowly)
		b.settings = longrun.DefaultSettings(2 * time.Hour)
		churn := 0
		for range 53 {
			b.rec.Reset()
			b.rec.Then(alerttest.Fail(context.DeadlineExceeded), alerttest.RetryAfter(time.Hour), alerttest.OK())
			b.restart()
			b.begin()
			b.slots(7*12, func(int) longrun.HostStatus {
				s := accounts(3, nil)
				for range 3 {
					churn++
					s.Accounts = append(s.Accounts, longrun.AccountStatus{ID: "guest-" + name(churn)[8:] + "g", LoggedOut: true})
				}
				return s
			})
			status := b.board.Status()
			require.LessOrEqual(t, len(status.Alarms), 1003)
			require.Less(t, status.Waiting, 20)
			b.end()
		}
		require.LessOrEqual(t, len(b.states()), 1010)
		require.Greater(t, churn, 13_000)
	})
}

func TestAtRestNothingIsReadOrWritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.begin()
		b.slots(10, calm)
		calls := b.st.Calls(storetest.Get) + b.st.Calls(storetest.Scan) + b.st.Calls(storetest.Commit)
		b.slots(2*24*60, calm)
		require.Equal(t, calls, b.st.Calls(storetest.Get)+b.st.Calls(storetest.Scan)+b.st.Calls(storetest.Commit))
		b.end()
	})
}
