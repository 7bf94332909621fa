package outbox_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// Of two channels one is broken for good. People were told by the other, once.
func TestWhatOneOfTwoChannelsTookIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		good, broken := alerttest.NewRecorder(), refusingAll()
		b := newBench(t, alert.Fanout(good, broken))
		b.queue("ops", 1, longrun.NoticeFiring)
		b.run(time.Hour)
		b.queue("ops", 2, longrun.NoticeReminder)
		b.run(time.Hour)
		b.begin()
		require.NoError(t, b.box.Restore(t.Context()))
		b.queue("ops", 3, longrun.NoticeResolved)
		b.run(time.Hour)
		require.Equal(t, []string{"firing ops", "reminder ops", "resolved ops"}, said(good.Messages()))
		require.Zero(t, undelivered(b))
		for id, n := range b.notices() {
			require.Equal(t, longrun.Sent, n.State, id)
			require.Contains(t, n.Error, "403", id)
			require.NotNil(t, n.SentAt)
		}
		require.True(t, b.channel.Status().Permanent, "and it shows")
		require.False(t, b.channel.Status().LastSent.IsZero())
	})
}

// The other channel asks again and again, for days: what one took is not told late.
func TestWhatOneOfTwoChannelsTookGrowsOldAndIsToldAllTheSame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		good, away := alerttest.NewRecorder(), alerttest.NewRecorder(alerttest.Fail(errBad))
		b := newBench(t, alert.Fanout(good, away))
		b.queue("ops", 1, longrun.NoticeFiring)
		b.run(71 * time.Hour)
		require.Equal(t, 1, b.box.Waiting())
		b.run(2 * time.Hour)
		require.Zero(t, b.box.Waiting())
		require.Zero(t, undelivered(b))
		require.Equal(t, longrun.Sent, b.notices()["logged_out_ops_1"].State)
		require.Len(t, good.Messages(), 1)
	})
}

// What nobody took for three days is undelivered from then on, and folded, and
// told; the beginning before the end.
func TestWhatGrewOldIsKeptWhileItIsTrue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := alerttest.NewRecorder(alerttest.Fail(errBad))
		b := newBench(t, rec)
		b.queue("ops", 1, longrun.NoticeFiring)
		b.queue("gone", 1, longrun.NoticeFiring)
		b.queue("over", 1, longrun.NoticeFiring)
		b.run(71 * time.Hour)
		require.Zero(t, undelivered(b))
		b.queue("over", 2, longrun.NoticeResolved)
		b.open["gone"] = "" // nobody was there when it ended
		b.run(2 * time.Hour)
		require.Equal(t, 2, undelivered(b))
		require.Equal(t, 1, b.box.Waiting(), "the end, which says both when it is old too")
		require.NoError(t, b.box.Restore(t.Context()))
		b.run(time.Hour)
		require.Equal(t, 1, undelivered(b))
		require.Equal(t, 1, b.box.Waiting())
		rec.Then()
		b.run(10 * time.Minute)
		require.ElementsMatch(t, []string{"firing ops", "resolved over"}, said(rec.Messages()))
		require.Equal(t, longrun.Obsolete, b.notices()["logged_out_gone_1"].State)
	})
}

// The documents of a version that gave messages up are read: what goes on still is
// told, as it began.
func TestMessagesThatAnEarlierVersionGaveUpAreToldWhileTheirIncidentIsOpen(t *testing.T) {
	t.Parallel()
	for name, age := range map[string]time.Duration{"lately": time.Hour, "long ago": 20 * 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rec := alerttest.NewRecorder()
				b := newBench(t, rec)
				at := time.Now().Add(-age).UTC()
				put := func(target string, seq int, kind longrun.NoticeKind) {
					id := fmt.Sprintf("incident_%s_%d", target, seq)
					ts := at.Add(time.Duration(seq) * time.Minute)
					b.put(id, map[string]any{
						"noticeId": id, "ts": ts, "created": ts, "kind": string(kind), "state": "failed", "key": "#logged_out-" + target + "-" + fmt.Sprint(seq),
						"incidentId": "incident_" + target, "rule": "logged_out", "target": target, "attempts": 1, "error": "403", "since": at, "until": nil,
					})
				}
				for _, target := range []string{"open", "closed"} {
					put(target, 1, longrun.NoticeFiring)
					put(target, 2, longrun.NoticeReminder)
				}
				put("closed", 3, longrun.NoticeResolved)
				newest := time.Now().UTC()
				b.put("sent", longrun.Notice{TS: newest, Created: newest, State: longrun.Sent, Kind: longrun.NoticeFiring, Rule: rules.QueueDepth})
				b.open["open"] = "incident_open"
				require.NoError(t, b.box.Restore(t.Context()))
				b.run(5 * time.Minute)
				require.Equal(t, []string{"firing open"}, said(rec.Messages()))
				b.run(time.Hour)
				require.Len(t, rec.Messages(), 1)
				require.Equal(t, longrun.Obsolete, b.notices()["incident_open_2"].State)
				require.Equal(t, longrun.Undelivered, b.notices()["incident_closed_1"].State, "as it was")
			})
		})
	}
}

