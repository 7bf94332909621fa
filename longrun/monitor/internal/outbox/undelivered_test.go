package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
)

var errRefused = alert.Permanent(errors.New("403 Forbidden: bot was blocked by the user"))

// line is a channel that refuses what a test says, and takes all else.
type line struct {
	alerttest.Recorder
	mu     sync.Mutex
	refuse func(alert.Message) bool
	mended bool        // from the next digest on
	at     []time.Time // of each call
}

func everything(alert.Message) bool { return true }

func (l *line) Alert(ctx context.Context, m alert.Message) error {
	l.mu.Lock()
	if l.mended && len(m.Parts) > 0 {
		l.refuse = nil
	}
	refuse := l.refuse
	l.at = append(l.at, time.Now())
	l.mu.Unlock()
	parts := m.Parts
	if len(parts) == 0 {
		parts = []alert.Message{m}
	}
	for _, p := range parts {
		if refuse != nil && refuse(p) {
			return errRefused
		}
	}
	return l.Recorder.Alert(ctx, m)
}

func (l *line) refusing(what func(alert.Message) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refuse = what
}

// mendedForDigests has it take everything from the next digest on: what is refused is tried
// together and alone by turns, and only together in order.
func (l *line) mendedForDigests() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mended = true
}

func (l *line) times() []time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]time.Time(nil), l.at...)
}

func refusingAll() *line { return &line{refuse: everything} }

func undelivered(b *bench) int {
	n, _ := b.box.Undelivered()
	return n
}

func TestWhatIsRefusedForGoodIsKeptAndToldWhenTheChannelWorksAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ch := refusingAll()
		b := newBench(t, ch)
		b.queue("ops", 1, longrun.NoticeFiring)
		b.run(2 * time.Hour)
		n, since := b.box.Undelivered()
		require.Equal(t, 1, n)
		require.WithinDuration(t, began, since, 3*time.Second)
		require.Zero(t, b.box.Waiting())
		require.Equal(t, "refused", b.channel.Status().Class)
		at := ch.times()
		for i, most := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 5 * time.Minute, 5 * time.Minute} {
			require.InDelta(t, most.Seconds(), at[i+1].Sub(at[i]).Seconds(), most.Seconds()/10+3, "try %d", i)
		}
		require.InDelta(t, 2+2+23, len(at), 2, "and then every five minutes")
		require.Equal(t, 1, b.log.count("messages could not be delivered, and are told when the channel works again"))
		doc := b.notices()["logged_out_ops_1"]
		require.Equal(t, longrun.Undelivered, doc.State)
		require.Equal(t, since, *doc.UndeliveredSince)
		require.Nil(t, doc.ClaimedUntil)
		require.Contains(t, doc.Error, "403")

		ch.refusing(nil)
		b.run(5*time.Minute + 40*time.Second)
		require.Equal(t, []string{"firing ops"}, said(ch.Messages()))
		require.Contains(t, ch.Messages()[0].Text(), "could not be delivered since 2000-01-01 00:00:0")
		require.Zero(t, undelivered(b))
		require.Equal(t, longrun.Sent, b.notices()["logged_out_ops_1"].State)
		require.Equal(t, 1, b.log.count("nothing is undelivered any more"))
		require.Empty(t, b.channel.Status().Class)
	})
}

// Whatever suggests that the channel may work again has it tried at once.
func TestWhatIsUndeliveredIsTriedAtOnceWhenThereIsReason(t *testing.T) {
	t.Parallel()
	for name, reason := range map[string]func(*bench){
		"another lead": func(b *bench) {
			b.begin()
			require.NoError(b.t, b.box.Restore(b.t.Context()))
		},
		"a test that arrived": func(b *bench) {
			time.AfterFunc(100*time.Millisecond, func() { require.NoError(b.t, b.channel.Test(context.Background())) })
		},
		"another message that arrived": func(b *bench) { b.queue("other", 1, longrun.NoticeFiring) },
		"one outside the outbox": func(b *bench) {
			time.AfterFunc(100*time.Millisecond, func() {
				require.True(b.t, b.channel.Take())
				require.NoError(b.t, b.channel.Send(context.Background(), alert.Message{Kind: alert.Firing}))
			})
		},
		"settings that were changed": func(b *bench) {
			time.AfterFunc(100*time.Millisecond, func() {
				changed := *b.settings.Load()
				changed.TS = changed.TS.Add(time.Second)
				b.settings.Store(&changed)
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ch := refusingAll()
				b := newBench(t, ch)
				b.slot = time.Second // what else wakes a turn
				b.queue("ops", 1, longrun.NoticeFiring)
				b.run(time.Hour)
				calls := len(ch.times())
				ch.refusing(nil)
				reason(b)
				b.run(7 * time.Second)
				require.Contains(t, said(ch.Messages()), "firing ops")
				require.LessOrEqual(t, len(ch.times()), calls+2)
			})
		})
	}
}

