package slackalert_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/alert/slackalert"
)

const secret = "XXXXsecretXXXXsecretXXXX"

// vendor is Slack as it documents incoming webhooks.
func vendor() alerttest.Vendor {
	return alerttest.Vendor{
		Yes: alerttest.Reply{Status: http.StatusOK, Body: "ok"}, Words: true, Secrets: []string{secret},
		Outcomes: map[string]alerttest.Outcome{
			alerttest.Answer200: alerttest.Taken, alerttest.Answer202: alerttest.Taken,
			alerttest.Answer400:        alerttest.Refused, // invalid_payload, user_not_found
			alerttest.Answer401:        alerttest.Refused,
			alerttest.Answer403:        alerttest.Refused, // action_prohibited, invalid_token
			alerttest.Answer404:        alerttest.Refused, // channel_not_found, no_service
			alerttest.Answer410:        alerttest.Refused, // channel_is_archived
			alerttest.Answer413:        alerttest.Refused,
			alerttest.Answer429Seconds: alerttest.Limited, alerttest.Answer429Date: alerttest.Limited, alerttest.Answer429: alerttest.Limited,
			alerttest.Answer500: alerttest.Failed, alerttest.Answer502: alerttest.Failed, // rollup_error
			alerttest.AnswerTimeout: alerttest.Unsure, alerttest.AnswerReset: alerttest.Unsure, alerttest.AnswerSlow: alerttest.Unsure,
			alerttest.AnswerWrong: alerttest.Unsure, alerttest.AnswerRedirect: alerttest.Failed,
		},
		New: func(address string, client *http.Client, timeout time.Duration) (alert.Alerter, error) {
			return slackalert.New(address+"/services/T00000000/B00000000/"+secret, &slackalert.Options{HTTPClient: client, Timeout: timeout})
		},
	}
}

func TestItKeepsTheContract(t *testing.T) { alerttest.Run(t, vendor().Subject) }
func TestItsAnswers(t *testing.T)         { alerttest.RunAnswers(t, vendor()) }

func TestNoKillLosesAMessage(t *testing.T) {
	t.Parallel()
	alerttest.RunCrashes(t, vendor(), 1, 200)
}

// payload is what Slack reads.
type payload struct {
	Text        string
	LinkNames   bool `json:"link_names"`
	Attachments []struct {
		Color  string
		Blocks []struct {
			Type string
			Text struct {
				Type, Text string
				Verbatim   bool
			}
		}
	}
}

func sent(t *testing.T, messages ...alert.Message) (all []payload) {
	t.Helper()
	for _, r := range vendor().Sent(t, messages...) {
		require.Equal(t, "application/json", r.Header.Get("Content-Type"))
		var p payload
		require.NoError(t, json.Unmarshal([]byte(r.Body), &p)) //nolint:musttag // fields are found by their names
		all = append(all, p)
	}
	return all
}

func TestAMessageAsPeopleSeeIt(t *testing.T) {
	t.Parallel()
	m := alerttest.Hostile()[0]
	resolved := m
	resolved.Kind, resolved.Until = alert.Resolved, m.Since.Add(time.Minute)
	warning := m
	warning.Severity = "warning"
	all := sent(t, m, resolved, warning)
	require.Equal(t, "🔴 [FIRING] missed_heartbeats · 49…78", all[0].Text)
	require.Equal(t, "#d1242f", all[0].Attachments[0].Color)
	text := all[0].Attachments[0].Blocks[0].Text
	require.True(t, text.Verbatim)
	for _, line := range []string{"5 of the last 60 slots are empty, more than 3\n", "critical since 2025-12-29 22:35:00 UTC\n", "#missed_heartbeats-1\n", "\n<https://ops.example.org/>"} {
		require.Contains(t, text.Text, line)
	}
	require.True(t, strings.HasPrefix(all[1].Text, "🟢 [RESOLVED]"))
	require.True(t, strings.HasPrefix(all[2].Text, "🟠 [FIRING]"))
}

var control = regexp.MustCompile(`<[^>]*>`)

func TestNoTextPingsLeadsElsewhereOrIsTooLong(t *testing.T) {
	t.Parallel()
	for i, p := range sent(t, alerttest.Hostile()...) {
		require.False(t, p.LinkNames)
		texts := []string{p.Text}
		for _, a := range p.Attachments {
			texts = append(texts, a.Blocks[0].Text.Text)
		}
		for _, text := range texts {
			require.LessOrEqual(t, utf8.RuneCountInString(text), 3002, "message %d", i)
			require.True(t, utf8.ValidString(text))
			for _, markup := range control.FindAllString(text, -1) {
				require.True(t, strings.HasPrefix(markup, "<https://ops.example.org/"), "message %d: %s", i, markup)
				require.NotContains(t, markup, "|")
			}
		}
	}
}

func TestEveryMistakeIsNamedAndNoneRepeated(t *testing.T) {
	t.Parallel()
	_, err := slackalert.New("ftp://"+secret, &slackalert.Options{Timeout: -time.Second})
	require.ErrorContains(t, err, "slackalert: url has not the form")
	require.ErrorContains(t, err, "slackalert: Options.Timeout -1s is negative")
	alerttest.LeaksNoSecret(t, []string{secret}, err)
}

func Example() {
	server := alerttest.NewService(alerttest.Reply{Status: http.StatusOK, Body: "ok"}) // in place of https://hooks.slack.com
	defer server.Close()
	a, err := slackalert.New(server.URL()+"/services/T00000000/B00000000/XXXXXXXX", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Alert(context.Background(), alert.Message{Kind: alert.Firing, Rule: "logged_out", Severity: "critical", Key: "#logged_out-1"}))
	fmt.Println(server.Taken()[0].Body)
	// Output:
	// <nil>
	// {"text":"🔴 [FIRING] logged_out","link_names":false,"unfurl_links":false,"unfurl_media":false,"attachments":[{"color":"#d1242f","fallback":"[FIRING] logged_out","blocks":[{"type":"section","text":{"type":"mrkdwn","text":"critical\n#logged_out-1","verbatim":true}}]}]}
}
