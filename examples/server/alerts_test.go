package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/examples/internal/demo"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// swift is a wall clock that runs many times as fast.
type swift struct {
	clock.Clock
	began, shows time.Time // what it showed when it began
	times        time.Duration
}

// newSwift is one on which a minute's slot takes half a second.
func newSwift() *swift { return swiftFrom(time.Now(), 120) }

// swiftFrom is one that shows a time, and runs so many times as fast.
func swiftFrom(shows time.Time, times time.Duration) *swift {
	return &swift{clock.New(), time.Now(), shows, times}
}

func (s *swift) Now() time.Time { return s.shows.Add(s.times * time.Since(s.began)) }

func (s *swift) AfterFunc(d time.Duration, f func()) *clock.Timer {
	return s.Clock.AfterFunc(d/s.times, f)
}

// demoServer is the server with -demo, in this process, on a swift clock.
type demoServer struct {
	t    *testing.T
	out  *screen
	stop func()
	base string
}

func (d *demoServer) call(method, path, body string) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.base+path, strings.NewReader(body))
	require.NoError(d.t, err)
	response, err := http.DefaultClient.Do(r)
	require.NoError(d.t, err)
	defer response.Body.Close()
	require.Equal(d.t, http.StatusOK, response.StatusCode, path)
}

func startDemo(t *testing.T, clk clock.Clock, env map[string]string) *demoServer {
	t.Helper()
	c, err := readConfig(env, true)
	require.NoError(t, err)
	c.clock, c.deadline = clk, 15*time.Second // of the swift clock's
	return startDemoAs(t, c)
}

func startDemoAs(t *testing.T, c config) *demoServer {
	t.Helper()
	d := &demoServer{t: t, out: &screen{changed: make(chan struct{}, 1)}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- serve(ctx, c, slog.New(slog.NewTextHandler(d.out, &slog.HandlerOptions{Level: c.LogLevel})), d.out)
	}()
	d.stop = func() {
		cancel()
		require.NoError(t, <-done)
	}
	d.base = d.out.await(t, `http://127\.0\.0\.1:\d+`)
	return d
}

// The five alerts of the system that longwatch replaces, each fired and resolved
// by the server itself, as a person sees them in Telegram.
func TestTheFiveAlertsFireAndResolveInTelegram(t *testing.T) {
	t.Parallel()
	tg := alerttest.NewTelegram()
	t.Cleanup(tg.Close)
	const chat = "-1001234567890"
	tg.Serve(chat)
	clk := newSwift()
	path := filepath.Join(t.TempDir(), "longrun.db")
	env := map[string]string{
		"LONGRUN_ADDR": "127.0.0.1:0", "LONGRUN_INTERVAL": "1m", "LONGRUN_LEASE": "4m", "LONGRUN_STORE": "sqlite:" + path,
		"TELEGRAM_BOT_TOKEN": tg.Token(), "TELEGRAM_CHAT_ID": chat, "TELEGRAM_API_URL": tg.URL(),
		"LONGRUN_BASE_URL": "https://ops.example.org/", "LONGRUN_INSTANCE_ID": "api-1", "LONGRUN_COMMIT": "4f1c2ab",
		"LONGRUN_SERVICE": "acme", "LONGRUN_ZONE": "Asia/Kolkata",
	}
	// It was up for half of the three hours before, and then away for a quarter.
	st, err := sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	book := openBook(t, st)
	for back := 180; back > 15; back -= 2 {
		_, err := st.Commit(t.Context(), book.CreateHeartbeat(longrun.Beat(clk.Now().Add(-time.Duration(back)*time.Minute), time.Minute)))
		require.NoError(t, err)
	}
	_, err = book.PutSettings(t.Context(), longrun.DefaultSettings(time.Minute), "") // and not the demonstration's
	require.NoError(t, err)
	require.NoError(t, st.Close())

	d := startDemo(t, clk, env)
	seen := func(title string) {
		t.Helper()
		require.Eventually(t, func() bool {
			for _, m := range tg.Messages() {
				for line := range strings.Lines(m.Text) {
					if strings.HasPrefix(line, title) {
						return true
					}
				}
			}
			return false
		}, time.Minute, 20*time.Millisecond, "%s\n%s", title, d.out)
	}
	seen("[FIRING] acme: missed_heartbeats")
	seen("[RESOLVED] acme: missed_heartbeats after ")
	seen("[FIRING] acme: insufficient_data") // muted until then
	d.call(http.MethodPut, adminhttp.DefaultPrefix+"/config", `{"insufficientDataThreshold": 0.05}`)
	seen("[RESOLVED] acme: insufficient_data after ")

	d.call(http.MethodPost, "/demo/fill-queue", "")
	seen("[FIRING] acme: queue_depth")
	d.call(http.MethodPost, "/demo/heal", "")
	seen("[RESOLVED] acme: queue_depth after ")

	d.call(http.MethodPost, "/demo/lose-messages", "")
	seen("[FIRING] acme: probe_fails · outbound")
	d.call(http.MethodPost, "/demo/heal", "")
	seen("[RESOLVED] acme: probe_fails · outbound after ")

	first := d.out.String()
	d.stop()

	// Connections are broken while no probe is on its way.
	env["WHATSAPP_PROBE_EVERY"], env["LONGRUN_LOG_LEVEL"] = "240h", "debug"
	d = startDemo(t, clk, env)
	for i := range 7 {
		require.Eventually(t, func() bool {
			connected := strings.Split(d.out.String(), "account id=demo state=connected")
			return len(connected) >= i+2 && strings.Count(connected[i+1], "heartbeat stored") >= 2
		}, time.Minute, 10*time.Millisecond)
		d.call(http.MethodPost, "/demo/drop", "")
	}
	seen("[FIRING] acme: reconnect_loop · demo")
	seen("[RESOLVED] acme: reconnect_loop · demo after ")
	d.call(http.MethodPost, adminhttp.DefaultPrefix+"/alerts/test", "")
	seen("[TEST]")
	d.stop()

	var texts []any
	for _, m := range tg.Messages() {
		require.Equal(t, chat, m.ChatID)
		require.Empty(t, m.ParseMode)
		texts = append(texts, m.Text)
	}
	require.Contains(t, fmt.Sprint(texts...), "https://ops.example.org/incident/missed_heartbeats_")
	require.Contains(t, fmt.Sprint(texts...), "instance api-1 · commit 4f1c2ab")
	require.Contains(t, fmt.Sprint(texts...), " IST)", "in the zone of who reads it, too")
	alerttest.LeaksNoSecret(t, []string{tg.Token(), demo.Number, demo.Sender}, texts...)
	for _, secret := range []string{tg.Token(), demo.Number, demo.Sender} {
		require.NotContains(t, first+d.out.String(), secret)
	}
}