// A test that does not arrive is no reason, and neither is one of another kind.
func TestATestThatFailsHasNothingTried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ch := refusingAll()
		b := newBench(t, ch)
		b.queue("ops", 1, longrun.NoticeFiring)
		b.run(time.Hour)
		calls := len(ch.times())
		require.Error(t, b.channel.Test(t.Context()))
		b.run(10 * time.Second)
		require.LessOrEqual(t, len(ch.times()), calls+2, "the test, and perhaps a try that was due")
	})
}

// What goes on comes first, the worst of it, then what is over; never a reminder of
// what nobody was told of.
func TestTheBacklogSaysFirstWhatGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ch := refusingAll()
		b := newBench(t, ch)
		b.queue("over", 1, longrun.NoticeFiring)
		b.run(time.Minute)
		b.queue("bad", 1, longrun.NoticeFiring)
		b.run(time.Minute)
		b.queue("over", 2, longrun.NoticeResolved)
		b.run(time.Minute)
		b.queue("worse", 1, longrun.NoticeFiring)
		for id, n := range b.notices() { // as if it were less severe
			if n.Target == "bad" {
				n.Severity = longrun.Warning
				b.put(id, n)
			}
		}
		b.queue("bad", 2, longrun.NoticeReminder)
		b.run(time.Hour)
		b.queue("bad", 3, longrun.NoticeReminder)
		b.run(time.Hour)
		ch.mendedForDigests()
		b.run(10 * time.Minute)
		got := said(ch.Messages())
		require.ElementsMatch(t, []string{"firing worse", "firing bad", "resolved over"}, got)
		require.Equal(t, "resolved over", got[2])
		require.Len(t, ch.Messages(), 1)
		states := map[longrun.NoticeState]int{}
		for _, n := range b.notices() {
			states[n.State]++
		}
		require.Equal(t, map[longrun.NoticeState]int{longrun.Sent: 3, longrun.Obsolete: 3}, states)
	})
}

func TestWhatBeganAndEndedUntoldIsOneMessageThatSaysBoth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ch := refusingAll()
		b := newBench(t, ch)
		b.queue("ops", 1, longrun.NoticeFiring)
		b.run(10 * time.Minute)
		b.queue("ops", 2, longrun.NoticeResolved)
		b.run(10 * time.Minute)
		require.Equal(t, 1, undelivered(b))
		ch.refusing(nil)
		b.run(10 * time.Minute)
		require.Equal(t, []string{"resolved ops"}, said(ch.Messages()))
		m := ch.Messages()[0]
		require.Equal(t, began, m.Since)
		require.False(t, m.Until.IsZero())
		require.Contains(t, m.Text(), "that it began may not have been told")
		doc := b.notices()["logged_out_ops_2"]
		require.True(t, doc.Untold)
		require.WithinDuration(t, began, *doc.UndeliveredSince, 3*time.Second, "since its beginning could not be")
		require.Equal(t, longrun.Obsolete, b.notices()["logged_out_ops_1"].State)
	})
}

