package outbox_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/outbox"
)

var errBad = errors.New("502 Bad Gateway")

// Somebody asks for a test again and again, and the channel answers that it is to
// be left alone for an hour. A message that matters goes out all the same.
func TestATestNeverSpendsTheChannelOfWhatMatters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := alerttest.NewRecorder(alerttest.RetryAfter(time.Hour), alerttest.OK())
		b := newBench(t, rec)
		asked := time.Now().UTC()
		err := b.channel.Test(t.Context())
		require.Error(t, err)
		for range 20 {
			err = b.channel.Test(t.Context())
			quiet, ok := errors.AsType[*outbox.QuietError](err)
			require.True(t, ok, "refused at once")
			require.Equal(t, asked.Add(time.Hour+time.Second), quiet.Until)
			require.ErrorContains(t, err, "left alone until 2000-01-01T01:00:01Z")
			wait, ok := errors.AsType[*alert.RetryAfterError](err)
			require.True(t, ok)
			require.Equal(t, time.Hour+time.Second, wait.After)
		}
		require.Len(t, rec.Calls(), 1, "the channel was asked once")
		require.Zero(t, b.channel.Status().QuietUntil)
		require.Empty(t, b.channel.Status().LastError)
		b.queue("ops", 1, longrun.NoticeFiring)
		b.run(time.Minute)
		require.Equal(t, []string{"firing ops"}, said(rec.Messages()))
		time.Sleep(time.Hour)
		require.NoError(t, b.channel.Test(t.Context()))
	})
}

func TestWhileTheChannelIsLeftAloneNoTestIsSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := alerttest.NewRecorder(alerttest.RetryAfter(time.Hour), alerttest.OK())
		b := newBench(t, rec)
		b.queue("ops", 1, longrun.NoticeFiring)
		b.run(time.Minute)
		_, ok := errors.AsType[*outbox.QuietError](b.channel.Test(t.Context()))
		require.True(t, ok)
		require.Len(t, rec.Calls(), 1)
		b.run(time.Hour)
		require.Equal(t, []string{"firing ops"}, said(rec.Messages()))
		require.NoError(t, b.channel.Test(t.Context()))
	})
}

// A test has a turn of its own: while one hangs, what matters goes out.
func TestATestThatHangsHoldsNothingUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := alerttest.NewRecorder(alerttest.Hang(), alerttest.OK())
		b := newBench(t, rec)
		done := make(chan error, 1)
		go func() { done <- b.channel.Test(t.Context()) }()
		synctest.Wait()
		began := time.Now()
		b.queue("ops", 1, longrun.NoticeFiring)
		b.run(5 * time.Second)
		require.Equal(t, []string{"firing ops"}, said(rec.Messages()))
		require.Equal(t, 5*time.Second, time.Since(began))
		require.ErrorIs(t, <-done, context.DeadlineExceeded)
	})
}

func TestAChannelThatFailsIsInTroubleUntilItTakesAMessage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := alerttest.NewRecorder(alerttest.Fail(errBad), alerttest.Fail(errBad), alerttest.Fail(errBad), alerttest.OK())
		b := newBench(t, rec)
		began := time.Now().UTC()
		b.queue("ops", 1, longrun.NoticeFiring)
		b.run(6 * time.Second)
		s := b.channel.Status()
		require.Contains(t, s.LastError, "502")
		require.False(t, s.Permanent)
		require.WithinDuration(t, began, s.Failing, 2*time.Second)
		require.True(t, s.LastFailed.After(s.Failing), "since the first one")
		require.Equal(t, 1, b.box.Waiting())
		b.run(time.Minute)
		s = b.channel.Status()
		require.Empty(t, s.LastError)
		require.Zero(t, s.Failing)
		require.Zero(t, b.box.Waiting())
		require.Equal(t, 1, b.log.count("a message was not sent"))
		require.Equal(t, 1, b.log.count("alerts can be sent again"))
	})
}

func TestATestThatFailsShowsTroubleAndOneThatIsTakenEndsIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, alerttest.NewRecorder(alerttest.Fail(errBad), alerttest.OK()))
		require.Error(t, b.channel.Test(t.Context()))
		require.False(t, b.channel.Status().Failing.IsZero())
		require.NoError(t, b.channel.Test(t.Context()))
		require.Zero(t, b.channel.Status().Failing)
	})
}

// The end of a run breaks off what is being sent, and waits for no alerter that
// ignores that.
func TestCloseBreaksOffASending(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		let := make(chan struct{})
		b := newBench(t, alert.Func(func(context.Context, alert.Message) error { <-let; return nil }))
		b.queue("ops", 1, longrun.NoticeFiring)
		b.run(5 * time.Second)
		b.deps.Stop.Start()
		began := time.Now()
		b.box.Leave(t.Context())
		b.channel.Close()
		require.LessOrEqual(t, time.Since(began), 2*b.deps.Stop.Share())
		close(let)
	})
}

func TestLeaveMarksWhatArrives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		took := make(chan struct{})
		rec := alerttest.NewRecorder(alerttest.Step{Wait: took})
		b := newBench(t, rec)
		b.queue("ops", 1, longrun.NoticeFiring)
		b.run(5 * time.Second)
		require.Len(t, rec.Calls(), 1)
		time.AfterFunc(time.Second, func() { close(took) })
		b.deps.Stop.Start()
		b.box.Leave(t.Context())
		for _, n := range b.notices() {
			require.Equal(t, longrun.Sent, n.State)
		}
	})
}

// Of several channels one is refused for good. What goes by it alone is kept and told
// once it is mended, whatever the others take, and status names it all the time.
func TestOneOfSeveralChannelsIsMissedUntilItIsMended(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pager, chat := alerttest.NewRecorder(alerttest.Fail(alert.Permanent(errors.New("the key of +49 170 1234567 is gone")))), alerttest.NewRecorder()
		router, err := alert.Route(alert.RouteOptions{
			Channels: []alert.Channel{{Name: "pager", Alerter: pager}, {Name: "chat", Alerter: chat}},
			Ways:     []alert.Way{{Targets: []string{"ops"}, Channels: []string{"pager"}}},
			Default:  []string{"chat"},
		})
		require.NoError(t, err)
		b := newBench(t, router)
		b.queue("ops", 1, longrun.NoticeFiring)
		b.queue("sales", 1, longrun.NoticeFiring)
		b.run(time.Minute)
		b.queue("sales", 2, longrun.NoticeResolved)
		b.run(30 * time.Minute)
		require.Equal(t, []string{"firing sales", "resolved sales"}, said(chat.Messages()))
		require.Empty(t, pager.Messages())
		status := b.channel.Status()
		require.Len(t, status.Broken(), 1)
		one := status.Channels[0]
		require.Equal(t, "pager", one.Name)
		require.Contains(t, one.LastError, "pager: the key of")
		require.NotContains(t, one.LastError, "1234567")
		require.True(t, one.Permanent)
		require.Equal(t, 1, one.Undelivered)
		require.Equal(t, "chat", status.Channels[1].Name)
		require.Empty(t, status.Channels[1].LastError)

		pager.Then()
		b.run(3 * time.Hour)
		require.Equal(t, []string{"firing ops"}, said(pager.Messages()), "kept, and told")
		require.Equal(t, []string{"firing sales", "resolved sales"}, said(chat.Messages()), "and nothing twice")
		require.Empty(t, b.channel.Status().Broken())
	})
}
