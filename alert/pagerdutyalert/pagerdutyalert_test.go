package pagerdutyalert_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/alert/pagerdutyalert"
)

const secret = "0123456789abcdefSECRET0123456789"

var yes = alerttest.Reply{Status: http.StatusAccepted, Body: `{"status":"success","message":"Event processed","dedup_key":"x"}`}

// vendor is PagerDuty as it documents the Events API: 202 is a yes, 400 an event that
// is not valid and never will be, 429 and 5xx are to be sent again later.
func vendor() alerttest.Vendor {
	return alerttest.Vendor{
		Yes: yes, Words: true, Secrets: []string{secret}, Outcomes: alerttest.ByStatus(),
		No: func(_ int, words string) string {
			quoted, _ := json.Marshal(words) // a string always is JSON
			return fmt.Sprintf(`{"status":"invalid event","message":"Event object is invalid","errors":[%s]}`, quoted)
		},
		New: func(address string, client *http.Client, timeout time.Duration) (alert.Alerter, error) {
			return pagerdutyalert.New(secret, &pagerdutyalert.Options{APIURL: address, HTTPClient: client, Timeout: timeout})
		},
		Marks: func(r alerttest.Received) []string {
			e := read(r)
			if e.DedupKey == "" {
				return nil
			}
			return []string{e.Payload.Details["key"]}
		},
	}
}

// event is what PagerDuty reads.
type event struct {
	RoutingKey string `json:"routing_key"`
	Action     string `json:"event_action"`
	DedupKey   string `json:"dedup_key"`
	ClientURL  string `json:"client_url"`
	Payload    struct {
		Summary, Source, Severity, Timestamp, Component, Class, Group string
		Details                                                       map[string]string `json:"custom_details"`
	}
	Links []struct{ Href, Text string }
}

func read(r alerttest.Received) (e event) {
	_ = json.Unmarshal([]byte(r.Body), &e) //nolint:musttag // fields are found by their names
	return e
}

func TestItKeepsTheContract(t *testing.T) {
	alerttest.Run(t, func(t *testing.T) alerttest.Subject {
		s := vendor().Subject(t)
		// A message is one event or several.
		inner, arrived := s.Alerter, s.Arrived
		var mu sync.Mutex
		all, events := 0, 0
		s.Alerter = alert.Func(func(ctx context.Context, m alert.Message) error {
			err := inner.Alert(ctx, m)
			mu.Lock()
			defer mu.Unlock()
			if n := arrived(); n > events {
				events = n
				all++
			} else if err == nil {
				all++ // those of calls beside this one are counted already
			}
			return err
		})
		s.Arrived = func() int { return all }
		return s
	})
}

func TestItsAnswers(t *testing.T) { alerttest.RunAnswers(t, vendor()) }

func TestNoKillLosesAMessage(t *testing.T) {
	t.Parallel()
	alerttest.RunCrashes(t, vendor(), 1, 200)
}

func sent(t *testing.T, messages ...alert.Message) (all []event) {
	t.Helper()
	for _, r := range vendor().Sent(t, messages...) {
		require.Equal(t, "/v2/enqueue", r.Path)
		all = append(all, read(r))
	}
	return all
}

func actions(events []event) (all []string) {
	for _, e := range events {
		all = append(all, e.Action+" "+e.DedupKey+" "+e.Payload.Severity)
	}
	return all
}

func TestAnIncidentIsOpenedAndReallyResolved(t *testing.T) {
	t.Parallel()
	samples := alerttest.Hostile()[:5]
	fires, reminds, resolves, tests, digest := samples[0], samples[1], samples[2], samples[3], samples[4]
	tests.Key = "#test-1"
	flaps, calm := fires, fires
	flaps.Kind, calm.Kind, calm.Until = alert.Flapping, alert.Flapping, fires.Since.Add(time.Minute)
	fires.Severity = "warning"
	id := fires.IncidentID
	events := sent(t, fires, reminds, flaps, calm, resolves, tests)
	require.Equal(t, []string{
		"trigger " + id + " warning", "trigger " + id + " critical", "trigger " + id + " critical", "resolve " + id + " critical",
		"resolve " + id + " critical", "trigger #test-1 info", "resolve #test-1 info",
	}, actions(events))
	e := events[0]
	require.Equal(t, secret, e.RoutingKey)
	require.Equal(t, "[FIRING] missed_heartbeats · 49…78: 5 of the last 60 slots are empty, more than 3", e.Payload.Summary)
	require.Equal(t, "2025-12-29T22:35:00Z", e.Payload.Timestamp)
	require.Equal(t, "api-1", e.Payload.Source)
	require.Equal(t, "missed_heartbeats", e.Payload.Class)
	require.Equal(t, "https://ops.example.org/", e.ClientURL)
	require.Equal(t, "https://ops.example.org/", e.Links[0].Href)
	require.Equal(t, fires.Text(), e.Payload.Details["text"])

	require.Len(t, sent(t, digest), 5, "each part by itself, and the test twice")
	nameless := alert.Message{Kind: alert.Firing, Rule: "store_unreachable"}
	over := nameless
	over.Kind, over.Key = alert.Resolved, "#store_unreachable-2"
	pair := sent(t, nameless, over)
	require.Equal(t, pair[0].DedupKey, pair[1].DedupKey, "an incident without a document is one, too")
}

