package adminhttp_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/alert/telegramalert"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// alerting is a stand whose monitor tells a. It does not run: it neither leads
// nor stands by, and sends a test message all the same.
func alerting(t *testing.T, a alert.Alerter) *stand {
	t.Helper()
	return newStandOf(t, "", func(c *monitor.Config) { c.Alerter = a })
}

func TestATestMessageIsSentByWhoeverIsAsked(t *testing.T) {
	t.Parallel()
	channel := alerttest.NewRecorder()
	s := alerting(t, channel)
	status, body, _ := s.ask(http.MethodPost, "/alerts/test", "")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, map[string]any{
		"configured": true, "healthy": true, "permanent": false, "lastSent": "2025-12-29T23:08:20Z", "lastFailed": nil, "lastError": "", "class": "", "quietUntil": nil, "channels": []any{},
	}, body["channel"])
	require.Len(t, channel.Messages(), 1)
	require.Equal(t, alert.Test, channel.Messages()[0].Kind)
	require.Equal(t, "one", channel.Messages()[0].Instance)
	require.Equal(t, body["channel"], object(object(s.get("/status")["status"])["alerts"])["channel"])

	status, body, _ = s.ask(http.MethodPost, "/alerts/test?to=somebody", "")
	require.Equal(t, http.StatusBadRequest, status)
	require.Equal(t, "to", body["field"])
	require.Len(t, channel.Messages(), 1)
}

func TestWithoutAChannelTheTestStandsInTheLog(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	status, body, _ := s.ask(http.MethodPost, "/alerts/test", "")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, false, object(body["channel"])["configured"])
}

func TestAChannelThatFailsIs502WithItsState(t *testing.T) {
	t.Parallel()
	channel := alerttest.NewRecorder(
		alerttest.Fail(errors.New("dial tcp: no route to +49 151 23456789")),
		alerttest.RetryAfter(10*time.Minute),
		alerttest.Fail(alert.Permanent(errors.New("chat not found"))),
		alerttest.Panic("boom"),
		alerttest.OK(),
	)
	s := alerting(t, channel)
	test := func() (int, map[string]any, []byte) {
		s.clock.Add(10 * time.Second)
		a := s.do(http.MethodPost, "/alerts/test", "")
		body := a.json(t)
		if a.status != http.StatusOK {
			require.Equal(t, http.StatusBadGateway, a.status)
			require.Equal(t, false, body["success"])
			require.Equal(t, "the message was not sent", body["error"])
		}
		return a.status, object(body["channel"]), a.body
	}
	_, c, text := test()
	require.Equal(t, false, c["healthy"])
	require.Equal(t, false, c["permanent"])
	require.Equal(t, "2025-12-29T23:08:30Z", c["lastFailed"])
	require.Contains(t, c["lastError"], "no route")
	alerttest.LeaksNoSecret(t, nil, text, s.do(http.MethodGet, "/status", "").body)

	_, c, _ = test()
	require.Nil(t, c["quietUntil"], "what a test is told holds for tests alone")
	s.clock.Add(10 * time.Second)
	refused := s.do(http.MethodPost, "/alerts/test", "")
	require.Equal(t, http.StatusTooManyRequests, refused.status)
	require.Equal(t, "591", refused.header.Get("Retry-After"))
	require.Contains(t, string(refused.body), "left alone until 2025-12-29T23:18:41Z")
	require.Len(t, channel.Calls(), 2, "it was not asked")
	s.clock.Add(10 * time.Minute)
	_, c, _ = test()
	require.Equal(t, true, c["permanent"])
	require.Equal(t, "chat not found", c["lastError"])
	_, c, _ = test()
	require.Equal(t, false, c["healthy"])
	require.Equal(t, false, c["permanent"])
	status, c, _ := test()
	require.Equal(t, http.StatusOK, status, "it is mended")
	require.Equal(t, true, c["healthy"])
	require.Empty(t, c["lastError"])
	require.Nil(t, c["quietUntil"])
}

func TestNoReplyTellsTheChannelsSecret(t *testing.T) {
	t.Parallel()
	server := alerttest.NewTelegram()
	t.Cleanup(server.Close)
	channel, err := telegramalert.New(server.Token(), "-1001234567890", &telegramalert.Options{APIURL: server.URL()})
	require.NoError(t, err)
	s := alerting(t, channel)
	for name, c := range map[string]struct {
		answer    alerttest.Answer
		permanent bool
	}{
		"token":  {alerttest.Unauthorized(), true},
		"chat":   {alerttest.ChatNotFound(), true},
		"proxy":  {alerttest.BadGatewayHTML(), false},
		"length": {alerttest.TooManyRequests(time.Hour), false},
		"reset":  {alerttest.ResetAfterDelivery(), false},
	} {
		server.Then(c.answer)
		s.clock.Add(2 * time.Hour) // as one of them asks for
		a := s.do(http.MethodPost, "/alerts/test", "")
		require.Equal(t, http.StatusBadGateway, a.status, name)
		require.Equal(t, c.permanent, object(a.json(t)["channel"])["permanent"], name)
		alerttest.LeaksNoSecret(t, []string{server.Token()}, a.body, s.do(http.MethodGet, "/status", "").body, s.do(http.MethodGet, "/readyz", "").body, s.log.String())
	}
}

