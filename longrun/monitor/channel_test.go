package monitor_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

func TestATestMessageComesFromAnyInstanceAndSaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec := memstore.New(nil), newTelling()
		a := start(t, st, "a", alertingBy(rec))
		time.Sleep(time.Second)
		b := start(t, st, "b", alertingBy(rec), func(c *monitor.Config) { c.AdminURL = "https://ops.example.org/longrun/" })
		time.Sleep(time.Minute)
		require.NoError(t, b.TestAlert(t.Context()))
		require.NoError(t, a.TestAlert(t.Context()))
		require.Len(t, rec.Messages(), 2)
		m := rec.Messages()[0]
		require.Equal(t, alert.Test, m.Kind)
		require.Equal(t, "b", m.Instance)
		require.Equal(t, "https://ops.example.org/longrun/", m.Link)
		require.Empty(t, rec.Messages()[1].Link)
		require.NotEmpty(t, m.Key)
		require.Equal(t, time.Now().UTC(), b.Status().Alerts.Channel.LastSent)
		require.Empty(t, notices(t, st))

		rec.Then(alerttest.Fail(alert.Permanent(errors.New("chat not found"))))
		require.ErrorContains(t, b.TestAlert(t.Context()), "chat not found")
		require.True(t, b.Status().Alerts.Channel.Permanent)
		rec.Then(alerttest.Hang())
		require.ErrorIs(t, b.TestAlert(t.Context()), context.DeadlineExceeded)
		rec.Then(alerttest.Hang())
		gone, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		failed := b.Status().Alerts.Channel.LastFailed
		time.Sleep(time.Second)
		require.Error(t, b.TestAlert(gone))
		require.Equal(t, failed, b.Status().Alerts.Channel.LastFailed, "whoever asked gave up: that says nothing of the channel")
		synctest.Wait()
		rec.Then()
		require.NoError(t, b.TestAlert(t.Context()))
		require.Empty(t, b.Status().Alerts.Channel.LastError)
		a.end()
		b.end()
	})
}

// A test neither disturbs a channel that asked to be left alone, nor spends that
// of real messages.
func TestATestMessageSpendsNothingOfRealOnes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, host := memstore.New(nil), calm()
		rec := newTelling(alerttest.RetryAfter(time.Hour), alerttest.OK(), alerttest.RetryAfter(time.Hour), alerttest.OK())
		n := start(t, st, "a", alertingBy(rec), hosted(host))
		time.Sleep(10*time.Minute + time.Second)
		host.queue(tooDeep)
		time.Sleep(2 * time.Minute)
		quiet := n.Status().Alerts.Channel.QuietUntil
		require.False(t, quiet.IsZero())
		require.ErrorContains(t, n.TestAlert(t.Context()), "left alone until")
		require.Len(t, rec.Calls(), 1, "it was not even asked")
		require.Equal(t, quiet, n.Status().Alerts.Channel.QuietUntil)
		time.Sleep(time.Hour)
		require.Len(t, rec.Calls(), 2)
		require.Error(t, n.TestAlert(t.Context()))
		require.Zero(t, n.Status().Alerts.Channel.QuietUntil, "a test's answer is the test's")
		logOut(host)
		time.Sleep(2 * time.Minute)
		require.Len(t, rec.Calls(), 4)
		n.end()
	})
}

func TestMessagesLinkToTheirIncident(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, rec, host := memstore.New(nil), newTelling(), calm()
		n := start(t, st, "a", alertingBy(rec), hosted(host), func(c *monitor.Config) { c.AdminURL = "https://ops.example.org/longrun" })
		time.Sleep(10*time.Minute + time.Second)
		host.queue(tooDeep)
		time.Sleep(2 * time.Minute)
		n.end()
		m := rec.Messages()[0]
		require.Equal(t, "https://ops.example.org/longrun/incidents/queue_depth_20000101T001100", m.Link)
		require.Equal(t, incidentsOf(t, st)[0].IncidentID, m.IncidentID)
		require.Contains(t, m.Text(), m.Link)
		require.Equal(t, "a", m.Instance)
		require.Equal(t, "c1", m.Commit)
		require.Equal(t, "warning", m.Severity)
	})
}

func TestConfigurationsOfAlerts(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"":                                  "",
		"https://ops.example.org":           "",
		"http://10.0.0.7:8080/api/longrun/": "",
		"ops.example.org/longrun":           "begins with http",
		"ftp://ops.example.org":             "begins with http",
		"https://":                          "begins with http",
		"https://:8080":                     "and a host",
		"https:///longrun":                  "and a host",
		"https://me:secret@ops.example.org": "must not carry secrets",
		"https://ops.example.org/?k=secret": "must not carry secrets",
		"https://ops.example.org/longrun?":  "must not carry secrets",
		"https://ops.example.org/%secret":   "is no URL",
		"https://ops.example.org/\nsecret":  "is no URL",
		":secret":                           "is no URL",
	} {
		_, err := monitor.New(monitor.Config{Store: memstore.New(nil), AdminURL: url})
		if want == "" {
			require.NoError(t, err, url)
			continue
		}
		require.ErrorContains(t, err, "AdminURL: ", url)
		require.ErrorContains(t, err, want, url)
		require.NotContains(t, err.Error(), "me:secret", url)
		require.NotContains(t, err.Error(), "k=secret", url)
		require.NotContains(t, err.Error(), "%secret", url)
	}
	_, err := monitor.New(monitor.Config{Store: memstore.New(nil), AlertTimeout: -time.Second})
	require.ErrorContains(t, err, "AlertTimeout: -1s is negative")
}