// Nobody led for five days; what was undelivered then is read before anything else
// is told.
func TestWhatIsUndeliveredIsFoundAfterDaysWithoutALeader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ch := refusingAll()
		b := newBench(t, ch)
		b.queue("ops", 1, longrun.NoticeFiring)
		b.run(100 * time.Hour) // it is tried all the time
		for n := range 3000 {
			id, old := waitingSince(200*time.Hour, n)
			old.State = longrun.Sent
			b.put(id, old)
		}
		b.lead.Lose(lock.ErrLost)
		time.Sleep(5 * 24 * time.Hour)
		ch.refusing(nil)
		b.begin()
		require.NoError(t, b.box.Restore(t.Context()))
		require.Equal(t, 1, undelivered(b))
		b.run(5 * time.Second)
		require.Equal(t, []string{"firing ops"}, said(ch.Messages()))
	})
}

// What is kept for weeks stays where a new lead reads it, though it is tried seldom.
func TestWhatIsKeptIsRenewed(t *testing.T) {
	t.Parallel()
	seedtest.Long(t)
	synctest.Test(t, func(t *testing.T) {
		ch := refusingAll()
		b := newBench(t, ch)
		b.slot = time.Hour
		require.NoError(t, b.box.Restore(t.Context()))
		for n := range 450 { // a try of each takes a day and a half
			b.queue(fmt.Sprintf("account-%04d", n), 1, longrun.NoticeFiring)
		}
		b.run(4 * 24 * time.Hour)
		for id, n := range b.notices() {
			require.Less(t, time.Since(n.TS), 26*time.Hour, id)
		}
		b.begin()
		require.NoError(t, b.box.Restore(t.Context()))
		require.Equal(t, 450, undelivered(b))
	})
}

func TestWhatIsOverForAMonthIsGivenUp(t *testing.T) {
	t.Parallel()
	seedtest.Long(t)
	synctest.Test(t, func(t *testing.T) {
		ch := refusingAll()
		b := newBench(t, ch)
		b.slot = time.Hour
		b.queue("ops", 1, longrun.NoticeFiring)
		b.queue("goes on", 1, longrun.NoticeFiring)
		b.run(time.Hour)
		b.queue("ops", 2, longrun.NoticeResolved)
		b.run(29 * 24 * time.Hour)
		require.Equal(t, 2, undelivered(b))
		b.run(48 * time.Hour)
		require.Equal(t, 1, undelivered(b))
		require.Equal(t, 1, b.log.count("a message is given up"))
		require.Equal(t, longrun.Obsolete, b.notices()["logged_out_ops_2"].State)
		b.run(60 * 24 * time.Hour)
		require.Equal(t, 1, undelivered(b), "as long as it is open")
	})
}

// Whoever died may have sent a beginning that counts as undelivered: what says that
// it is over waits until that cannot be under way any more.
func TestNothingIsFoldedThatSomebodyMaySend(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := alerttest.NewRecorder()
		b := newBench(t, rec)
		now := time.Now().UTC()
		until := now.Add(15 * time.Second)
		b.put("logged_out_ops_1", longrun.Notice{TS: now, Created: now, Kind: longrun.NoticeFiring, State: longrun.Undelivered, UndeliveredSince: &now, Key: "#logged_out-ops-1", IncidentID: "logged_out_ops", Rule: rules.LoggedOut, Target: "ops", ClaimedBy: "b", ClaimedUntil: &until})
		require.NoError(t, b.box.Restore(t.Context()))
		time.Sleep(time.Second)
		b.queue("ops", 2, longrun.NoticeResolved)
		b.run(13 * time.Second)
		require.Empty(t, rec.Calls())
		b.run(10 * time.Second)
		require.Equal(t, []string{"resolved ops"}, said(rec.Messages()))
	})
}

