package main

import (
	"context"
	"encoding/json"
	"io"
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

// startTyping starts a demonstration, and waits for its account.
func startTyping(t *testing.T, clk *swift) *typist {
	t.Helper()
	c, err := readConfig(map[string]string{"LONGRUN_ADDR": "127.0.0.1:0", "LONGRUN_LEASE": "5m", "WHATSAPP_PROBE_EVERY": "2m"}, true)
	require.NoError(t, err)
	in, keys := io.Pipe()
	t.Cleanup(func() { _ = keys.Close() })
	c.clock, c.deadline, c.pace, c.keys = clk, 40*time.Second, 200*time.Millisecond, in
	p := &typist{demoServer: startDemoAs(t, c), keys: keys}
	t.Cleanup(p.stop)
	p.sees("account id=demo state=connected")
	return p
}

// With LONGRUN_LOG_FORMAT=json each line is an object, also of a demonstration at a
// terminal, whose keys then do nothing.
func TestALogInJSONIsNothingElse(t *testing.T) {
	t.Parallel()
	out := &screen{changed: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"-demo"}, map[string]string{"LONGRUN_ADDR": "127.0.0.1:0", "LONGRUN_LOG_FORMAT": "json"}, strings.NewReader("?\n"), out)
	}()
	out.await(t, `"msg":"serving"`)
	out.await(t, `"msg":"account"`)
	cancel()
	require.Zero(t, <-done)
	for line := range strings.Lines(out.String()) {
		require.True(t, json.Valid([]byte(line)), line)
	}
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

// tail is the end of a screen, for a test that has failed.
type tail struct {
	*screen
	words string
}

func (s *tail) String() string {
	text := s.screen.String()
	return s.words + "\nnot in\n" + text[max(0, len(text)-20_000):]
}

// As a person at a terminal sees it: one key breaks something for real clients, the rule
// that is meant for it tells of it, with how fast that was, h heals it, and the same rule
// tells that. Each mode by itself is played in package demo; one that makes messages
// wait for each other cannot be, in a bubble.
func TestAKeyBreaksAndAnotherHeals(t *testing.T) {
	t.Parallel()
	p := startTyping(t, swiftFrom(time.Now(), 12))
	require.Contains(t, p.out.String(), "alerts  to this terminal")
	require.Contains(t, p.out.String(), "  b  ban ")
	p.types("zz")
	p.sees(`no key "zz"`)
	for _, s := range []struct{ key, name, told string }{
		{"b", "ban", "banned · demo"},
		{"a", "lose-acks", "no_ack · demo"},
	} {
		p.types(s.key)
		p.sees(s.name + ": ")
		p.sees("[FIRING] " + s.told + "\n")
		require.Contains(t, p.out.String()[p.seen:], s.name+": ", "how fast")
		p.types("h")
		p.sees("healed: ")
		p.sees("[RESOLVED] " + s.told + " after ")
	}
	p.types("q")
	p.sees("monitor stopped")
}
