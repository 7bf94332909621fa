package alert_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/discordalert"
	"github.com/seed-13dc028d/longwatch/alert/matrixalert"
	"github.com/seed-13dc028d/longwatch/alert/ntfyalert"
	"github.com/seed-13dc028d/longwatch/alert/pagerdutyalert"
	"github.com/seed-13dc028d/longwatch/alert/pushoveralert"
	"github.com/seed-13dc028d/longwatch/alert/slackalert"
	"github.com/seed-13dc028d/longwatch/alert/teamsalert"
	"github.com/seed-13dc028d/longwatch/alert/telegramalert"
	"github.com/seed-13dc028d/longwatch/alert/webhookalert"
)

// answered is a service that says the same to everybody.
type answered struct {
	status       int
	header, body string
}

// RoundTrip implements http.RoundTripper.
func (a answered) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	_ = r.Body.Close()
	header := http.Header{"Retry-After": {a.header}, "Date": {"Mon, 29 Dec 2025 23:07:00 GMT"}, "Content-Type": {"application/json"}}
	return &http.Response{StatusCode: a.status, Header: header, Body: io.NopCloser(strings.NewReader(a.body)), Request: r, ContentLength: -1}, nil
}

// FuzzAnswers: whatever a service says, its channel knows what became of the message,
// waits no longer than a day, and repeats no secret.
func FuzzAnswers(f *testing.F) {
	const secret = "5ecretOfTheChannel0123456789abcd"
	for _, body := range []string{
		"ok", `{"ok":true,"result":{"message_id":1}}`, `{"ok":false,"error_code":429,"parameters":{"retry_after":-5}}`, `{"retry_after":1e300,"message":"` + secret + `"}`,
		`{"status":"success","errors":["a"]}`, `{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":9223372036854775807}`, `{"event_id":"$x"}`, `<html>` + secret, "null", `{"status":1,"request":null}`, "\xff\x00{",
	} {
		f.Add(200, "", body)
		f.Add(429, "9223372036854775807", body)
		f.Add(503, "Tue, 30 Dec 2025 23:07:00 GMT", body)
		f.Add(400, "-1", body)
	}
	f.Fuzz(func(t *testing.T, status int, header, body string) {
		if status < 200 || status > 599 {
			return
		}
		client := &http.Client{Transport: answered{status, header, body}}
		for _, a := range channels(t, client, secret) {
			err := a.Alert(t.Context(), alert.Message{Kind: alert.Firing, Rule: "r", Summary: "s", Key: "#r-1", IncidentID: "i", Since: time.Now()})
			if err == nil {
				require.Equal(t, 2, status/100)
				continue
			}
			require.NotContains(t, err.Error(), secret[2:30])
			require.NotContains(t, err.Error(), "\x00")
			if wait, ok := errors.AsType[*alert.RetryAfterError](err); ok {
				require.Positive(t, wait.After)
				require.LessOrEqual(t, wait.After, 24*time.Hour)
				require.False(t, alert.IsPermanent(err))
			}
		}
	})
}

// channels are all that speak HTTP.
func channels(t *testing.T, client *http.Client, secret string) []alert.Alerter {
	t.Helper()
	var all []alert.Alerter
	add := func(a alert.Alerter, err error) {
		require.NoError(t, err)
		all = append(all, a)
	}
	add(slackalert.New("https://slack.test/services/"+secret, &slackalert.Options{HTTPClient: client}))
	add(discordalert.New("https://discord.test/api/webhooks/1/"+secret, &discordalert.Options{HTTPClient: client}))
	add(teamsalert.New("https://teams.test/"+secret, &teamsalert.Options{HTTPClient: client}))
	add(pagerdutyalert.New(secret, &pagerdutyalert.Options{HTTPClient: client}))
	add(ntfyalert.New("topic", &ntfyalert.Options{HTTPClient: client, Server: "https://ntfy.test", Token: secret}))
	add(pushoveralert.New(secret[:30], secret[2:], &pushoveralert.Options{HTTPClient: client}))
	add(matrixalert.New("https://matrix.test", secret, "!room:matrix.test", &matrixalert.Options{HTTPClient: client}))
	add(webhookalert.New("https://hook.test/"+secret, &webhookalert.Options{HTTPClient: client}))
	add(telegramalert.New("123456:"+secret, "1", &telegramalert.Options{HTTPClient: client}))
	return all
}
