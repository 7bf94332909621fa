package matrixalert_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/alert/matrixalert"
)

const (
	token = "syt_secretsecret_secretsecret_1a2b3c"
	room  = "!ops/room?#1:example.org"
)

var yes = alerttest.Reply{Status: http.StatusOK, Body: `{"event_id":"$YUwRidLecu:example.org"}`}

// vendor is a homeserver as the client-server API of Matrix documents it.
func vendor() alerttest.Vendor {
	return alerttest.Vendor{
		Yes: yes, Words: true, Secrets: []string{token}, Outcomes: alerttest.ByStatus(),
		No: func(_ int, words string) string {
			quoted, _ := json.Marshal(words) // a string always is JSON
			return fmt.Sprintf(`{"errcode":"M_FORBIDDEN","error":%s}`, quoted)
		},
		New: func(address string, client *http.Client, timeout time.Duration) (alert.Alerter, error) {
			return matrixalert.New(address, token, "!room:example.org", &matrixalert.Options{HTTPClient: client, Timeout: timeout})
		},
	}
}

func TestItKeepsTheContract(t *testing.T) { alerttest.Run(t, vendor().Subject) }
func TestItsAnswers(t *testing.T)         { alerttest.RunAnswers(t, vendor()) }

func TestNoKillLosesAMessage(t *testing.T) {
	t.Parallel()
	alerttest.RunCrashes(t, vendor(), 1, 200)
}

// A message that comes twice comes under the same transaction, which makes it one.
func TestARepetitionIsTheSameTransaction(t *testing.T) {
	t.Parallel()
	m := alerttest.Hostile()[0]
	resolved, other, nameless := m, m, m
	resolved.Kind = alert.Resolved
	other.Key = "#missed_heartbeats-9"
	nameless.Key = ""
	var ids []string
	for _, r := range vendor().Sent(t, m, m, resolved, other, nameless, nameless) {
		require.Equal(t, http.MethodPut, r.Method)
		require.Equal(t, "/_matrix/client/v3/rooms/%21room:example.org/send/m.room.message", path.Dir(r.Path))
		require.Equal(t, "Bearer "+token, r.Header.Get("Authorization"))
		ids = append(ids, path.Base(r.Path))
	}
	require.Equal(t, ids[0], ids[1])
	require.Equal(t, ids[4], ids[5])
	require.Len(t, map[string]bool{ids[0]: true, ids[2]: true, ids[3]: true, ids[4]: true}, 4)
}

func TestARoomIsOnePartOfThePath(t *testing.T) {
	t.Parallel()
	s := alerttest.NewService(yes)
	defer s.Close()
	_, err := matrixalert.New(s.URL(), token, room, nil)
	require.ErrorContains(t, err, "matrixalert: roomID")
	a, err := matrixalert.New(s.URL()+"/below/", token, "!a%2fb+c:example.org", nil)
	require.NoError(t, err)
	require.NoError(t, a.Alert(t.Context(), alerttest.Hostile()[0]))
	require.True(t, strings.HasPrefix(s.Taken()[0].Path, "/below/_matrix/client/v3/rooms/%21a%252fb+c:example.org/send/m.room.message/longwatch-"), s.Taken()[0].Path)
}

// event is what a homeserver reads.
type event struct {
	Type     string          `json:"msgtype"`
	Body     string          `json:"body"`
	Format   string          `json:"format"`
	Mentions json.RawMessage `json:"m.mentions"`
}

func TestNoTextIsMarkupOrMentionsAnybody(t *testing.T) {
	t.Parallel()
	for i, r := range vendor().Sent(t, alerttest.Hostile()...) {
		require.Less(t, len(r.Body), 60_000, "an event has 64 KiB")
		var e event
		require.NoError(t, json.Unmarshal([]byte(r.Body), &e))
		require.Equal(t, "m.text", e.Type)
		require.Empty(t, e.Format)
		require.JSONEq(t, "{}", string(e.Mentions), "message %d", i)
		require.NotEmpty(t, e.Body)
		if i == 0 {
			require.Equal(t, "🔴 "+alerttest.Hostile()[0].Text(), e.Body)
		}
	}
}

func TestOlderServersSayInMillisecondsHowLongToWait(t *testing.T) {
	t.Parallel()
	s := alerttest.NewService(yes)
	defer s.Close()
	s.Then(alerttest.Reply{Status: http.StatusTooManyRequests, Body: `{"errcode":"M_LIMIT_EXCEEDED","error":"Too Many Requests","retry_after_ms":2500}`})
	a, err := matrixalert.New(s.URL(), token, "!room:example.org", nil)
	require.NoError(t, err)
	var wait *alert.RetryAfterError
	require.ErrorAs(t, a.Alert(t.Context(), alerttest.Hostile()[0]), &wait)
	require.Equal(t, 2500*time.Millisecond, wait.After)
	require.ErrorContains(t, wait, "M_LIMIT_EXCEEDED")
}

func TestEveryMistakeIsNamedAndNoneRepeated(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "#alias:example.org", token} {
		_, err := matrixalert.New(token, "", bad, &matrixalert.Options{Timeout: -time.Second})
		for _, field := range []string{"server has not the form", "token is empty", "roomID", "Options.Timeout"} {
			require.ErrorContains(t, err, "matrixalert: "+field)
		}
		alerttest.LeaksNoSecret(t, []string{token}, err)
	}
}

func Example() {
	server := alerttest.NewService(yes) // in place of a homeserver
	defer server.Close()
	a, err := matrixalert.New(server.URL(), "syt_…", "!room:example.org", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Alert(context.Background(), alert.Message{Kind: alert.Firing, Rule: "logged_out", Severity: "critical", Key: "#logged_out-1"}))
	fmt.Println(server.Taken()[0].Body)
	// Output:
	// <nil>
	// {"msgtype":"m.text","body":"🔴 [FIRING] logged_out\ncritical\n#logged_out-1","m.mentions":{}}
}
