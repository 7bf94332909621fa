package alerttest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/alert/webhookalert"
)

var message = alert.Message{Kind: alert.Firing, Rule: "logged_out", Key: "#logged_out-1"}

func ExampleRecorder() {
	r := alerttest.NewRecorder(alerttest.RetryAfter(time.Minute), alerttest.OK())
	m := alert.Message{Kind: alert.Firing, Rule: "logged_out"}
	for range 3 {
		fmt.Println(r.Alert(context.Background(), m))
	}
	fmt.Println(len(r.Calls()), "calls,", len(r.Messages()), "messages")
	// Output:
	// alert: asked to wait 1m0s
	// <nil>
	// <nil>
	// 3 calls, 2 messages
}

// An alerter of your own is held to the contract like this.
func ExampleRun() {
	var t *testing.T // the test's own
	_ = func() {
		alerttest.Run(t, func(t *testing.T) alerttest.Subject {
			server := alerttest.NewTelegram() // or whatever your channel talks to
			t.Cleanup(server.Close)
			return alerttest.Subject{
				Alerter: alert.Func(func(ctx context.Context, m alert.Message) error {
					// … send m.Text() to server, and give up when ctx ends
					return nil
				}),
				Arrived: func() int { return len(server.Messages()) },
				Silence: func() { server.Then(alerttest.HangAnswer()) },
				Break:   func() { server.Then(alerttest.InternalError()) },
				Secrets: []string{server.Token()},
			}
		})
	}
	// Output:
}

func TestARecorderFollowsItsScript(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	r := &alerttest.Recorder{}
	require.NoError(t, r.Alert(t.Context(), message), "the zero Recorder takes all")

	r.Then(alerttest.Fail(alert.Permanent(gone)), alerttest.Panic("oh"), alerttest.LoseReply(gone), alerttest.OK())
	require.True(t, alert.IsPermanent(r.Alert(t.Context(), message)))
	require.PanicsWithValue(t, "oh", func() { _ = r.Alert(t.Context(), message) })
	require.Len(t, r.Messages(), 1)
	require.ErrorIs(t, r.Alert(t.Context(), message), gone)
	require.Len(t, r.Messages(), 2, "taken, though the reply was lost")
	for range 2 {
		require.NoError(t, r.Alert(t.Context(), message))
	}
	require.Len(t, r.Messages(), 4)
	require.Len(t, r.Calls(), 6)
	r.Reset()
	require.Empty(t, r.Calls())
	require.Empty(t, r.Messages())
}

func TestARecorderEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, step := range []alerttest.Step{alerttest.Hang(), {Wait: make(chan struct{})}} {
			r := alerttest.NewRecorder(step)
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			require.ErrorIs(t, r.Alert(ctx, message), context.DeadlineExceeded)
			require.Empty(t, r.Messages())
			r.Then()
			require.ErrorIs(t, r.Alert(ctx, message), context.DeadlineExceeded, "it has ended before")
		}
	})
}

func TestARecorderSaysWhenMessagesCame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &alerttest.Recorder{}
		for i := range 3 {
			time.AfterFunc(time.Duration(i+1)*time.Minute, func() { _ = r.Alert(context.Background(), message) })
		}
		began := time.Now()
		messages, err := r.Wait(t.Context(), 3)
		require.NoError(t, err)
		require.Len(t, messages, 3)
		require.Equal(t, 3*time.Minute, time.Since(began))

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		messages, err = r.Wait(ctx, 4)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Len(t, messages, 3)
	})
}

// A service over HTTP that takes a message, then says that it is busy, and takes the next.
func ExampleNewService() {
	s := alerttest.NewService(alerttest.Reply{Status: http.StatusOK, Takes: true})
	defer s.Close()
	s.Then(s.Yes(), alerttest.Reply{Status: http.StatusTooManyRequests, Header: map[string]string{"Retry-After": "3"}}, s.Yes())
	channel, err := webhookalert.New(s.URL(), nil)
	if err != nil {
		panic(err)
	}
	for range 3 {
		err := channel.Alert(context.Background(), message)
		_, wait := errors.AsType[*alert.RetryAfterError](err)
		fmt.Println(err == nil, wait)
	}
	fmt.Println(len(s.Received()), "requests,", len(s.Taken()), "taken")
	// Output:
	// true false
	// false true
	// true false
	// 3 requests, 2 taken
}