func TestAHalfSentDigestGoesOnWhereItBroke(t *testing.T) {
	t.Parallel()
	s := alerttest.NewService(yes)
	defer s.Close()
	a, err := pagerdutyalert.New(secret, &pagerdutyalert.Options{APIURL: s.URL()})
	require.NoError(t, err)
	digest := alerttest.Hostile()[4]
	took := yes
	took.Takes = true
	s.Then(took, took, alerttest.Reply{Status: http.StatusInternalServerError}, took)
	require.Error(t, a.Alert(t.Context(), digest))
	require.Len(t, s.Taken(), 2)
	require.NoError(t, a.Alert(t.Context(), digest))
	require.Len(t, s.Taken(), 5, "none twice")
	require.NoError(t, a.Alert(t.Context(), digest))
	require.Len(t, s.Taken(), 10, "what was taken whole may be sent again")
}

func TestNoFieldIsTooLong(t *testing.T) {
	t.Parallel()
	for i, r := range vendor().Sent(t, alerttest.Hostile()...) {
		require.LessOrEqual(t, len(r.Body), 512<<10)
		e := read(r)
		require.NotEmpty(t, e.Payload.Summary)
		require.NotEmpty(t, e.Payload.Source)
		require.LessOrEqual(t, utf8.RuneCountInString(e.Payload.Summary), 1024, "event %d", i)
		require.LessOrEqual(t, len(e.DedupKey), 255)
		require.NotEmpty(t, e.DedupKey)
		require.Contains(t, []string{"critical", "warning", "info"}, e.Payload.Severity)
		for _, text := range []string{e.Payload.Summary, e.Payload.Source, e.Payload.Component, e.DedupKey} {
			require.NotContains(t, text, "\n")
		}
	}
}

func TestEveryMistakeIsNamedAndNoneRepeated(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"", secret + "0", secret[:31] + "!"} {
		_, err := pagerdutyalert.New(key, &pagerdutyalert.Options{APIURL: "ftp://x/" + secret, Timeout: -time.Second})
		require.ErrorContains(t, err, "pagerdutyalert: routingKey")
		require.ErrorContains(t, err, "pagerdutyalert: Options.APIURL")
		require.ErrorContains(t, err, "pagerdutyalert: Options.Timeout")
		alerttest.LeaksNoSecret(t, []string{secret[:31]}, err)
	}
}

func Example() {
	server := alerttest.NewService(yes) // in place of https://events.pagerduty.com
	defer server.Close()
	a, err := pagerdutyalert.New("0123456789abcdef0123456789abcdef", &pagerdutyalert.Options{APIURL: server.URL()})
	if err != nil {
		fmt.Println(err)
		return
	}
	m := alert.Message{Kind: alert.Firing, Rule: "logged_out", Severity: "critical", Summary: "needs a QR code", IncidentID: "logged_out_1", Key: "#logged_out-1"}
	fmt.Println(a.Alert(context.Background(), m))
	m.Kind, m.Key = alert.Resolved, "#logged_out-2"
	fmt.Println(a.Alert(context.Background(), m))
	for _, r := range server.Taken() {
		before, _, _ := strings.Cut(r.Body, `,"custom_details"`)
		fmt.Println(before)
	}
	// Output:
	// <nil>
	// <nil>
	// {"routing_key":"0123456789abcdef0123456789abcdef","event_action":"trigger","dedup_key":"logged_out_1","client":"longwatch","payload":{"summary":"[FIRING] logged_out: needs a QR code","source":"longwatch","severity":"critical","class":"logged_out"
	// {"routing_key":"0123456789abcdef0123456789abcdef","event_action":"resolve","dedup_key":"logged_out_1","client":"longwatch","payload":{"summary":"[RESOLVED] logged_out: needs a QR code","source":"longwatch","severity":"critical","class":"logged_out"
}