func TestStatusShowsEveryRule(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	listed := array(object(object(s.get("/status")["status"])["alerts"])["rules"])
	require.Len(t, listed, len(rules.Rules()))
	for i, rule := range rules.Rules() {
		require.Equal(t, map[string]any{
			"rule": string(rule), "target": "", "state": "inactive", "severity": string(rules.SeverityOf(rule)), "since": nil,
			"incidentId": "", "summary": "", "muted": "", "lastSent": nil, "lastEnd": nil,
		}, listed[i])
	}

	since := time.Date(2025, 12, 29, 22, 35, 0, 0, time.UTC)
	firing := func(rule longrun.RuleID, target, muted string) monitor.AlarmStatus {
		return monitor.AlarmStatus{
			State: rules.State{Rule: rule, Target: target, Phase: rules.Firing, Since: &since, IncidentID: "i_" + target, LastSent: &since},
			Muted: muted, Summary: "seen",
		}
	}
	status := monitor.Status{State: monitor.Leading, StoreReachable: true, Settings: longrun.DefaultSettings(time.Minute), Alerts: monitor.AlertsStatus{
		Judged: since, Waiting: 2,
		Alarms: []monitor.AlarmStatus{
			firing(rules.LoggedOut, "a", "silence x"), firing(rules.LoggedOut, "b", ""),
			{State: rules.State{Rule: rules.ProbeFails, Target: "inbound", Phase: rules.Inactive, LastEnd: &since}},
		},
		Channel: monitor.ChannelStatus{Configured: true, LastError: "chat not found", Permanent: true, LastFailed: since, Channels: []alert.ChannelHealth{
			{Name: "pager", LastFailed: since, LastError: "chat not found", Permanent: true, Undelivered: 3}, {Name: "chat", LastSent: since},
		}},
	}}
	s.serve(&told{status: status})
	alerts := object(object(s.get("/status")["status"])["alerts"])
	require.Equal(t, "2025-12-29T22:35:00Z", alerts["judged"])
	require.EqualValues(t, 2, alerts["waiting"])
	require.Equal(t, true, object(alerts["channel"])["permanent"])
	require.Equal(t, false, object(alerts["channel"])["healthy"])
	require.Equal(t, []any{
		map[string]any{
			"name": "pager", "healthy": false, "permanent": true, "lastSent": nil, "lastFailed": "2025-12-29T22:35:00Z",
			"lastError": "chat not found", "quietUntil": nil, "undelivered": 3.0,
		},
		map[string]any{
			"name": "chat", "healthy": true, "permanent": false, "lastSent": "2025-12-29T22:35:00Z", "lastFailed": nil,
			"lastError": "", "quietUntil": nil, "undelivered": 0.0,
		},
	}, object(alerts["channel"])["channels"])
	var shown []string
	for _, r := range array(alerts["rules"]) {
		rule := object(r)
		shown = append(shown, fmt.Sprintf("%s %s %s %s", rule["rule"], rule["target"], rule["state"], rule["muted"]))
		if rule["target"] == "a" {
			require.Equal(t, "2025-12-29T22:35:00Z", rule["since"])
			require.Equal(t, "i_a", rule["incidentId"])
			require.Equal(t, "seen", rule["summary"])
		}
	}
	var want []string
	for _, rule := range rules.Rules() {
		switch rule {
		case rules.LoggedOut:
			want = append(want, "logged_out a firing silence x", "logged_out b firing ")
		case rules.ProbeFails:
			want = append(want, "probe_fails inbound inactive ")
		default:
			want = append(want, string(rule)+"  inactive ")
		}
	}
	require.Equal(t, want, shown)
}

// told is a monitor that knows what it is told, and has nothing else.
type told struct {
	adminhttp.Monitor
	status monitor.Status
}

func (m *told) Status() monitor.Status { return m.status }

