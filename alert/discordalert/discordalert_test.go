package discordalert_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/alert/discordalert"
)

const secret = "secretsecret_secret-secret"

var yes = alerttest.Reply{
	Status: http.StatusOK, Header: map[string]string{"Content-Type": "application/json"}, Body: `{"id":"12345","type":0,"content":"","embeds":[{}]}`,
}

// vendor is Discord as it documents webhooks that are waited for.
func vendor() alerttest.Vendor {
	return alerttest.Vendor{
		Yes: yes, Words: true, Secrets: []string{secret},
		No: func(_ int, words string) string {
			quoted, _ := json.Marshal(words) // a string always is JSON
			return fmt.Sprintf(`{"code":10015,"message":%s}`, quoted)
		},
		Outcomes: map[string]alerttest.Outcome{
			alerttest.Answer200: alerttest.Taken, alerttest.Answer202: alerttest.Taken,
			alerttest.Answer400: alerttest.Refused, // an embed that is not valid
			alerttest.Answer401: alerttest.Refused, // Invalid Webhook Token
			alerttest.Answer403: alerttest.Refused,
			alerttest.Answer404: alerttest.Refused, // Unknown Webhook
			alerttest.Answer410: alerttest.Refused, alerttest.Answer413: alerttest.Refused,
			alerttest.Answer429Seconds: alerttest.Limited, alerttest.Answer429Date: alerttest.Limited, alerttest.Answer429: alerttest.Limited,
			alerttest.Answer500: alerttest.Failed, alerttest.Answer502: alerttest.Failed, // GATEWAY UNAVAILABLE: wait a bit and retry
			alerttest.AnswerTimeout: alerttest.Unsure, alerttest.AnswerReset: alerttest.Unsure, alerttest.AnswerSlow: alerttest.Unsure,
			alerttest.AnswerWrong: alerttest.Unsure, alerttest.AnswerRedirect: alerttest.Failed,
		},
		New: func(address string, client *http.Client, timeout time.Duration) (alert.Alerter, error) {
			return discordalert.New(address+"/api/webhooks/1234/"+secret, &discordalert.Options{HTTPClient: client, Timeout: timeout, ThreadID: "77"})
		},
		Marks: func(r alerttest.Received) (keys []string) {
			var p payload
			if json.Unmarshal([]byte(r.Body), &p) != nil { //nolint:musttag // fields are found by their names
				return nil
			}
			for word := range strings.FieldsSeq(strings.ReplaceAll(p.Embeds[0].Description, `\`, "")) {
				if strings.HasPrefix(word, "#") {
					keys = append(keys, word)
				}
			}
			return keys
		},
	}
}

func TestItKeepsTheContract(t *testing.T) { alerttest.Run(t, vendor().Subject) }
func TestItsAnswers(t *testing.T)         { alerttest.RunAnswers(t, vendor()) }

func TestNoKillLosesAMessage(t *testing.T) {
	t.Parallel()
	alerttest.RunCrashes(t, vendor(), 1, 200)
}

// payload is what Discord reads.
type payload struct {
	Username string
	Embeds   []struct {
		Title, Description, URL string
		Color                   int
	}
	AllowedMentions *struct{ Parse []string } `json:"allowed_mentions"`
}

func sent(t *testing.T, messages ...alert.Message) (all []payload) {
	t.Helper()
	for _, r := range vendor().Sent(t, messages...) {
		require.Equal(t, "/api/webhooks/1234/"+secret+"?thread_id=77&wait=true", r.Path)
		var p payload
		require.NoError(t, json.Unmarshal([]byte(r.Body), &p)) //nolint:musttag // fields are found by their names
		require.Contains(t, r.Body, `"allowed_mentions":{"parse":[]}`, "nobody is pinged")
		all = append(all, p)
	}
	return all
}

func TestAMessageAsPeopleSeeIt(t *testing.T) {
	t.Parallel()
	m := alerttest.Hostile()[0]
	resolved := m
	resolved.Kind, resolved.Until = alert.Resolved, m.Since.Add(time.Minute)
	all := sent(t, m, resolved)
	e := all[0].Embeds[0]
	require.Equal(t, `🔴 [FIRING] missed_heartbeats · 49…78`, unescaped(e.Title))
	require.Equal(t, 0xd1242f, e.Color)
	require.Equal(t, "https://ops.example.org/", e.URL)
	for _, line := range []string{"critical since 2025-12-29 22:35:00 UTC\n", "#missed_heartbeats-1\n", "\nhttps://ops.example.org/"} {
		require.Contains(t, unescaped(e.Description), line)
	}
	require.True(t, strings.HasPrefix(unescaped(all[1].Embeds[0].Title), "🟢 [RESOLVED]"))
}

func unescaped(s string) string { return strings.ReplaceAll(s, `\`, "") }

func TestNoTextPingsLeadsElsewhereOrIsTooLong(t *testing.T) {
	t.Parallel()
	for i, p := range sent(t, alerttest.Hostile()...) {
		e := p.Embeds[0]
		require.LessOrEqual(t, utf8.RuneCountInString(e.Title), 256, "message %d", i)
		require.NotEmpty(t, e.Title)
		require.LessOrEqual(t, utf8.RuneCountInString(e.Description), 4096, "message %d", i)
		require.True(t, e.URL == "" || e.URL == "https://ops.example.org/", e.URL)
		for _, text := range []string{e.Title, e.Description} {
			// A backslash and what it stands before are one letter; none of what is left
			// begins markup.
			for _, begins := range []string{"[", "]", "<", "@", "`", "*", "_", "|", "~"} {
				require.NotContains(t, withoutPairs(text), begins, "message %d", i)
			}
		}
	}
}

// withoutPairs is a text without what is escaped, and without our own link.
func withoutPairs(text string) string {
	var b strings.Builder
	skip := false
	for _, r := range strings.ReplaceAll(text, "https://ops.example.org/", "") {
		if skip || r == '\\' {
			skip = !skip
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func TestTheBodySaysExactlyHowLongToWait(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]time.Duration{
		`{"message":"You are being rate limited.","retry_after":1.5,"global":false}`: 1500 * time.Millisecond,
		`{"retry_after":1e300}`: 24 * time.Hour,
		`{"retry_after":-1}`:    9 * time.Second,
		`error code: 1015`:      9 * time.Second, // of the proxy before it
	} {
		s := alerttest.NewService(yes)
		s.Then(alerttest.Reply{Status: http.StatusTooManyRequests, Header: map[string]string{"Retry-After": "9"}, Body: body})
		a, err := discordalert.New(s.URL(), nil)
		require.NoError(t, err)
		err = a.Alert(t.Context(), alerttest.Hostile()[0])
		var wait *alert.RetryAfterError
		require.ErrorAs(t, err, &wait)
		require.Equal(t, want, wait.After, body)
		s.Close()
	}
}

func TestEveryMistakeIsNamedAndNoneRepeated(t *testing.T) {
	t.Parallel()
	_, err := discordalert.New("https:///"+secret, &discordalert.Options{Timeout: -time.Second, ThreadID: secret, Username: strings.Repeat(secret, 4)})
	for _, field := range []string{"url has not the form", "Options.Timeout -1s", "Options.ThreadID", "Options.Username"} {
		require.ErrorContains(t, err, "discordalert: "+field)
	}
	alerttest.LeaksNoSecret(t, []string{secret}, err)
}

func Example() {
	server := alerttest.NewService(yes) // in place of https://discord.com
	defer server.Close()
	a, err := discordalert.New(server.URL()+"/api/webhooks/1234/XXXX", &discordalert.Options{Username: "longwatch"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Alert(context.Background(), alert.Message{Kind: alert.Firing, Rule: "logged_out", Severity: "critical", Key: "#logged_out-1"}))
	fmt.Println(server.Taken()[0].Body)
	// Output:
	// <nil>
	// {"username":"longwatch","embeds":[{"title":"🔴 \\[FIRING\\] logged\\_out","description":"critical\n\\#logged\\_out-1","color":13706287}],"allowed_mentions":{"parse":[]}}
}
