package shoutrrralert_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/alert/shoutrrralert"
)

const secret = "XXXXsecretXXXXsecretXXXX"

// generic is the URL of shoutrrr's webhook to whatever is at address, and bark that of
// its client of Bark, which tells the status of an answer.
func generic(address string) string {
	return "generic://" + strings.TrimPrefix(address, "http://") + "/hooks/" + secret + "?disabletls=yes&template=json"
}

func bark(address string) string {
	return "bark://:" + secret + "@" + strings.TrimPrefix(address, "http://") + "/?scheme=http"
}

var yes = alerttest.Reply{Status: http.StatusOK, Body: `{"code":200,"message":"success"}`}

func subject(url func(string) string) func(t *testing.T) alerttest.Subject {
	return func(t *testing.T) alerttest.Subject {
		t.Helper()
		s := alerttest.NewService(yes)
		t.Cleanup(s.Close)
		a, err := shoutrrralert.New([]string{url(s.URL())}, nil)
		require.NoError(t, err)
		return alerttest.Subject{
			Alerter: a, Secrets: []string{secret},
			Arrived: func() int { return len(s.Taken()) },
			Silence: func() { s.Then(alerttest.Reply{Hang: true}) },
			Break: func() {
				s.Then(alerttest.Reply{Status: http.StatusInternalServerError, Body: "no: " + secret + " +49 170 1234567"})
			},
		}
	}
}

func TestItKeepsTheContract(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(string) string{"generic": generic, "bark": bark} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			alerttest.Run(t, subject(url))
		})
	}
}

func TestNoKillLosesAMessage(t *testing.T) {
	t.Parallel()
	alerttest.RunCrashes(t, alerttest.Vendor{
		Yes: yes, Secrets: []string{secret},
		New: func(address string, _ *http.Client, timeout time.Duration) (alert.Alerter, error) {
			return shoutrrralert.New([]string{generic(address)}, &shoutrrralert.Options{Timeout: timeout})
		},
	}, 1, 200)
}

// What a service tells of its answer decides; nobody guesses from words.
func TestItsAnswers(t *testing.T) {
	t.Parallel()
	echo := "no good: " + secret + " +49 170 1234567"
	for name, c := range map[string]struct {
		reply         alerttest.Reply
		generic, bark alerttest.Outcome
	}{
		"200":   {yes, alerttest.Taken, alerttest.Taken},
		"400":   {alerttest.Reply{Status: 400, Body: echo}, alerttest.Unsure, alerttest.Refused},
		"401":   {alerttest.Reply{Status: 401, Body: echo}, alerttest.Unsure, alerttest.Refused},
		"404":   {alerttest.Reply{Status: 404, Body: echo}, alerttest.Unsure, alerttest.Refused},
		"413":   {alerttest.Reply{Status: 413, Body: echo}, alerttest.Unsure, alerttest.Refused},
		"429":   {alerttest.Reply{Status: 429, Body: echo}, alerttest.Unsure, alerttest.Limited},
		"500":   {alerttest.Reply{Status: 500, Body: echo}, alerttest.Unsure, alerttest.Failed},
		"502":   {alerttest.Reply{Status: 502, Body: "<html>" + echo}, alerttest.Unsure, alerttest.Failed},
		"reset": {alerttest.Reply{Reset: true, Takes: true}, alerttest.Unsure, alerttest.Unsure},
		"hangs": {alerttest.Reply{Hang: true}, alerttest.Unsure, alerttest.Unsure},
		"words": {alerttest.Reply{Status: 200, Body: `{"code":400,"message":"` + echo + `"}`}, alerttest.Taken, alerttest.Unsure},
		"wrong": {alerttest.Reply{Status: 200, Body: "<html>" + echo}, alerttest.Taken, alerttest.Unsure},
	} {
		for _, service := range []struct {
			url  func(string) string
			want alerttest.Outcome
		}{{generic, c.generic}, {bark, c.bark}} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := alerttest.NewService(yes)
				t.Cleanup(s.Close)
				s.Then(c.reply)
				o := &shoutrrralert.Options{}
				if c.reply.Hang {
					o.Timeout = 50 * time.Millisecond
				}
				a, err := shoutrrralert.New([]string{service.url(s.URL())}, o)
				require.NoError(t, err)
				require.Empty(t, s.Received(), "New calls nobody")
				err = a.Alert(t.Context(), alert.Message{Kind: alert.Test, Summary: "a test"})
				require.Equal(t, service.want, alerttest.OutcomeOf(err), "%v", err)
				alerttest.LeaksNoSecret(t, []string{secret}, err)
				if err != nil {
					require.NotContains(t, err.Error(), strings.TrimPrefix(s.URL(), "http://"))
				}
			})
		}
	}
}

