package main

import (
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// typist is a person at the demonstration's terminal.
type typist struct {
	*demoServer
	keys io.Writer
	seen int // how much of the screen
}

// startTyping starts a demonstration, and waits for words.
func startTyping(t *testing.T, clk *swift, env map[string]string, words string) *typist {
	t.Helper()
	all := map[string]string{"LONGRUN_ADDR": "127.0.0.1:0", "LONGRUN_LEASE": "5m", "WHATSAPP_PROBE_EVERY": "2m"}
	maps.Copy(all, env)
	c, err := readConfig(all, true)
	require.NoError(t, err)
	in, keys := io.Pipe()
	t.Cleanup(func() { _ = keys.Close() })
	c.clock, c.deadline, c.pace, c.keys = clk, 40*time.Second, 200*time.Millisecond, in
	p := &typist{demoServer: startDemoAs(t, c), keys: keys}
	t.Cleanup(p.stop)
	p.sees(words)
	return p
}

// types presses a key.
func (p *typist) types(key string) {
	p.t.Helper()
	p.seen = len(p.out.String())
	_, err := io.WriteString(p.keys, key+"\n")
	require.NoError(p.t, err)
}

// sees waits for words on the screen, after what was typed last.
func (p *typist) sees(words string) {
	p.t.Helper()
	require.Eventually(p.t, func() bool { return strings.Contains(p.out.String()[p.seen:], words) }, patience, 20*time.Millisecond,
		"%s", &tail{p.out, words})
}

// allIsWell waits until the page says so.
func (p *typist) allIsWell() {
	p.t.Helper()
	require.Eventually(p.t, func() bool {
		r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.base+"/demo", nil)
		require.NoError(p.t, err)
		r.Header.Set("Accept", "text/html")
		response, err := http.DefaultClient.Do(r)
		require.NoError(p.t, err)
		defer response.Body.Close()
		page, err := io.ReadAll(response.Body)
		require.NoError(p.t, err)
		return strings.Contains(string(page), ">All well</h1>")
	}, patience, 50*time.Millisecond, "%s", &tail{p.out, "all is well"})
}

// tail is the end of a screen, for a test that has failed.
type tail struct {
	*screen
	words string
}

func (s *tail) String() string {
	text := s.screen.String()
	return s.words + "\nnot in\n" + text[max(0, len(text)-20_000):]
}

// Each mode as a person at a terminal sees it: one key breaks it for real clients, the
// rule that is meant for it tells of it, h heals it, and the same rule tells that.
func TestEachModeIsToldByItsRuleAndResolved(t *testing.T) {
	t.Parallel()
	type story struct{ key, name, told string }
	const in, out = "probe_fails · inbound", "probe_fails · outbound"
	for name, stories := range map[string][]story{
		"what WhatsApp says": {
			{"r", "restrict", "restricted · demo"},
			{"b", "ban", "banned · demo"},
			{"o", "outdated", "client_outdated"},
			{"t", "replace", "session_replaced · demo"},
			{"l", "log-out", "logged_out · demo"},
			{"c", "companion-only", out},
			{"k", "fill-queue", "queue_depth"},
		},
		"what comes": {
			{"z", "hold-messages", in},
			{"i", "lose-in-host", in},
			{"w", "lose-offline", "replay_lost · demo"},
			{"x", "disconnect", "not_connected · demo"},
		},
		"what is sent": {
			{"n", "lose-messages", out},
			{"a", "lose-acks", "no_ack · demo"},
			{"d", "lock-store", "device_store · demo"},
			{"p", "phone-off", "phone_unseen · demo"},
			{"g", "refuse-messages", "restricted · demo"},
		},
		"what cannot be read": {
			{"u", "ruin-messages", "undecryptable · demo"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startTyping(t, swiftFrom(time.Now(), 30), nil, "account id=demo state=connected")
			for _, s := range stories {
				p.allIsWell()
				p.types(s.key)
				p.sees(s.name + ": ")
				p.sees("[FIRING] " + s.told + "\n")
				p.types("h")
				p.sees("healed: ")
				p.sees("[RESOLVED] " + s.told + " after ")
			}
		})
	}
}

// Memory is judged by the hour: its clock is faster, and probes are not asked.
func TestMemoryThatIsHeldIsToldWhenTheHourIsOver(t *testing.T) {
	t.Parallel()
	p := startTyping(t, swiftFrom(time.Now().Truncate(time.Hour), 600), map[string]string{
		"LONGRUN_INTERVAL": "1m", "LONGRUN_LEASE": "1h", "WHATSAPP_PROBE_EVERY": "240h",
	}, "leading epoch=1")
	p.types("m")
	p.sees("[FIRING] memory_growth\n")
	p.types("h")
	p.sees("[RESOLVED] memory_growth after ")
}
