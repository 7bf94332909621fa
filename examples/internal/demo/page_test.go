package demo

import (
	"context"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// shown starts a demonstration whose clients never connect, and serves it.
func shown(t *testing.T) (*Demo, *clock.Mock, *httptest.Server) {
	t.Helper()
	clk := clock.NewMock()
	d, err := Start(&Options{Clock: clk, Held: 1 << 20})
	require.NoError(t, err)
	t.Cleanup(d.Close)
	mux := http.NewServeMux()
	mux.Handle("GET /demo", d)
	mux.Handle("POST /demo/{fault}", d)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return d, clk, srv
}

// answer is a server's.
type answer struct {
	status int
	http.Header
	body string
}

// ask returns the answer of a server, whose redirects are not followed.
func ask(t *testing.T, method, url, accept string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	require.NoError(t, err)
	r.Header.Set("Accept", accept)
	response, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return answer{response.StatusCode, response.Header, string(body)}
}

const browser = "text/html,application/xhtml+xml,*/*;q=0.8"

// tells has people told something.
func tells(t *testing.T, d *Demo, m alert.Message) {
	t.Helper()
	next := alert.Func(func(context.Context, alert.Message) error { return nil })
	require.NoError(t, d.Alerter(next).Alert(t.Context(), m))
}

func TestThePageHasAButtonForEachModeAndItsPolicyAllowsItAlone(t *testing.T) {
	t.Parallel()
	d, _, srv := shown(t)
	since := time.Unix(0, 0)
	d.Watch(func() monitor.Status {
		s := monitor.Status{State: monitor.Leading}
		s.Alerts.Alarms = []monitor.AlarmStatus{
			{State: rules.State{Rule: rules.Banned, Target: "<b>demo</b>", Phase: rules.Firing, Since: &since}, Summary: "is <i>banned</i>"},
			{State: rules.State{Rule: rules.PhoneUnseen, Target: "demo", Phase: rules.Firing}, Muted: "muted by banned"},
			{State: rules.State{Rule: rules.QueueDepth, Phase: rules.Inactive}},
		}
		return s
	})
	tells(t, d, alert.Message{Kind: alert.Firing, Rule: "banned", Target: "<script>alert(1)</script>", Summary: "</pre><img src=x>"})
	response := ask(t, http.MethodGet, srv.URL+"/demo", browser)
	page := response.body
	require.Equal(t, http.StatusOK, response.status)
	require.Equal(t, "text/html; charset=utf-8", response.Get("Content-Type"))
	for i := range modes {
		m := &modes[i]
		require.Contains(t, page, `<form method="post" action="demo/`+m.name+`"><button class="btn" id="b-`+m.name+`">`+html.EscapeString(m.title)+`</button>`)
		require.Contains(t, html.UnescapeString(page), m.what)
	}
	require.Contains(t, page, `action="demo/heal"`)
	require.Contains(t, page, ">1 thing is wrong</h1>")
	require.Contains(t, page, "&lt;b&gt;demo&lt;/b&gt;")
	require.Contains(t, page, "not told: muted by banned")
	require.Contains(t, page, "&lt;/pre&gt;&lt;img src=x&gt;")
	for _, raw := range []string{"<script>alert", "<b>demo", "<i>banned", "<img"} {
		require.NotContains(t, page, raw)
	}

	policy := response.Get("Content-Security-Policy")
	require.Contains(t, policy, "default-src 'none'")
	require.NotContains(t, policy, "unsafe")
	require.NotContains(t, regexp.MustCompile(`(?s)<style>.*?</style>|<script type="module">.*?</script>`).ReplaceAllString(page, ""), "style=")
	for source, part := range map[string]string{"style-src": `(?s)<style>(.*?)</style>`, "script-src": `(?s)<script type="module">(.*?)</script>`} {
		found := regexp.MustCompile(part).FindAllStringSubmatch(page, -1)
		require.Len(t, found, 1)
		require.Contains(t, policy, source+" '"+hash(found[0][1])+"'")
	}
	require.Contains(t, page, `<noscript><meta http-equiv="refresh" content="5"></noscript>`)
}

func TestAButtonLeadsBackToThePageAndCurlIsToldWhatIsBroken(t *testing.T) {
	t.Parallel()
	d, clk, srv := shown(t)
	page := ask(t, http.MethodGet, srv.URL+"/demo", browser).body
	require.Contains(t, page, ">Cannot tell</h1>")

	response := ask(t, http.MethodPost, srv.URL+"/demo/fill-queue", browser)
	require.Equal(t, http.StatusSeeOther, response.status)
	require.Equal(t, "../demo", response.Get("Location"))
	response = ask(t, http.MethodPost, srv.URL+"/demo/restrict", "*/*")
	text := response.body
	require.Equal(t, http.StatusOK, response.status)
	require.Contains(t, text, "restrict: for ten minutes")
	for _, wrong := range []string{"nonsense", "z", "q", "h"} { // keys are for the terminal
		response = ask(t, http.MethodPost, srv.URL+"/demo/"+wrong, "*/*")
		require.Equal(t, http.StatusNotFound, response.status)
		require.Contains(t, response.body, "POST /demo/fill-queue")
	}

	clk.Add(3 * time.Second)
	text = ask(t, http.MethodGet, srv.URL+"/demo", "*/*").body
	require.Contains(t, text, "broken for 3s, not told yet")
	tells(t, d, alert.Message{Kind: alert.Firing, Rule: "queue_depth", Summary: "500 messages"})
	clk.Add(time.Minute)
	response = ask(t, http.MethodPost, srv.URL+"/demo/heal", browser)
	require.Equal(t, http.StatusSeeOther, response.status)
	clk.Add(2 * time.Second)
	tells(t, d, alert.Message{Kind: alert.Resolved, Rule: "queue_depth"})
	text = ask(t, http.MethodGet, srv.URL+"/demo", "*/*").body
	require.Contains(t, text, "told by queue_depth after 3s, resolved 2s after heal")
	require.Contains(t, text, "healed before it was told")
	page = ask(t, http.MethodGet, srv.URL+"/demo", browser).body
	require.Contains(t, page, "told by queue_depth after 3s, resolved 2s after heal")
	require.Contains(t, page, "<b>[RESOLVED] queue_depth</b>")
}

func TestHowFastSomethingWasIsSaidOfItsOwnFaultAlone(t *testing.T) {
	t.Parallel()
	clk := clock.NewMock()
	said := newTold(clk)
	fast := func(m alert.Message) string {
		said.take(m)
		return said.all()[0].fast
	}
	inbound := func(kind alert.Kind) alert.Message {
		return alert.Message{Kind: kind, Rule: "probe_fails", Target: "inbound"}
	}
	require.Empty(t, fast(inbound(alert.Firing)), "nothing was broken")
	require.Empty(t, fast(inbound(alert.Resolved)))

	said.press(modeOf("hold-messages"))
	require.True(t, said.broken("hold-messages"))
	clk.Add(41 * time.Second)
	require.Equal(t, "hold-messages: 41s after it was broken", fast(inbound(alert.Firing)))
	require.Empty(t, fast(alert.Message{Kind: alert.Firing, Rule: "probe_fails", Target: "outbound"}), "another's")
	clk.Add(time.Minute)
	require.Equal(t, "hold-messages: 1m41s after it was broken", fast(inbound(alert.Reminder)))
	said.heal()
	require.Equal(t, "hold-messages: healed, and not over yet", fast(inbound(alert.Reminder)))

	said.press(modeOf("lose-in-host")) // which the same rule tells, once it is over
	clk.Add(5 * time.Second)
	require.Equal(t, "hold-messages: healed, and not over yet", fast(inbound(alert.Reminder)), "no news")
	require.Equal(t, "hold-messages: 5s after heal", fast(inbound(alert.Resolved)))
	digest := alert.Message{Kind: alert.Digest, Parts: []alert.Message{inbound(alert.Firing), {Kind: alert.Firing, Rule: "banned"}}}
	require.Equal(t, "lose-in-host: 5s after it was broken", fast(digest))
	f, _ := said.of(modeOf("hold-messages"))
	require.Equal(t, fault{at: f.at, told: 41 * time.Second, by: "probe_fails · inbound", resolved: 5 * time.Second}, f)

	for range 2 * keptMessages {
		fast(inbound(alert.Reminder))
	}
	require.Len(t, said.all(), keptMessages)
}

func TestWhatTheChannelDidNotTakeWasNotTold(t *testing.T) {
	t.Parallel()
	d, _, _ := shown(t)
	broken := alert.Func(func(context.Context, alert.Message) error { return io.ErrUnexpectedEOF })
	require.ErrorIs(t, d.Alerter(broken).Alert(t.Context(), alert.Message{Kind: alert.Test}), io.ErrUnexpectedEOF)
	require.Empty(t, d.told.all())
}

func TestTheSettingsAreValidAndEachModeIsToldByARuleThereIs(t *testing.T) {
	t.Parallel()
	for _, interval := range []time.Duration{time.Second, 5 * time.Second, time.Minute} {
		require.NoError(t, rules.ValidateSettings(Settings(interval)))
	}
	seen := map[string]bool{healKey: true, quitKey: true}
	for i := range modes {
		m := &modes[i]
		require.Len(t, m.key, 1, m.name)
		for _, word := range []string{m.name, m.key} {
			require.False(t, seen[word], word)
			seen[word] = true
		}
		require.NotEmpty(t, m.tells, m.name)
		for _, by := range m.tells {
			require.True(t, rules.Known(by.rule), by.rule)
		}
	}
	for _, old := range []string{"lose-messages", "refuse-messages", "delay-messages", "freeze", "drop", "disconnect", "outdated", "log-out", "fill-queue"} {
		require.NotNil(t, modeOf(old), old)
	}
}

func TestKeysBreakHealAndQuit(t *testing.T) {
	t.Parallel()
	d, _, _ := shown(t)
	var out strings.Builder
	quits := 0
	d.Keys(t.Context(), strings.NewReader("k\n\n  H \nä\nzz\nq\nk\n"), &out, func() { quits++ })
	require.Equal(t, 1, quits)
	text := out.String()
	require.Contains(t, text, "fill-queue: 500 messages wait")
	require.Contains(t, text, healed)
	require.Contains(t, text, "no key \"ä\"; the keys are\n")
	require.Contains(t, text, "no key \"zz\"; the keys are\n")
	require.Equal(t, 1, strings.Count(text, "fill-queue: "), "nothing is read after q")
	require.Zero(t, d.host.waiting.Load())
	for i := range modes {
		require.Contains(t, KeyList(), "  "+modes[i].key+"  "+modes[i].name)
		require.Contains(t, Greeting("http://x", "/api", true), modes[i].name)
	}

	out.Reset()
	d.Keys(t.Context(), strings.NewReader("k\n"), &out, func() { quits++ }) // a terminal that was closed
	require.Equal(t, 1, quits)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	never, _ := io.Pipe()
	d.Keys(ctx, never, &out, func() { quits++ })
	require.Equal(t, 1, quits)
}