func TestOfSeveralEachIsTold(t *testing.T) {
	t.Parallel()
	works, broken := alerttest.NewService(yes), alerttest.NewService(yes)
	t.Cleanup(works.Close)
	t.Cleanup(broken.Close)
	broken.Then(alerttest.Reply{Status: http.StatusNotFound})
	a, err := shoutrrralert.New([]string{generic(works.URL()), bark(broken.URL())}, nil)
	require.NoError(t, err)
	err = a.Alert(t.Context(), alert.Message{Kind: alert.Test, Key: "#1"})
	require.True(t, alert.IsPartial(err))
	require.ErrorContains(t, err, "URL 2: bark")
	require.Len(t, works.Taken(), 1)
}

func TestAMistakeIsNamedWithoutItsURL(t *testing.T) {
	t.Parallel()
	login := alerttest.NewService(yes)
	t.Cleanup(login.Close)
	for _, url := range []string{
		"", secret, secret + "://x", "logger://", "telegram://" + secret,
		"generic://h/%zz" + secret, "slack://" + secret, "discord://" + secret, "smtp://u:" + secret + "@h",
		"pushover://shoutrrr:" + secret, "opsgenie://h/?x=" + secret, "\x00" + secret,
	} {
		_, err := shoutrrralert.New([]string{url, generic("http://h")}, nil)
		require.Error(t, err, url)
		require.ErrorContains(t, err, "URL 1", url)
		require.NotContains(t, err.Error(), "URL 2", url)
		alerttest.LeaksNoSecret(t, []string{secret}, err)
	}
	_, err := shoutrrralert.New(nil, &shoutrrralert.Options{Timeout: -1})
	require.ErrorContains(t, err, "no URL")
	require.ErrorContains(t, err, "Timeout")
	_, err = shoutrrralert.New([]string{"matrix://user:" + secret + "@" + strings.TrimPrefix(login.URL(), "http://") + "/?rooms=r&disableTLS=yes"}, nil)
	require.NoError(t, err)
	require.Empty(t, login.Received(), "its login waits for a message")
}

// Each service keeps its token somewhere else in its URL, and makes URLs of it again.
func TestNoServiceSaysItsToken(t *testing.T) {
	t.Parallel()
	const nobody = "127.0.0.1:1"
	for _, url := range []string{
		"gotify://" + nobody + "/" + secret + "?disabletls=yes",
		"ntfy://user:" + secret + "@" + nobody + "/topic-" + secret + "?scheme=http",
		"mattermost://user@" + nobody + "/" + secret + "?disabletls=yes",
		"rocketchat://user@" + nobody + "/" + secret + "/" + secret + "#ops",
		"opsgenie://" + nobody + "/" + secret,
		"signal://user:" + secret + "@" + nobody + "/+4915112345678/+4915112345679",
		"smtp://user:" + secret + "@" + nobody + "/?from=a@example.org&to=b@example.org",
		"generic://" + nobody + "/x?@authorization=Bearer+" + secret + "&$key=" + secret,
		"generic+http://" + nobody + "/x?key=" + secret,
		bark("http://" + nobody),
		"zulip://bot%40example.org:" + secret + "@" + nobody + "/?stream=ops&topic=x",
	} {
		t.Run(url[:4], func(t *testing.T) {
			t.Parallel()
			a, err := shoutrrralert.New([]string{url}, nil)
			require.NoError(t, err)
			err = a.Alert(t.Context(), alert.Message{Kind: alert.Test, Summary: "a test"})
			require.Error(t, err)
			alerttest.LeaksNoSecret(t, []string{secret}, err)
			require.NotContains(t, err.Error(), nobody)
			t.Log(err)
		})
	}
}

// A service that never answers costs a few goroutines, and not one for each message.
func TestFewCallsAreLeftBehind(t *testing.T) {
	t.Parallel()
	s := alerttest.NewService(yes)
	t.Cleanup(s.Close)
	s.Then(alerttest.Reply{Hang: true})
	a, err := shoutrrralert.New([]string{generic(s.URL())}, &shoutrrralert.Options{Timeout: 30 * time.Millisecond})
	require.NoError(t, err)
	var outcomes []alerttest.Outcome
	for range 12 {
		outcomes = append(outcomes, alerttest.OutcomeOf(a.Alert(context.Background(), alert.Message{Kind: alert.Test})))
	}
	require.Contains(t, outcomes, alerttest.Failed, "it was not asked")
	require.Less(t, len(s.Received()), 12)
}

func ExampleNew() {
	channel, err := shoutrrralert.New([]string{"gotify://push.example.org/AbcdefghijKlmno", "zulip://bot%40example.org:key@example.zulipchat.com/?stream=ops&topic=longwatch"}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	alerts := alert.Fanout(channel) // and the others that there are
	fmt.Printf("%T\n", alerts)
	// Output: *alert.fanout
}
