package ntfyalert_test

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
	"github.com/seed-13dc028d/longwatch/alert/ntfyalert"
)

const (
	topic = "secret-topic_of-ours"
	token = "tk_secretsecretsecretsecret"
)

var yes = alerttest.Reply{Status: http.StatusOK, Body: `{"id":"hwQ2YpKdmg","time":1767047700,"event":"message","topic":"t","message":"m"}`}

// vendor is ntfy as it documents publishing as JSON, with errors of its own form.
func vendor() alerttest.Vendor {
	return alerttest.Vendor{
		Yes: yes, Words: true, Secrets: []string{topic, token}, Outcomes: alerttest.ByStatus(),
		No: func(status int, words string) string {
			quoted, _ := json.Marshal(words) // a string always is JSON
			return fmt.Sprintf(`{"code":%d01,"http":%d,"error":%s}`, status, status, quoted)
		},
		New: func(address string, client *http.Client, timeout time.Duration) (alert.Alerter, error) {
			return ntfyalert.New(topic, &ntfyalert.Options{Server: address, Token: token, HTTPClient: client, Timeout: timeout})
		},
	}
}

func TestItKeepsTheContract(t *testing.T) { alerttest.Run(t, vendor().Subject) }
func TestItsAnswers(t *testing.T)         { alerttest.RunAnswers(t, vendor()) }

func TestNoKillLosesAMessage(t *testing.T) {
	t.Parallel()
	alerttest.RunCrashes(t, vendor(), 1, 200)
}

// payload is what ntfy reads.
type payload struct {
	Topic, Title, Message, Click string
	Priority                     int
	Tags                         []string
	Markdown                     bool
}

func sent(t *testing.T, messages ...alert.Message) (all []payload) {
	t.Helper()
	for _, r := range vendor().Sent(t, messages...) {
		require.Equal(t, "/", r.Path)
		require.Equal(t, "Bearer "+token, r.Header.Get("Authorization"))
		var p payload
		require.NoError(t, json.Unmarshal([]byte(r.Body), &p)) //nolint:musttag // fields are found by their names
		all = append(all, p)
	}
	return all
}

func TestAMessageAsPeopleSeeIt(t *testing.T) {
	t.Parallel()
	m := alerttest.Hostile()[0]
	warning, resolved := m, m
	warning.Severity = "warning"
	resolved.Kind, resolved.Until = alert.Resolved, m.Since.Add(time.Minute)
	all := sent(t, m, warning, resolved)
	require.Equal(t, topic, all[0].Topic)
	require.Equal(t, "[FIRING] missed_heartbeats · 49…78", all[0].Title)
	require.Equal(t, m.Text(), all[0].Title+"\n"+all[0].Message)
	require.Equal(t, "https://ops.example.org/", all[0].Click)
	for i, want := range []struct {
		priority int
		tag      string
	}{{5, "red_circle"}, {4, "orange_circle"}, {3, "green_circle"}} {
		require.Equal(t, want.priority, all[i].Priority)
		require.Equal(t, []string{want.tag}, all[i].Tags)
	}
}

func TestNothingIsTooLongOrMarkup(t *testing.T) {
	t.Parallel()
	for i, p := range sent(t, alerttest.Hostile()...) {
		require.LessOrEqual(t, len(p.Message), 4096, "message %d: a longer one is an attachment", i)
		require.LessOrEqual(t, len(p.Title), 250, "message %d", i)
		require.NotEmpty(t, p.Message)
		require.NotEmpty(t, p.Title)
		require.True(t, utf8.ValidString(p.Title+p.Message))
		require.False(t, p.Markdown)
		require.True(t, p.Click == "" || p.Click == "https://ops.example.org/")
	}
}

func TestAUserIsAskedForByTheServer(t *testing.T) {
	t.Parallel()
	s := alerttest.NewService(yes)
	defer s.Close()
	s.Then(alerttest.Reply{Status: http.StatusUnauthorized, Body: `{"error":"unauthorized: c2VjcmV0: ` + topic + `"}`})
	a, err := ntfyalert.New(topic, &ntfyalert.Options{Server: s.URL(), User: "ops", Password: "secret password"})
	require.NoError(t, err)
	err = a.Alert(t.Context(), alerttest.Hostile()[0])
	require.True(t, alert.IsPermanent(err))
	require.ErrorContains(t, err, "unauthorized")
	alerttest.LeaksNoSecret(t, []string{topic, "secret password"}, err)
	require.Equal(t, "Basic b3BzOnNlY3JldCBwYXNzd29yZA==", s.Received()[0].Header.Get("Authorization"))
}

func TestEveryMistakeIsNamedAndNoneRepeated(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "secret topic", strings.Repeat("secret", 11)} {
		_, err := ntfyalert.New(bad, &ntfyalert.Options{Server: "secret", Token: "secret", User: "secret", Timeout: -time.Second})
		for _, field := range []string{"topic", "Options.Server", "Options.Token", "Options.User and Options.Password", "Options.Timeout"} {
			require.ErrorContains(t, err, "ntfyalert: "+field)
		}
		alerttest.LeaksNoSecret(t, []string{"secret"}, err)
	}
}

func Example() {
	server := alerttest.NewService(yes) // in place of https://ntfy.sh
	defer server.Close()
	a, err := ntfyalert.New("our-alerts", &ntfyalert.Options{Server: server.URL()})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Alert(context.Background(), alert.Message{Kind: alert.Firing, Rule: "logged_out", Severity: "critical", Key: "#logged_out-1"}))
	fmt.Println(server.Taken()[0].Body)
	// Output:
	// <nil>
	// {"topic":"our-alerts","title":"[FIRING] logged_out","message":"critical\n#logged_out-1","priority":5,"tags":["red_circle"]}
}
