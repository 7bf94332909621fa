package alert_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
)

func TestFanoutSendsByAllChannels(t *testing.T) {
	t.Parallel()
	a, b := &alerttest.Recorder{}, &alerttest.Recorder{}
	both := alert.Fanout(a, nil, b)
	for range 2 { // all took it, so it may be sent again
		require.NoError(t, both.Alert(t.Context(), firing()))
	}
	require.Equal(t, []alert.Message{firing(), firing()}, a.Messages())
	require.Equal(t, a.Messages(), b.Messages())
}

func TestFanoutOfNothingTellsNobody(t *testing.T) {
	t.Parallel()
	for _, f := range []alert.Alerter{alert.Fanout(), alert.Fanout(nil), alert.Fanout((*alerttest.Recorder)(nil), alert.Func(nil))} {
		err := f.Alert(t.Context(), firing())
		require.EqualError(t, err, "alert: no channel to send by")
		require.True(t, alert.IsPermanent(err))
	}
}

func TestFanoutAsksOnlyThoseThatFailedAgain(t *testing.T) {
	t.Parallel()
	good, bad := &alerttest.Recorder{}, alerttest.NewRecorder(alerttest.Fail(errGone))
	both := alert.Fanout(good, bad)
	for range 3 {
		require.ErrorIs(t, both.Alert(t.Context(), firing()), errGone)
	}
	require.Len(t, good.Calls(), 1)
	require.Len(t, bad.Calls(), 3)

	reminder := firing()
	reminder.Kind = alert.Reminder
	require.Error(t, both.Alert(t.Context(), reminder))
	require.Len(t, good.Calls(), 2, "another kind is another message")

	bad.Then()
	require.NoError(t, both.Alert(t.Context(), firing()))
	require.Len(t, good.Calls(), 2)
	require.NoError(t, both.Alert(t.Context(), firing()))
	require.Len(t, good.Calls(), 3, "what all took is forgotten")
}

func TestFanoutKnowsMessagesInDigests(t *testing.T) {
	t.Parallel()
	good, bad := &alerttest.Recorder{}, alerttest.NewRecorder(alerttest.Fail(errGone))
	both := alert.Fanout(good, bad)
	two, _ := alert.Coalesce([]alert.Message{firing(), probeFails()})
	require.Error(t, both.Alert(t.Context(), two))
	require.Equal(t, []alert.Message{two}, good.Messages())

	bad.Then()
	three, _ := alert.Coalesce([]alert.Message{probeFails(), resolved(), firing()})
	require.NoError(t, both.Alert(t.Context(), three))
	require.Equal(t, []alert.Message{two, resolved()}, good.Messages(), "only what is new to it")
	require.Equal(t, []alert.Message{three}, bad.Messages())
}

func TestFanoutRemembersNoMessageWithoutAKey(t *testing.T) {
	t.Parallel()
	good, bad := &alerttest.Recorder{}, alerttest.NewRecorder(alerttest.Fail(errGone))
	both := alert.Fanout(good, bad)
	for range 2 {
		require.Error(t, both.Alert(t.Context(), alert.Message{Kind: alert.Test}))
	}
	require.Len(t, good.Messages(), 2)
}

func TestFanoutForgetsTheOldest(t *testing.T) {
	t.Parallel()
	good, bad := &alerttest.Recorder{}, alerttest.NewRecorder(alerttest.Fail(errGone))
	both := alert.Fanout(good, bad)
	numbered := func(i int) alert.Message {
		m := firing()
		m.Key = fmt.Sprintf("#missed_heartbeats-%d", i)
		return m
	}
	for i := range 257 {
		require.Error(t, both.Alert(t.Context(), numbered(i)))
	}
	good.Reset()
	require.Error(t, both.Alert(t.Context(), numbered(256)))
	require.Error(t, both.Alert(t.Context(), numbered(1)))
	require.Empty(t, good.Calls(), "still remembered")
	require.Error(t, both.Alert(t.Context(), numbered(0)))
	require.Len(t, good.Calls(), 1, "the oldest was forgotten")
}

func TestFanoutIsPermanentWhenAllFailuresAre(t *testing.T) {
	t.Parallel()
	permanent, transient := alerttest.Fail(alert.Permanent(errGone)), alerttest.Fail(errors.New("reset"))
	for name, c := range map[string]struct {
		steps []alerttest.Step
		want  bool
	}{
		"one of one":              {[]alerttest.Step{permanent}, true},
		"one fails, one is fine":  {[]alerttest.Step{permanent, alerttest.OK()}, true},
		"both":                    {[]alerttest.Step{permanent, permanent}, true},
		"one of two":              {[]alerttest.Step{permanent, transient}, false},
		"one of two, one waits":   {[]alerttest.Step{permanent, alerttest.RetryAfter(time.Second)}, false},
		"one of two, one panics":  {[]alerttest.Step{permanent, alerttest.Panic("oh")}, false},
		"both of two are passing": {[]alerttest.Step{transient, transient}, false},
	} {
		var channels []alert.Alerter
		for _, step := range c.steps {
			channels = append(channels, alerttest.NewRecorder(step))
		}
		err := alert.Fanout(channels...).Alert(t.Context(), firing())
		require.Error(t, err, name)
		require.Equal(t, c.want, alert.IsPermanent(err), name)
	}
}

