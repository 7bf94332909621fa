package alerttest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
)

// Hostile are messages that spoil what is careless with them: texts that are too
// long for any service, that are no text, that are markup, that would ping people
// or lead them elsewhere, and that are empty. The first few are ordinary, one of each
// kind, and a digest of them.
func Hostile() []alert.Message {
	all := append(samples(), awkward()...)
	for _, text := range []string{
		"@everyone @here <@U024BE7LH> <@&123> <!channel> <!here|here> <#C024BE7LR> @room",
		"[reset your password](https://evil.example.org/) <https://evil.example.org/|the dashboard>",
		"<a href=\"https://evil.example.org/\">dashboard</a> <at>everybody</at> <script>alert(1)</script> &lt;b&gt;",
		"```\n# a title\n> a quote\n- a list\n*bold* _italic_ ~struck~ ||spoiler|| `code`",
		strings.Repeat("👩‍👩‍👧‍👦", 300),
		strings.Repeat("<&>*_[]()", 500),
		"\u202egnp.exe\u2066 \u200b\x1b]0;title\x07\x00",
	} {
		m := samples()[0]
		m.Summary, m.Rule, m.Target, m.Details, m.Cause = text, text, text, []string{text, text}, text
		m.Service, m.Instance, m.Commit, m.IncidentID, m.LookAt = text, text, text, text, text
		all = append(all, m)
		m.Kind, m.Key = alert.Resolved, text
		m.Until = m.Since.Add(time.Minute)
		m.Link = "https://ops.example.org/|" + text
		all = append(all, m)
	}
	many := alert.Message{Kind: alert.Digest, Key: "#crowd"}
	for range 60 {
		many.Parts = append(many.Parts, samples()[0])
	}
	return append(all, many)
}

// Subject is the channel with a Service of its own, for Run.
func (v Vendor) Subject(t *testing.T) Subject {
	t.Helper()
	s := NewService(v.Yes)
	t.Cleanup(s.Close)
	alerter, err := v.New(s.URL(), v.client(t), 0)
	require.NoError(t, err)
	return Subject{
		Alerter: alerter,
		Arrived: func() int { return len(s.Taken()) },
		Silence: func() { s.Then(Reply{Hang: true}) },
		Break:   func() { s.Then(Reply{Status: http.StatusInternalServerError}) },
		Secrets: v.Secrets,
	}
}

// Sent returns the requests that the channel makes of messages.
func (v Vendor) Sent(t *testing.T, messages ...alert.Message) []Received {
	t.Helper()
	s := NewService(v.Yes)
	defer s.Close()
	alerter, err := v.New(s.URL(), v.client(t), 0)
	require.NoError(t, err)
	for _, m := range messages {
		require.NoError(t, alerter.Alert(t.Context(), m), "%.200q", m.Text())
	}
	return s.Taken()
}

func (v Vendor) client(t *testing.T) *http.Client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}
