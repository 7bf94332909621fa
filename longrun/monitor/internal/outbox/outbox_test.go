package outbox_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/outbox"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// Five hundred messages waited when everything was down for five days, and some a
// year. They are closed unsent, in portions, and that is one line.
func TestMessagesThatWaitedForDaysAreClosedAndSaidOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := alerttest.NewRecorder()
		b := newBench(t, rec)
		for n := range 500 {
			b.put(waitingSince(5*24*time.Hour, n))
		}
		for n := range 7 {
			b.put(waitingSince(365*24*time.Hour, 1000+n))
		}
		b.put("mangled", map[string]any{"ts": time.Now().Add(-6 * 24 * time.Hour).UTC(), "state": 7})
		id, sent := waitingSince(4*24*time.Hour, 2000)
		sent.State = longrun.Sent
		b.put(id, sent)
		b.put(waitingSince(75*time.Hour, 3000)) // within what is read first, and too old
		b.put(waitingSince(time.Hour, 3001))
		require.NoError(t, b.box.Restore(t.Context()))
		most := 0
		b.st.Inject(storetest.Fault{Record: func(_ context.Context, _ storetest.Call, n int) error { most = max(most, n); return nil }})
		b.run(10 * time.Minute)
		require.Len(t, rec.Messages(), 1, "that of an hour ago")
		require.LessOrEqual(t, most, 200, "a pass is bounded")
		closed := 0
		for e, err := range b.deps.Ledger.Notices(t.Context(), ledger.Page{}) {
			if err != nil {
				continue // the mangled one
			}
			require.NotEqual(t, longrun.Waiting, e.Value.State, e.Key.ID)
			if e.Value.State == longrun.Obsolete {
				closed++
			}
		}
		require.Equal(t, 508, closed)
		require.Equal(t, 1, b.log.count("messages that nobody was told in time are closed unsent"))
		require.Equal(t, 1, b.log.count("messages=508"))
		require.Equal(t, 1, b.log.count("a mangled document is passed over"))

		// The next lead of this process has nothing to read there again.
		scans := b.st.Calls(storetest.Scan)
		b.begin()
		require.NoError(t, b.box.Restore(t.Context()))
		most = 0
		b.run(10 * time.Minute)
		require.LessOrEqual(t, b.st.Calls(storetest.Scan)-scans, 3, "the newest one, the newest ones, and what is older")
		require.Zero(t, most)
	})
}

// What cannot be written is not forgotten: the pass comes again.
func TestWhatIsClosedIsWrittenBeforeTheNextPass(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, alerttest.NewRecorder())
		for n := range 450 {
			b.put(waitingSince(5*24*time.Hour, n))
		}
		require.NoError(t, b.box.Restore(t.Context()))
		heal := b.st.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Commit {
				return errBad
			}
			return nil
		}})
		b.run(5 * time.Minute)
		b.lead.Lose(lock.ErrLost)
		b.box.Leave(t.Context())
		heal()
		b.begin()
		require.NoError(t, b.box.Restore(t.Context()))
		b.run(10 * time.Minute)
		for id, n := range b.notices() {
			require.Equal(t, longrun.Obsolete, n.State, id)
		}
	})
}

// A clock that is a year ahead closes nothing; what it hid from the first reading
// is found and sent when it is right.
func TestNothingIsClosedOnTheWordOfAClockThatIsNotTrusted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := alerttest.NewRecorder()
		b := newBench(t, rec)
		b.put(waitingSince(time.Hour, 1))
		right := b.trusted
		b.trusted = func() (time.Time, error) { return time.Now(), errBad }
		id, old := waitingSince(80*time.Hour, 2)
		old.Created = time.Now().UTC().Add(-time.Hour) // made under another clock
		b.put(id, old)
		require.NoError(t, b.box.Restore(t.Context()))
		time.Sleep(100 * time.Hour) // as the clock says
		b.box.Tidy(t.Context())
		require.Equal(t, 1, b.box.Waiting())
		b.draft.Write(t.Context())
		time.Sleep(time.Hour)
		b.box.Tidy(t.Context())
		b.draft.Write(t.Context())
		for id, n := range b.notices() {
			require.Equal(t, longrun.Waiting, n.State, id)
		}
		b.trusted = right
		b.run(5 * time.Minute)
		require.Empty(t, rec.Messages())
		for _, n := range b.notices() {
			require.Equal(t, longrun.Obsolete, n.State)
		}
	})
}

