package alerttest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
)

// Outcome is what a channel makes of an answer, in the words of package alert.
type Outcome string

// The outcomes.
const (
	// Taken: nil.
	Taken Outcome = "taken"
	// Refused: alert.Permanent.
	Refused Outcome = "refused"
	// Limited: *alert.RetryAfterError.
	Limited Outcome = "limited"
	// Unsure: alert.Unknown.
	Unsure Outcome = "unsure"
	// Failed: any other error, of a message that is not with people.
	Failed Outcome = "failed"
)

// OutcomeOf names what an alerter's error says.
func OutcomeOf(err error) Outcome {
	_, waits := waitOf(err)
	switch {
	case err == nil:
		return Taken
	case waits:
		return Limited
	case alert.IsPermanent(err):
		return Refused
	case alert.IsUnknown(err):
		return Unsure
	}
	return Failed
}

// The answers of a service over HTTP that every channel is held against.
const (
	Answer200        = "200"
	Answer202        = "202"
	Answer400        = "400"
	Answer401        = "401"
	Answer403        = "403"
	Answer404        = "404"
	Answer410        = "410"
	Answer413        = "413"
	Answer429Seconds = "429 with seconds"
	Answer429Date    = "429 with a date"
	Answer429        = "429 with nothing"
	Answer500        = "500 with HTML"
	Answer502        = "502"
	AnswerTimeout    = "timeout"
	AnswerReset      = "reset after delivery"
	AnswerSlow       = "slow body"
	AnswerRedirect   = "redirect"
	AnswerWrong      = "wrong body"
)

// Vendor is a service over HTTP as its vendor documents it, and the channel that
// speaks with it.
type Vendor struct {
	// New returns an alerter whose service is at address. It makes its requests with
	// client, if that is not nil, and gives up after timeout, if that is not 0.
	New func(address string, client *http.Client, timeout time.Duration) (alert.Alerter, error)
	// Yes is how the service says that it took a message.
	Yes Reply
	// No is how it says why it did not, in its own form. Default: the words alone.
	No func(status int, words string) string
	// Outcomes are what becomes of each of the answers above, all of them.
	Outcomes map[string]Outcome
	// Words tells that errors repeat what the service says in its own form.
	Words bool
	// Secrets must not stand in any error.
	Secrets []string
	// Marks are what tells a reader, or the service, that a message which comes again is
	// the same: of each message that a request carries, one. Default: the Keys of the
	// messages, found in the body.
	Marks func(r Received) []string
}

// ByStatus are the outcomes of a service that goes by the words of HTTP and says in the
// body of a 2xx that it took the message. The caller changes what its vendor documents
// otherwise.
func ByStatus() map[string]Outcome {
	return map[string]Outcome{
		Answer200: Taken, Answer202: Taken,
		Answer400: Refused, Answer401: Refused, Answer403: Refused, Answer404: Refused, Answer410: Refused, Answer413: Refused,
		Answer429Seconds: Limited, Answer429Date: Limited, Answer429: Limited,
		Answer500: Failed, Answer502: Failed, AnswerRedirect: Failed,
		AnswerTimeout: Unsure, AnswerReset: Unsure, AnswerSlow: Unsure, AnswerWrong: Unsure,
	}
}

// What a service asks for, in RunAnswers.
const (
	askedCount   = 7 * time.Second
	askedDate    = time.Minute
	askedNothing = 30 * time.Second // what every channel makes of a 429 without a time
)

// impatience is the timeout of an alerter whose service does not answer.
const impatience = 150 * time.Millisecond

// echo is what a careless service repeats of a request.
func (v Vendor) echo() string {
	return "no good: " + strings.Join(v.Secrets, " ") + " +49 170 1234567"
}

func (v Vendor) refusal(status int) Reply {
	body := v.echo()
	if v.No != nil {
		body = v.No(status, body)
	}
	return Reply{Status: status, Body: body}
}

