package webhookalert_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/alert/webhookalert"
)

// A dead-man switch is called after each stored heartbeat.
func ExampleNewPing() {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { fmt.Println(r.Method, r.URL.Path) }))
	defer server.Close()
	ping, err := webhookalert.NewPing(server.URL+"/ping/0000", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(ping.Beat(context.Background()))
	// Output:
	// GET /ping/0000
	// <nil>
}

// A dead-man switch that keeps its pings keeps the end of the evidence with them.
func ExamplePing_BeatWith() {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Println(string(body) + r.Header.Get(webhookalert.AnchorHeader))
	}))
	defer server.Close()
	ping, err := webhookalert.NewPing(server.URL+"/ping/0000", &webhookalert.PingOptions{Method: http.MethodPost})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(ping.BeatWith(context.Background(), "ops.example.org/longrun\n4\nN2PFxSJYUNC2hnFM39Ey5hiuRKVplVh0tWbYnposqXc=\n"))
	// Output:
	// ops.example.org/longrun
	// 4
	// N2PFxSJYUNC2hnFM39Ey5hiuRKVplVh0tWbYnposqXc=
	// ops.example.org/longrun 4 N2PFxSJYUNC2hnFM39Ey5hiuRKVplVh0tWbYnposqXc=
	// <nil>
}

func TestPingsSayHowThingsAre(t *testing.T) {
	t.Parallel()
	re := newReceiver(t, nil)
	a := newAlerter(t, re.URL+"/ping/0000?create=1", webhookalert.Options{Healthchecks: true, Secret: secret})
	m := func(kind alert.Kind, rule string) alert.Message {
		return alert.Message{Kind: kind, Rule: rule, Key: "#" + rule + "-1"}
	}
	digest := func(parts ...alert.Message) alert.Message {
		return alert.Message{Kind: alert.Digest, Key: "#d", Parts: parts}
	}
	target := m(alert.Resolved, "a")
	target.Target = "49…78"
	for i, c := range []struct {
		message alert.Message
		path    string
	}{
		{m(alert.Firing, "a"), "/fail"},
		{m(alert.Reminder, "a"), "/fail"},
		{m("other", "a"), "/fail"},
		{m(alert.Resolved, "a"), ""},
		{m(alert.Test, "a"), "/log"},
		{m(alert.Checkpoint, "a"), "/log"},
		{digest(), "/log"},
		{digest(m(alert.Test, "a")), "/log"},
		{digest(m(alert.Firing, "a"), m(alert.Resolved, "a"), m(alert.Test, "a")), ""},
		{digest(m(alert.Resolved, "a"), m(alert.Firing, "a")), "/fail"},
		{digest(m(alert.Firing, "a"), m(alert.Resolved, "b")), "/fail"},
		{digest(m(alert.Firing, "a"), target), "/fail"},
		{digest(digest(m(alert.Reminder, "a")), m(alert.Resolved, "b")), "/fail"},
	} {
		require.NoError(t, a.Alert(t.Context(), c.message))
		got := re.requests()[i]
		require.Equal(t, "/ping/0000"+c.path+"?create=1", got.path, "%v", c.message)
		require.Equal(t, http.MethodPost, got.method)
		require.Equal(t, c.message.Text(), got.body)
		require.Equal(t, "text/plain; charset=utf-8", got.header.Get("Content-Type"))
		require.Empty(t, got.header.Get("Longwatch-Signature"))
	}
}

func TestABeatIsOneCall(t *testing.T) {
	t.Parallel()
	re := newReceiver(t, nil)
	for method, want := range map[string]string{"": "GET", "GET": "GET", "POST": "POST"} {
		ping, err := webhookalert.NewPing(re.address(), &webhookalert.PingOptions{Method: method})
		require.NoError(t, err)
		before := len(re.requests())
		require.NoError(t, ping.Beat(t.Context()))
		got := re.requests()[before:]
		require.Len(t, got, 1)
		require.Equal(t, want, got[0].method)
		require.Equal(t, "/hook/"+secret+"?token="+secret, got[0].path)
		require.Empty(t, got[0].body)
	}
}

// A ping carries an anchor: a POST as its body, word for word, and any in one header.
func TestABeatCarriesAnAnchor(t *testing.T) {
	t.Parallel()
	re := newReceiver(t, nil)
	anchor := "log\n42\nN2PFxSJYUNC2hnFM39Ey5hiuRKVplVh0tWbYnposqXc=\n\n— log P7LAyGde\n\n7 9f86\n"
	for method, body := range map[string]string{http.MethodGet: "", http.MethodPost: anchor} {
		ping, err := webhookalert.NewPing(re.address(), &webhookalert.PingOptions{Method: method})
		require.NoError(t, err)
		before := len(re.requests())
		require.NoError(t, ping.BeatWith(t.Context(), anchor))
		require.NoError(t, ping.BeatWith(t.Context(), strings.Repeat("a ", 5000)+"\r\nX-Evil: b"))
		got := re.requests()[before:]
		require.Equal(t, body, got[0].body)
		require.Equal(t, "log 42 N2PFxSJYUNC2hnFM39Ey5hiuRKVplVh0tWbYnposqXc= log P7LAyGde 7 9f86", got[0].header.Get(webhookalert.AnchorHeader))
		require.LessOrEqual(t, len(got[1].header.Get(webhookalert.AnchorHeader)), 1024)
		require.Empty(t, got[1].header.Get("X-Evil"))
	}
}

func TestABeatThatHangsEndsWithTheTimeout(t *testing.T) {
	t.Parallel()
	var re *receiver
	re = newReceiver(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-re.closing:
		}
	})
	ping, err := webhookalert.NewPing(re.address(), &webhookalert.PingOptions{Timeout: 50 * time.Millisecond})
	require.NoError(t, err)
	err = ping.Beat(t.Context())
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.False(t, alert.IsPermanent(err))
	alerttest.LeaksNoSecret(t, []string{secret}, err)
}