func TestAnOldLookingMessageThatIsYoungIsSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := alerttest.NewRecorder()
		b := newBench(t, rec)
		id, n := waitingSince(80*time.Hour, 2)
		n.Created = time.Now().UTC().Add(-time.Hour)
		b.put(id, n)
		require.NoError(t, b.box.Restore(t.Context()))
		b.run(time.Minute)
		require.Equal(t, []string{"firing old_00002"}, said(rec.Messages()))
	})
}

// A clock that is set back between two decisions turns nothing round and holds nothing
// up, in the lead that decided them and in the next one.
func TestNoClockThatWasSetMakesOneWordOvertakeAnother(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 1))
			rec := alerttest.NewRecorder()
			b := newBench(t, rec)
			for target := range 3 {
				for seq := range int64(12) { // the tenth sorts before the ninth as a text
					b.now = time.Now().Add(time.Duration(rng.IntN(7200)-3600) * time.Second)
					b.queueOf(fmt.Sprintf("i%d-%d", target, seq/2), fmt.Sprint("t", target), 1+seq, []longrun.NoticeKind{longrun.NoticeFiring, longrun.NoticeResolved}[seq%2])
				}
			}
			if seed%2 == 0 { // whoever leads next reads them
				require.True(t, b.draft.Write(t.Context()))
				b.begin()
				require.NoError(t, b.box.Restore(t.Context()))
			}
			b.run(5 * time.Minute)
			next := map[string]int{}
			for _, m := range rec.Messages() {
				for _, p := range append(m.Parts, m) {
					if p.Target == "" {
						continue
					}
					next[p.Target]++
					require.True(t, strings.HasSuffix(p.Key, fmt.Sprint("-", next[p.Target])), "seed %d: %s came as number %d", seed, p.Key, next[p.Target])
				}
			}
			require.Equal(t, map[string]int{"t0": 12, "t1": 12, "t2": 12}, next, "seed %d", seed)
		})
	}
}

func TestARestoreGoesOnWhereItBroke(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, alerttest.NewRecorder())
		for n := range 100 {
			b.put(waitingSince(time.Hour+time.Duration(n)*time.Second, n))
		}
		read := 0
		b.st.Inject(storetest.Fault{Record: func(_ context.Context, _ storetest.Call, n int) error {
			if read++; n > 30 {
				return errBad
			}
			return nil
		}})
		tries := 0
		for b.box.Restore(t.Context()) != nil {
			tries++
		}
		require.Equal(t, 3, tries)
		require.Equal(t, 104, read, "the newest, and nothing twice but where it broke")
		require.Equal(t, 100, b.box.Waiting())
	})
}

func TestNothingIsSentBeforeItsClaimIsWritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := alerttest.NewRecorder()
		b := newBench(t, rec)
		heal := b.st.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			for _, op := range c.Ops {
				if n, ok := op.Value.(longrun.Notice); ok && n.ClaimedUntil != nil {
					return errBad
				}
			}
			return nil
		}})
		b.queue("ops", 1, longrun.NoticeFiring)
		b.run(10 * time.Minute)
		require.Empty(t, rec.Calls())
		require.Less(t, len(b.lead.Commits()), 120, "with pauses")
		heal()
		b.run(2 * time.Minute)
		require.Equal(t, []string{"firing ops"}, said(rec.Messages()))
		for _, n := range b.notices() {
			require.EqualValues(t, 1, n.Attempts)
		}
	})
}

// A leader died while it sent: its successor waits until that cannot be under way
// any more, and lets nothing of the incident overtake it.
func TestAClaimOfAnotherIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := alerttest.NewRecorder()
		b := newBench(t, rec)
		now := time.Now().UTC()
		until := now.Add(15 * time.Second)
		n := longrun.Notice{TS: now, Created: now, Kind: longrun.NoticeFiring, State: longrun.Waiting, Key: "#logged_out-ops-1", IncidentID: "logged_out_ops", Rule: rules.LoggedOut, Target: "ops", ClaimedBy: "b", ClaimedUntil: &until}
		b.put("logged_out_ops_1", n)
		require.NoError(t, b.box.Restore(t.Context()))
		b.queue("ops", 2, longrun.NoticeResolved)
		b.run(14 * time.Second)
		require.Empty(t, rec.Calls())
		b.run(10 * time.Second)
		require.Equal(t, []string{"firing ops", "resolved ops"}, said(rec.Messages()))
	})
}

func TestTheBeginningNeverArrivesAfterTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := alerttest.NewRecorder(alerttest.Fail(errBad), alerttest.OK())
		b := newBench(t, rec)
		b.queue("ops", 1, longrun.NoticeFiring)
		b.run(1500 * time.Millisecond) // it has failed, and waits
		require.Len(t, rec.Calls(), 1)
		b.queue("ops", 2, longrun.NoticeResolved)
		b.run(500 * time.Millisecond)
		require.Len(t, rec.Calls(), 1)
		b.run(time.Minute)
		require.Equal(t, []string{"firing ops", "resolved ops"}, said(rec.Messages()))
	})
}

func TestALaterMessageTakesThePlaceOfReminders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := alerttest.NewRecorder(alerttest.RetryAfter(5*time.Hour), alerttest.OK())
		b := newBench(t, rec)
		b.queue("ops", 1, longrun.NoticeFiring)
		b.run(time.Hour)
		for seq := range int64(4) {
			b.queue("ops", 2+seq, longrun.NoticeReminder)
			b.run(time.Hour)
		}
		require.Equal(t, 2, b.box.Waiting())
		b.run(3 * time.Hour)
		require.Equal(t, []string{"firing ops", "reminder ops"}, said(rec.Messages()))
	})
}

// The store does not hear that a message was taken. The next lead of this process
// knows it.
func TestWhatThisProcessSentIsNotSentTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := alerttest.NewRecorder()
		b := newBench(t, rec)
		b.queue("ops", 1, longrun.NoticeFiring)
		b.run(1100 * time.Millisecond)
		b.lead.Lose(lock.ErrLost)
		b.run(5 * time.Second)
		require.Len(t, rec.Messages(), 1)
		b.begin()
		require.NoError(t, b.box.Restore(t.Context()))
		b.run(5 * time.Minute)
		require.Len(t, rec.Messages(), 1)
		for _, n := range b.notices() {
			require.Equal(t, longrun.Sent, n.State)
		}
	})
}

// Where no message is ever taken, memory and the number of those that wait are
// bounded, and the newest are kept.
func TestTooManyMessagesPushOutTheOldest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, alerttest.NewRecorder(alerttest.RetryAfter(6*time.Hour)))
		for n := range 5200 {
			b.queue(fmt.Sprintf("account-%05d", n), 1, longrun.NoticeFiring)
			time.Sleep(time.Millisecond)
		}
		require.Equal(t, 5000, b.box.Waiting())
		b.run(2 * time.Minute)
		require.Equal(t, 1, b.log.count("too many messages wait"))
		all := b.notices()
		require.Len(t, all, 5200)
		require.Equal(t, longrun.Obsolete, all["logged_out_account-00199_1"].State)
		require.Equal(t, longrun.Waiting, all["logged_out_account-00200_1"].State)
	})
}

// The last leader was asked to leave the channel alone. That holds for messages
// which it had not put off.
func TestWhatAnotherLeaderWasAskedHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := alerttest.NewRecorder()
		b := newBench(t, rec)
		now := time.Now().UTC()
		until := now.Add(time.Hour)
		b.put("asked", longrun.Notice{TS: until, Created: now, Kind: longrun.NoticeFiring, State: longrun.Waiting, IncidentID: "i", Rule: rules.LoggedOut, Target: "asked", NotBefore: &until})
		b.put("other", longrun.Notice{TS: now, Created: now, Kind: longrun.NoticeFiring, State: longrun.Waiting, IncidentID: "j", Rule: rules.LoggedOut, Target: "other"})
		require.NoError(t, b.box.Restore(t.Context()))
		b.run(59 * time.Minute)
		require.Empty(t, rec.Calls())
		b.run(2 * time.Minute)
		require.ElementsMatch(t, []string{"firing asked", "firing other"}, said(rec.Messages()))
	})
}