func TestFanoutIsPartialWhereSomeChannelTookTheMessage(t *testing.T) {
	t.Parallel()
	refused, ok := alerttest.Fail(alert.Permanent(errGone)), alerttest.OK()
	for name, c := range map[string]struct {
		steps []alerttest.Step
		want  bool
	}{
		"one of two":              {[]alerttest.Step{refused, ok}, true},
		"one of two, one waits":   {[]alerttest.Step{ok, alerttest.RetryAfter(time.Second)}, true},
		"none of two":             {[]alerttest.Step{refused, refused}, false},
		"none of two, one waits":  {[]alerttest.Step{refused, alerttest.RetryAfter(time.Second)}, false},
		"one of one, which waits": {[]alerttest.Step{alerttest.RetryAfter(time.Second)}, false},
	} {
		var channels []alert.Alerter
		for _, step := range c.steps {
			channels = append(channels, alerttest.NewRecorder(step))
		}
		both := alert.Fanout(channels...)
		for range 2 { // that it was taken before counts too
			err := both.Alert(t.Context(), firing())
			require.Equal(t, c.want, alert.IsPartial(err), name)
			require.Equal(t, c.want, alert.IsPartial(alert.Fanout(both).Alert(t.Context(), firing())), "%s, nested", name)
		}
	}
	require.NoError(t, alert.Partial(nil))
	require.False(t, alert.IsPartial(nil))
	wait, asked := errors.AsType[*alert.RetryAfterError](alert.Partial(&alert.RetryAfterError{After: time.Minute}))
	require.True(t, asked)
	require.Equal(t, time.Minute, wait.After)
	require.True(t, alert.IsPermanent(alert.Partial(alert.Permanent(errGone))))
	require.False(t, alert.IsPermanent(alert.Partial(errGone)))
}

func TestFanoutWaitsAsLongAsTheSlowestAsks(t *testing.T) {
	t.Parallel()
	err := alert.Fanout(
		alerttest.NewRecorder(alerttest.RetryAfter(time.Minute)),
		alerttest.NewRecorder(alerttest.RetryAfter(time.Hour)),
		alerttest.NewRecorder(alerttest.Fail(errGone)),
		&alerttest.Recorder{},
	).Alert(t.Context(), firing())
	wait, ok := errors.AsType[*alert.RetryAfterError](err)
	require.True(t, ok)
	require.Equal(t, time.Hour, wait.After)
	require.ErrorIs(t, err, errGone, "nothing of the others is lost")
}

func TestFanoutSurvivesAPanic(t *testing.T) {
	t.Parallel()
	good, bad := &alerttest.Recorder{}, alerttest.NewRecorder(alerttest.Panic("oh"))
	err := alert.Fanout(bad, good).Alert(t.Context(), firing())
	require.EqualError(t, err, "alert: panic: oh")
	require.Len(t, good.Messages(), 1)
}

func TestAHungChannelDelaysNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		good, hung := &alerttest.Recorder{}, alerttest.NewRecorder(alerttest.Hang())
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		done := make(chan error, 1)
		go func() { done <- alert.Fanout(hung, good).Alert(ctx, firing()) }()
		synctest.Wait()
		require.Len(t, good.Messages(), 1)
		require.ErrorIs(t, <-done, context.DeadlineExceeded)
	})
}

// nilError has an Error that dereferences nil, as that of a function which
// declares a concrete error and returns none.
type nilError struct{ text string }

func (e *nilError) Error() string { return e.text }

// Faults A1: the process died of an error's text.
func TestFanoutSurvivesWhateverAChannelDoes(t *testing.T) {
	t.Parallel()
	for name, send := range map[string]func() error{
		"exits":                 func() error { runtime.Goexit(); return nil },
		"returns a nil pointer": func() error { return (*nilError)(nil) },
	} {
		good := alerttest.NewRecorder()
		bad := alert.Func(func(context.Context, alert.Message) error { return send() })
		f := alert.Fanout(bad, good)
		for range 2 {
			err := f.Alert(t.Context(), firing())
			require.Error(t, err, name)
			require.NotEmpty(t, err.Error(), name)
			require.False(t, alert.IsPermanent(err), name)
		}
		require.Len(t, good.Messages(), 1, "who took it is not asked again")
	}
}