func TestTheEndOfWhatWasToldIsToldThoughItHappensAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ch := &line{}
		b := newBench(t, ch)
		b.queueOf("first", "ops", 1, longrun.NoticeFiring)
		b.run(time.Minute)
		ch.refusing(everything)
		seq := int64(1)
		next := func(incident string, kind longrun.NoticeKind) {
			seq++
			b.queueOf(incident, "ops", seq, kind)
			b.run(7 * time.Minute)
		}
		next("first", longrun.NoticeReminder)
		next("first", longrun.NoticeResolved)
		for round := range 20 {
			next(fmt.Sprint("again", round), longrun.NoticeFiring)
			next(fmt.Sprint("again", round), longrun.NoticeReminder)
			next(fmt.Sprint("again", round), longrun.NoticeResolved)
		}
		next("last", longrun.NoticeFiring)
		require.Equal(t, 2, undelivered(b))
		ch.Reset()
		ch.mendedForDigests()
		b.run(10 * time.Minute)
		require.Equal(t, []string{"resolved ops", "firing ops"}, said(ch.Messages()))
		require.Len(t, ch.Messages(), 1)
		var text strings.Builder
		for _, m := range ch.Messages() {
			text.WriteString(m.Text())
		}
		require.Contains(t, text.String(), "20 more of it before, all over, of which nobody was told")
		require.EqualValues(t, 20, b.notices()["last_64"].More)
		require.Contains(t, text.String(), "another one goes on since 2000-01-01 00:00:00 UTC")
	})
}

// A thousand accounts went while the channel refused. What works again is not
// flooded: few messages, a few a minute, and each says how many follow.
func TestACrowdIsToldInFewMessagesAFewAMinute(t *testing.T) {
	t.Parallel()
	seedtest.Long(t)
	synctest.Test(t, func(t *testing.T) {
		ch := refusingAll()
		b := newBench(t, ch)
		for n := range 1000 {
			b.queue(fmt.Sprintf("account-%04d", n), 1, longrun.NoticeFiring)
		}
		b.run(24 * time.Hour)
		require.Equal(t, 1000, undelivered(b))
		require.Less(t, len(ch.times()), 84+2*288, "each in its first message, and then two every five minutes")
		calls := len(ch.times())
		ch.refusing(nil)
		b.run(30 * time.Minute)
		require.Len(t, said(ch.Messages()), 1000)
		require.Zero(t, undelivered(b))
		require.Less(t, len(ch.Messages()), 110)
		at := ch.times()[calls:]
		for i := range at[5:] {
			require.GreaterOrEqual(t, at[i+5].Sub(at[i]), 55*time.Second, "message %d", i)
		}
		left := 1000
		for _, m := range ch.Messages() {
			left -= len(said([]alert.Message{m}))
			if follow := fmt.Sprintf("%d more messages could not be delivered, and follow", left); left > 0 {
				require.Contains(t, m.Text(), follow)
			} else {
				require.NotContains(t, m.Text(), "follow")
			}
		}
	})
}

// One message is at fault, and not the channel: it holds nothing up.
func TestOneMessageThatIsRefusedHoldsNoOtherUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ch := &line{refuse: func(m alert.Message) bool { return m.Target == "account-03" }}
		b := newBench(t, ch)
		for n := range 30 {
			b.queue(fmt.Sprintf("account-%02d", n), 1, longrun.NoticeFiring)
		}
		b.run(time.Hour)
		require.Len(t, said(ch.Messages()), 29)
		require.Equal(t, 1, undelivered(b))
		require.Less(t, len(ch.times()), 50)
		b.queue("later", 1, longrun.NoticeFiring)
		b.run(3 * time.Second)
		require.Equal(t, "firing later", said(ch.Messages())[29])
	})
}

// A receiver that refuses every end, whatever it is about, hears of every
// beginning.
func TestWhereEveryEndIsRefusedEveryBeginningIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ch := &line{refuse: func(m alert.Message) bool { return m.Kind == alert.Resolved }}
		b := newBench(t, ch)
		for n := range 10 {
			b.queueOf(fmt.Sprint("incident", n), "ops", int64(2*n), longrun.NoticeFiring)
			b.run(time.Hour)
			b.queueOf(fmt.Sprint("incident", n), "ops", int64(2*n+1), longrun.NoticeResolved)
			b.run(time.Hour)
			require.Len(t, ch.Messages(), n+1)
		}
		require.LessOrEqual(t, undelivered(b), 4, "they do not pile up")
	})
}