// A claim of a machine whose clock is hours ahead holds for as long as a sending
// may take.
func TestAClaimOfAClockThatIsAheadIsShort(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := alerttest.NewRecorder()
		b := newBench(t, rec)
		id, n := waitingSince(time.Minute, 1)
		until := time.Now().UTC().Add(5 * time.Hour)
		n.ClaimedUntil = &until
		b.put(id, n)
		require.NoError(t, b.box.Restore(t.Context()))
		b.run(time.Minute)
		require.Len(t, rec.Messages(), 1)
	})
}

func TestDocumentsThatMakeNoSenseHoldNothingUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := alerttest.NewRecorder()
		b := newBench(t, rec)
		now := time.Now().UTC()
		far := now.Add(365 * 24 * time.Hour)
		for id, n := range map[string]longrun.Notice{
			"claimed": {TS: now, Created: now, ClaimedUntil: &far},
			"paused":  {TS: far, Created: now, NotBefore: &far},
			"to come": {TS: now, Created: far},
			"counted": {TS: now, Created: now, Attempts: 1<<63 - 1},
			"below":   {TS: now, Created: now, Attempts: -1 << 63},
			"long":    {TS: now, Created: now, Summary: strings.Repeat("long ", 100_000)},
			"never":   {TS: now},
		} {
			n.State, n.Kind, n.Rule, n.IncidentID, n.Target = longrun.Waiting, longrun.NoticeFiring, rules.QueueDepth, id, id
			b.put(id, n)
		}
		b.put("odd", map[string]any{"ts": now, "state": []string{"waiting"}, "created": "yesterday"})
		require.NoError(t, b.box.Restore(t.Context()))
		b.run(2 * time.Minute)
		require.ElementsMatch(t, []string{"firing claimed", "firing paused", "firing to come", "firing counted", "firing below", "firing long"}, said(rec.Messages()))
		for e, err := range b.deps.Ledger.Notices(t.Context(), ledger.Page{}) {
			if err == nil {
				require.NotEqual(t, longrun.Waiting, e.Value.State, e.Key.ID)
				require.LessOrEqual(t, len(e.Value.Summary), 410)
				require.Positive(t, e.Value.Attempts+1)
			}
		}
	})
}

// One document that no store takes costs itself, and few commits.
func TestADraftFindsWhatSpoilsIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, alerttest.NewRecorder())
		for n := range 250 {
			key := outbox.Key{Rule: rules.LoggedOut, Target: fmt.Sprint(n)}
			b.draft.Note(key, store.Set(b.deps.Ledger.Key(ledger.Outbox, fmt.Sprint(n)), longrun.Notice{TS: time.Now().UTC()}))
		}
		bad := outbox.Key{Rule: rules.LoggedOut, Target: "bad"}
		b.draft.Note(bad, store.Set(b.deps.Ledger.Key(ledger.Outbox, strings.Repeat("x", 2000)), longrun.Notice{TS: time.Now().UTC()}))
		require.True(t, b.draft.Write(t.Context()))
		require.Zero(t, b.draft.Len())
		require.Len(t, b.notices(), 250)
		require.LessOrEqual(t, len(b.lead.Commits()), 20)
		synctest.Wait() // a line is written beside
		require.Equal(t, 1, b.log.count("an alert cannot be stored"))
	})
}

// A year in which the channel takes one message in three, and leads come and go.
func TestAYearLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	seedtest.Long(t)
	synctest.Test(t, func(t *testing.T) {
		rec := alerttest.NewRecorder()
		b := newBench(t, rec)
		b.slot = time.Hour
		for week := range 52 {
			rec.Reset()
			rec.Then(alerttest.Fail(errBad), alerttest.RetryAfter(time.Hour), alerttest.Hang(), alerttest.OK())
			b.begin()
			require.NoError(t, b.box.Restore(t.Context()))
			for n := range 200 {
				b.queue(fmt.Sprintf("w%02d-%03d", week, n), 1, longrun.NoticeFiring)
			}
			b.run(7 * 24 * time.Hour)
			require.Zero(t, b.box.Waiting())
			require.Zero(t, b.draft.Len())
			b.box.Leave(t.Context())
		}
		for id, n := range b.notices() {
			require.Equal(t, longrun.Sent, n.State, id)
		}
	})
}