func TestAChannelThatMustBeMendedIsToldByReadyzAndLeavesTheInstanceReady(t *testing.T) {
	t.Parallel()
	s := newStand(t, "s3cret-token-of-a-test")
	for want, channel := range map[string]monitor.ChannelStatus{
		"ok":                            {Configured: true},
		"no channel is configured":      {},
		"the last message was not sent": {Configured: true, LastError: "a passing failure of +49 151 23456789"},
		"the last message was not sent: the channel asked for quiet until 2025-12-29T23:10:00Z": {
			Configured: true, LastError: "a failure", QuietUntil: time.Date(2025, 12, 29, 23, 10, 0, 0, time.UTC),
		},
		"1 of 2 channels does not take messages":     {Configured: true, Channels: []alert.ChannelHealth{{Name: "a", LastError: "a failure"}, {Name: "b"}}},
		"2 of 2 channels do not take messages":       {Configured: true, Channels: []alert.ChannelHealth{{LastError: "a failure"}, {LastError: "a failure"}}},
		"cannot be sent until the channel is mended": {LastError: "bot 123:abcdefghijklmnopqrstuvwxyz is blocked", Permanent: true},
	} {
		s.serve(&told{status: monitor.Status{State: monitor.Standby, StoreReachable: true, Alerts: monitor.AlertsStatus{Channel: channel}}})
		a := s.do(http.MethodGet, "/readyz", "", "Authorization", "")
		require.Equal(t, http.StatusOK, a.status)
		require.Equal(t, want, a.json(t)["alerts"])
		require.Equal(t, "standby", a.json(t)["state"])
		alerttest.LeaksNoSecret(t, []string{"123:abcdefghijklmnopqrstuvwxyz", "failure"}, a.body)
	}
}

func TestWhatPeopleCouldNotBeToldIsToldByReadyzAndStatus(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	since := time.Date(2025, 12, 29, 3, 0, 0, 0, time.UTC)
	for want, alerts := range map[string]monitor.AlertsStatus{
		"1 message is undelivered since 2025-12-29T03:00:00Z": {
			Undelivered: 1, UndeliveredSince: since, Channel: monitor.ChannelStatus{Configured: true},
		},
		"7 messages are undelivered since 2025-12-29T03:00:00Z: cannot be sent until the channel is mended": {
			Undelivered: 7, UndeliveredSince: since, Channel: monitor.ChannelStatus{Configured: true, LastError: "blocked", Class: "refused", Permanent: true},
		},
	} {
		s.serve(&told{status: monitor.Status{State: monitor.Leading, StoreReachable: true, Alerts: alerts}})
		require.Equal(t, want, s.get("/readyz")["alerts"])
		shown := object(object(s.get("/status")["status"])["alerts"])
		require.EqualValues(t, alerts.Undelivered, shown["undelivered"])
		require.Equal(t, "2025-12-29T03:00:00Z", shown["undeliveredSince"])
		require.Equal(t, alerts.Channel.Class, object(shown["channel"])["class"])
	}
}

func TestATaskThatFailsIsToldByStatusAndReadyz(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	since := time.Date(2025, 12, 29, 23, 0, 0, 0, time.UTC)
	s.serve(&told{status: monitor.Status{State: monitor.Leading, StoreReachable: true, Tasks: []monitor.TaskStatus{
		{Name: "alarming", State: monitor.TaskRunning, Since: since},
		{Name: "closing", State: monitor.TaskFailed, Since: since, Restarts: 3, Error: "a failure of +49 151 23456789"},
		{Name: "probing", State: monitor.TaskIdle},
	}}})
	a := s.do(http.MethodGet, "/readyz", "")
	require.Equal(t, http.StatusOK, a.status)
	require.Equal(t, "failed, and started again soon: closing", a.json(t)["tasks"])
	tasks := array(object(s.get("/status")["status"])["tasks"])
	require.Equal(t, map[string]any{"name": "closing", "state": "failed", "since": "2025-12-29T23:00:00Z", "restarts": 3.0, "failed": true}, tasks[1])
	require.Nil(t, object(tasks[2])["since"])
	alerttest.LeaksNoSecret(t, []string{"failure"}, a.body, s.do(http.MethodGet, "/status", "").body)
	s.serve(&told{status: monitor.Status{State: monitor.Standby, StoreReachable: true}})
	require.Equal(t, "ok", s.do(http.MethodGet, "/readyz", "").json(t)["tasks"])
}

func TestALeaderSendsATestMessageToo(t *testing.T) {
	t.Parallel()
	channel := alerttest.NewRecorder()
	m := running(t, nil, func(c *monitor.Config) { c.Alerter = channel })
	require.Equal(t, monitor.Leading, m.Status().State)
	server := httptest.NewServer(adminhttp.New(m, adminhttp.Options{}))
	t.Cleanup(server.Close)
	s := &stand{t: t, server: server}
	status, _, _ := s.ask(http.MethodPost, "/alerts/test", "")
	require.Equal(t, http.StatusOK, status)
	require.Len(t, channel.Messages(), 1)
}