// The channel refuses while a message of the same target is under way.
func TestWhatIsUnderWayIsFoldedAfterwards(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		refuse := make(chan struct{})
		rec := alerttest.NewRecorder(alerttest.Step{Wait: refuse, Err: errRefused}, alerttest.OK())
		b := newBench(t, rec)
		b.queue("ops", 1, longrun.NoticeFiring)
		b.run(3 * time.Second)
		b.queue("ops", 2, longrun.NoticeResolved)
		b.run(time.Second)
		close(refuse)
		b.run(5 * time.Second)
		require.Equal(t, []string{"resolved ops"}, said(rec.Messages()))
		require.True(t, b.notices()["logged_out_ops_2"].Untold)
	})
}

// Where too many are undelivered, what goes on is closed last.
func TestTooManyUndeliveredPushOutWhatIsOver(t *testing.T) {
	t.Parallel()
	seedtest.Long(t)
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, alerttest.NewRecorder(alerttest.Fail(errRefused)))
		for n := range 100 {
			b.queue(fmt.Sprintf("early-%03d", n), 1, longrun.NoticeFiring)
		}
		b.run(time.Minute)
		for n := range 100 {
			b.queue(fmt.Sprintf("over-%03d", n), 1, longrun.NoticeFiring)
		}
		b.run(time.Hour)
		for n := range 100 {
			b.queue(fmt.Sprintf("over-%03d", n), 2, longrun.NoticeResolved)
		}
		b.run(time.Hour)
		for n := range 4850 {
			b.queue(fmt.Sprintf("late-%04d", n), 1, longrun.NoticeFiring)
		}
		b.run(2 * time.Minute)
		obsolete := 0
		for id, n := range b.notices() {
			if n.Error == "too many messages wait" {
				require.True(t, strings.HasPrefix(n.Target, "over-"), id)
				obsolete++
			}
		}
		require.Equal(t, 50, obsolete)
	})
}

func TestUndeliveredDocumentsThatMakeNoSenseHoldNothingUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := alerttest.NewRecorder()
		b := newBench(t, rec)
		now := time.Now().UTC()
		far := now.Add(365 * 24 * time.Hour)
		for id, n := range map[string]longrun.Notice{
			"to come":  {TS: now, Created: now, UndeliveredSince: &far},
			"all far":  {TS: far, Created: far, UndeliveredSince: &far, ClaimedUntil: &far, NotBefore: &far},
			"counted":  {TS: now, Created: now, UndeliveredSince: &now, More: 1<<63 - 1, Attempts: 1<<63 - 1},
			"no kind":  {TS: now, Created: now, UndeliveredSince: &now},
			"the same": {TS: now, Created: now, UndeliveredSince: &now},
		} {
			n.State, n.Kind, n.Rule, n.IncidentID, n.Target = longrun.Undelivered, longrun.NoticeFiring, rules.QueueDepth, id, id
			if id == "no kind" {
				n.Kind = ""
			}
			b.open[id] = id
			b.put(id, n)
			if id == "the same" {
				b.put(id+" again", n)
			}
		}
		require.NoError(t, b.box.Restore(t.Context()))
		b.run(5 * time.Minute)
		require.ElementsMatch(t, []string{"firing to come", "firing all far", "firing counted", "firing no kind", "firing the same"}, said(rec.Messages()))
		require.Zero(t, undelivered(b))
		for e, err := range b.deps.Ledger.Notices(t.Context(), ledger.Page{}) {
			require.NoError(t, err)
			require.NotEqual(t, longrun.Undelivered, e.Value.State, e.Key.ID)
		}
	})
}

// Nothing is changed under a lease that is lost, and the store may be away: what is
// undelivered is known by what was written.
func TestWhatIsUndeliveredOutlivesItsLead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ch := refusingAll()
		b := newBench(t, ch)
		b.queue("ops", 1, longrun.NoticeFiring)
		b.run(time.Hour)
		b.box.Leave(t.Context())
		for range 5 {
			b.begin()
			require.NoError(t, b.box.Restore(t.Context()))
			require.Equal(t, 1, undelivered(b))
			calls := len(ch.times())
			b.run(5 * time.Second)
			require.Len(t, ch.times(), calls+1, "at once, and once")
		}
		require.Equal(t, 1, b.log.count("messages could not be delivered, and are told"), "one process says it once")
	})
}