// answers are the replies, by their names.
func (v Vendor) answers(elsewhere string) map[string]Reply {
	said := func(status int) Reply {
		reply := v.Yes
		reply.Status, reply.Takes = status, true
		return reply
	}
	html := map[string]string{"Content-Type": "text/html"}
	page := "<html><body>" + v.echo() + "</body></html>"
	now := time.Date(2025, 12, 29, 22, 35, 0, 0, time.UTC)
	all := map[string]Reply{
		Answer200:        said(http.StatusOK),
		Answer202:        said(http.StatusAccepted),
		Answer429Seconds: v.refusal(http.StatusTooManyRequests).with(map[string]string{"Retry-After": strconv.Itoa(int(askedCount.Seconds()))}),
		Answer429Date: v.refusal(http.StatusTooManyRequests).with(map[string]string{
			"Retry-After": now.Add(askedDate).Format(http.TimeFormat), "Date": now.Format(http.TimeFormat),
		}),
		Answer429:      v.refusal(http.StatusTooManyRequests),
		Answer500:      {Status: http.StatusInternalServerError, Header: html, Body: page},
		Answer502:      {Status: http.StatusBadGateway, Header: html, Body: page},
		AnswerTimeout:  {Hang: true},
		AnswerReset:    {Reset: true, Takes: true},
		AnswerSlow:     {Status: v.Yes.Status, Header: v.Yes.Header, Body: v.Yes.Body, Hang: true, Takes: true},
		AnswerRedirect: {Status: http.StatusTemporaryRedirect, Header: map[string]string{"Location": elsewhere}},
		AnswerWrong:    {Status: v.Yes.Status, Header: html, Body: page},
	}
	for _, status := range []int{400, 401, 403, 404, 410, 413} {
		all[strconv.Itoa(status)] = v.refusal(status)
	}
	return all
}

// RunAnswers holds a channel to what its vendor documents: a table of outcomes for
// each answer that a service can give, one request each, and no error that tells a
// secret or repeats a telephone number, whatever the service echoes.
func RunAnswers(t *testing.T, v Vendor) {
	t.Helper()
	elsewhere := NewService(v.Yes)
	defer elsewhere.Close()
	answers := v.answers(elsewhere.URL())
	require.ElementsMatch(t, slices.Collect(maps.Keys(answers)), slices.Collect(maps.Keys(v.Outcomes)), "the table has a row for each answer")
	for name, reply := range answers {
		t.Run(name, func(t *testing.T) { v.checkAnswer(t, name, reply, elsewhere) })
	}
	t.Run("nobody there", func(t *testing.T) { v.checkNobody(t) })
	t.Run("a transport that tells all", func(t *testing.T) { v.checkTransport(t) })
}

func (v Vendor) checkAnswer(t require.TestingT, name string, reply Reply, elsewhere *Service) {
	s := NewService(v.Yes)
	defer s.Close()
	s.Then(reply)
	timeout := time.Duration(0)
	if reply.Hang {
		timeout = impatience
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
	err := v.ask(t, s.URL(), client, timeout)
	require.Equal(t, v.Outcomes[name], OutcomeOf(err), "%v", err)
	require.Len(t, s.Received(), 1, "one request, whatever is answered")
	require.Empty(t, elsewhere.Received(), "no redirect is followed")
	LeaksNoSecret(t, v.Secrets, err)
	want, ok := map[string]time.Duration{Answer429Seconds: askedCount, Answer429Date: askedDate, Answer429: askedNothing}[name]
	if got, waits := waitOf(err); ok && waits {
		require.Equal(t, want, got)
	}
	if err != nil {
		require.NotContains(t, err.Error(), "\n")
		require.Less(t, len(err.Error()), 600)
	}
	if v.Words && OutcomeOf(err) == Refused {
		require.ErrorContains(t, err, "no good: ***", "the service's own words help")
	}
}

func (v Vendor) checkNobody(t require.TestingT) {
	s := NewService(v.Yes)
	address := s.URL()
	s.Close()
	err := v.ask(t, address, nil, 0)
	require.Equal(t, Failed, OutcomeOf(err), "nobody can have taken it: %v", err)
	LeaksNoSecret(t, v.Secrets, err)
}

func (v Vendor) checkTransport(t require.TestingT) {
	tells := transport(func(r *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("no route to %s, %s, %v", r.URL, r.URL.Path, r.Header)
	})
	err := v.ask(t, "http://127.0.0.1:1", &http.Client{Transport: tells}, 0)
	require.ErrorContains(t, err, "no route to")
	LeaksNoSecret(t, v.Secrets, err)
}

// ask sends one message by a new alerter.
func (v Vendor) ask(t require.TestingT, address string, client *http.Client, timeout time.Duration) error {
	alerter, err := v.New(address, client, timeout)
	require.NoError(t, err)
	return alerter.Alert(context.Background(), samples()[0])
}

// waitOf is how long an error asks to wait, if it does.
func waitOf(err error) (time.Duration, bool) {
	wait, ok := errors.AsType[*alert.RetryAfterError](err)
	if !ok {
		return 0, false
	}
	return wait.After, true
}

// transport is a function that makes requests.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
