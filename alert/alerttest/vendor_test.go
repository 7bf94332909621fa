package alerttest

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
)

// plain is a channel that does as it should, spoilt by spoil.
func plain(spoil func(m alert.Message, response *http.Response, err error) (error, bool)) Vendor {
	return Vendor{
		Yes: Reply{Status: 200, Body: "yes"}, Secrets: []string{secret},
		Outcomes: map[string]Outcome{
			Answer200: Taken, Answer202: Taken, Answer400: Refused, Answer401: Refused, Answer403: Refused, Answer404: Refused,
			Answer410: Refused, Answer413: Refused, Answer429Seconds: Limited, Answer429Date: Limited, Answer429: Limited,
			Answer500: Failed, Answer502: Failed, AnswerTimeout: Unsure, AnswerReset: Unsure, AnswerSlow: Taken,
			AnswerRedirect: Failed, AnswerWrong: Taken,
		},
		New: func(address string, client *http.Client, timeout time.Duration) (alert.Alerter, error) {
			follow := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			if client != nil {
				follow.Transport = client.Transport
			}
			return alert.Func(func(ctx context.Context, m alert.Message) error {
				if timeout > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, timeout)
					defer cancel()
				}
				r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader([]byte(m.Text())))
				if err != nil {
					return err
				}
				response, err := follow.Do(r)
				if response != nil {
					_ = response.Body.Close()
				}
				if spoil != nil {
					if err, done := spoil(m, response, err); done {
						return err
					}
				}
				return honestly(response, err)
			}), nil
		},
	}
}

func honestly(response *http.Response, err error) error {
	switch {
	case err != nil && strings.Contains(err.Error(), "refused"):
		return err
	case err != nil:
		return alert.Unknown(err)
	case response.StatusCode < 300:
		return nil
	case response.StatusCode == 429:
		after := 30 * time.Second
		if asked := response.Header.Get("Retry-After"); asked == "7" {
			after = 7 * time.Second
		} else if asked != "" {
			after = time.Minute
		}
		return &alert.RetryAfterError{After: after}
	case response.StatusCode >= 400 && response.StatusCode < 500:
		return alert.Permanent(fmt.Errorf("answered %d", response.StatusCode))
	}
	return fmt.Errorf("answered %d", response.StatusCode)
}

func TestAnHonestChannelPassesItsAnswers(t *testing.T) { //nolint:paralleltest // its answers are one after the other
	RunAnswers(t, plain(nil))
	RunCrashes(t, plain(nil), 1, 40)
}

// A kit that accepts everything proves nothing.
func TestABrokenChannelIsCaughtByItsAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer string
		spoil  func(alert.Message, *http.Response, error) (error, bool)
	}{
		"takes all for a yes": {Answer500, func(alert.Message, *http.Response, error) (error, bool) { return nil, true }},
		"gives up too soon": {Answer502, func(_ alert.Message, r *http.Response, err error) (error, bool) {
			return alert.Permanent(honestly(r, err)), true
		}},
		"is sure of what it cannot know": {AnswerReset, func(_ alert.Message, _ *http.Response, err error) (error, bool) {
			return fmt.Errorf("%w", err), err != nil
		}},
		"waits as long as it likes": {Answer429Date, func(alert.Message, *http.Response, error) (error, bool) {
			return &alert.RetryAfterError{After: time.Hour}, true
		}},
		"tells its secret": {Answer403, func(_ alert.Message, r *http.Response, err error) (error, bool) {
			return fmt.Errorf("with %s: %w", secret, honestly(r, err)), true
		}},
	} {
		v := plain(c.spoil)
		elsewhere := NewService(v.Yes)
		require.NotEmpty(t, failures(func(f require.TestingT) { v.checkAnswer(f, c.answer, v.answers("")[c.answer], elsewhere) }), name)
		elsewhere.Close()
	}
	v := plain(nil)
	v.Words = true
	elsewhere := NewService(v.Yes)
	defer elsewhere.Close()
	require.NotEmpty(t, failures(func(f require.TestingT) { v.checkAnswer(f, Answer404, v.answers("")[Answer404], elsewhere) }))

	lost := plain(func(m alert.Message, _ *http.Response, _ error) (error, bool) { return nil, true })
	require.NotEmpty(t, failures(func(f require.TestingT) { crashes(f, lost, 1, 40) }), "a message that was not taken and is noted as sent is lost")
	v.Marks = func(Received) []string { return nil }
	require.NotEmpty(t, failures(func(f require.TestingT) { crashes(f, v, 1, 40) }), "without a mark")
}
