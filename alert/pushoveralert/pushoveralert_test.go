package pushoveralert_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/alert/pushoveralert"
)

const (
	token = "azGDORePK8gMaC0QOYAMyEEuzJnyUi"
	user  = "uQiRzpo4DXghDmr9QzzfQu27cmVRsG"
)

var yes = alerttest.Reply{Status: http.StatusOK, Body: `{"status":1,"request":"647d2300-702c-4b38-8b2f-d56326ae460b"}`}

// vendor is Pushover as it documents its API: status 1 is a yes, a 4xx is never worth
// another try as it is, but for 429, and a 5xx is.
func vendor() alerttest.Vendor {
	return alerttest.Vendor{
		Yes: yes, Words: true, Secrets: []string{token, user}, Outcomes: alerttest.ByStatus(),
		No: func(_ int, words string) string {
			quoted, _ := json.Marshal(words) // a string always is JSON
			return fmt.Sprintf(`{"user":"invalid","errors":[%s],"status":0,"request":"x"}`, quoted)
		},
		New: func(address string, client *http.Client, timeout time.Duration) (alert.Alerter, error) {
			return pushoveralert.New(token, user, &pushoveralert.Options{APIURL: address, HTTPClient: client, Timeout: timeout})
		},
	}
}

func TestItKeepsTheContract(t *testing.T) { alerttest.Run(t, vendor().Subject) }
func TestItsAnswers(t *testing.T)         { alerttest.RunAnswers(t, vendor()) }

func TestNoKillLosesAMessage(t *testing.T) {
	t.Parallel()
	alerttest.RunCrashes(t, vendor(), 1, 200)
}

// payload is what Pushover reads.
type payload struct {
	Token, User, Device, Title, Message, URL string
	URLTitle                                 string `json:"url_title"`
	Priority, HTML                           int
}

func sent(t *testing.T, messages ...alert.Message) (all []payload) {
	t.Helper()
	for _, r := range vendor().Sent(t, messages...) {
		require.Equal(t, "/1/messages.json", r.Path)
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
	require.Equal(t, token, all[0].Token)
	require.Equal(t, user, all[0].User)
	require.Equal(t, "🔴 [FIRING] missed_heartbeats · 49…78", all[0].Title)
	require.Contains(t, all[0].Message, "5 of the last 60 slots are empty, more than 3\n")
	require.Contains(t, all[0].Message, m.Key)
	require.Equal(t, "https://ops.example.org/", all[0].URL)
	require.Equal(t, []int{1, 0, 0}, []int{all[0].Priority, all[1].Priority, all[2].Priority})
}

func TestNothingIsTooLongOrMarkup(t *testing.T) {
	t.Parallel()
	for i, p := range sent(t, alerttest.Hostile()...) {
		require.LessOrEqual(t, utf8.RuneCountInString(p.Message), 1024, "message %d", i)
		require.LessOrEqual(t, utf8.RuneCountInString(p.Title), 250, "message %d", i)
		require.LessOrEqual(t, len(p.URL), 512)
		require.NotEmpty(t, p.Message)
		require.Zero(t, p.HTML)
		require.True(t, p.URL == "" || p.URL == "https://ops.example.org/")
	}
}

func TestAUsedUpMonthIsWaitedFor(t *testing.T) {
	t.Parallel()
	now := time.Date(2025, 12, 31, 22, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		fmt.Sprint(now.Add(2 * time.Hour).Unix()):   2 * time.Hour,
		fmt.Sprint(now.Add(100 * time.Hour).Unix()): 24 * time.Hour,
		fmt.Sprint(now.Add(-time.Hour).Unix()):      30 * time.Second,
		"soon":                                      30 * time.Second,
	} {
		s := alerttest.NewService(yes)
		s.Then(alerttest.Reply{Status: http.StatusTooManyRequests, Header: map[string]string{
			"X-Limit-App-Remaining": "0", "X-Limit-App-Reset": header, "Date": now.Format(http.TimeFormat),
		}, Body: `{"status":0,"errors":["application is over its monthly limit"]}`})
		a, err := pushoveralert.New(token, user, &pushoveralert.Options{APIURL: s.URL()})
		require.NoError(t, err)
		err = a.Alert(t.Context(), alerttest.Hostile()[0])
		var wait *alert.RetryAfterError
		require.ErrorAs(t, err, &wait)
		require.Equal(t, want, wait.After)
		require.ErrorContains(t, err, "over its monthly limit")
		s.Close()
	}
}

func TestEveryMistakeIsNamedAndNoneRepeated(t *testing.T) {
	t.Parallel()
	_, err := pushoveralert.New("", user+"!", &pushoveralert.Options{APIURL: token, Device: user, Timeout: -time.Second})
	for _, field := range []string{"token is empty", "user has not the form", "Options.APIURL", "Options.Device", "Options.Timeout"} {
		require.ErrorContains(t, err, "pushoveralert: "+field)
	}
	alerttest.LeaksNoSecret(t, []string{user, token}, err)
}

func Example() {
	server := alerttest.NewService(yes) // in place of https://api.pushover.net
	defer server.Close()
	a, err := pushoveralert.New("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "uuuuuuuuuuuuuuuuuuuuuuuuuuuuuu", &pushoveralert.Options{APIURL: server.URL()})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Alert(context.Background(), alert.Message{Kind: alert.Firing, Rule: "logged_out", Severity: "critical", Key: "#logged_out-1"}))
	fmt.Println(server.Taken()[0].Body)
	// Output:
	// <nil>
	// {"token":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","user":"uuuuuuuuuuuuuuuuuuuuuuuuuuuuuu","title":"🔴 [FIRING] logged_out","message":"critical\n#logged_out-1","priority":1}
}
