package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/examples/internal/demo"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/linking"
)

func TestMistakesInWhatsAppAreNamedAndTheExitCodeIs2(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	held, err := linking.OpenDevice(t.Context(), dir+"/unpaired.db", &linking.DeviceOptions{Unpaired: true})
	require.NoError(t, err)
	t.Cleanup(func() { _ = held.Close() })
	for name, c := range map[string]struct {
		args []string
		env  map[string]string
		want []string
	}{
		"values": {nil, map[string]string{
			"WHATSAPP_DB": "x.db", "WHATSAPP_PROBE_EVERY": "5s", "WHATSAPP_PROBE_TO": "0170 5678", "WHATSAPP_PROBE_UNTIL": "read", "WHATSAPP_OWNER": "me",
		}, []string{"WHATSAPP_PROBE_EVERY", "WHATSAPP_PROBE_TO", "WHATSAPP_PROBE_UNTIL", "WHATSAPP_OWNER"}},
		"no duration":               {nil, map[string]string{"WHATSAPP_PROBE_EVERY": "often"}, []string{"WHATSAPP_PROBE_EVERY"}},
		"nothing to probe":          {nil, map[string]string{"WHATSAPP_PROBE_DB": "x.db"}, []string{"WHATSAPP_DB is not set"}},
		"real accounts":             {[]string{"-demo"}, map[string]string{"WHATSAPP_DB": "x.db"}, []string{"-demo has none"}},
		"the demonstration for all": {[]string{"-demo"}, map[string]string{"LONGRUN_ADDR": "0.0.0.0:0", "ADMIN_TOKEN": testToken}, []string{"loopback addresses only"}},
		"no such files":             {nil, map[string]string{"WHATSAPP_DB": dir + "/none.db", "WHATSAPP_PROBE_DB": dir + "/neither.db"}, []string{"WHATSAPP_DB: ", "WHATSAPP_PROBE_DB: ", "longctl pair"}},
		"another process's":         {nil, map[string]string{"WHATSAPP_DB": dir + "/unpaired.db"}, []string{"WHATSAPP_DB: ", "in use"}},
		"an unknown argument":       {[]string{"-demon"}, nil, []string{"-demon"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := map[string]string{"LONGRUN_STORE": "memory:", "LONGRUN_ADDR": "127.0.0.1:0"}
			maps.Copy(env, c.env)
			code, out := start1(t, env, c.args...)
			require.Equal(t, 2, code, out)
			for _, want := range c.want {
				require.Contains(t, out, want)
			}
			require.NotContains(t, out, "5678")
		})
	}
	require.NoFileExists(t, filepath.Join(dir, "none.db"))
}

// screen is what a person sees.
type screen struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// await returns the first match of a pattern on the screen.
func (s *screen) await(t *testing.T, pattern string) string {
	t.Helper()
	for {
		s.mu.Lock()
		found := regexp.MustCompile(pattern).FindString(s.text.String())
		s.mu.Unlock()
		if found != "" {
			return found
		}
		select {
		case <-s.changed:
		case <-t.Context().Done():
			require.FailNow(t, "not seen", pattern)
		}
	}
}

// The demonstration as a newcomer sees it: real probes pass, fail when something
// is broken, and pass again.
func TestTheDemonstrationPassesFailsAndHeals(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	out := &screen{changed: make(chan struct{}, 1)}
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"-demo"}, map[string]string{"LONGRUN_ADDR": "127.0.0.1:0", "LONGRUN_INTERVAL": "1s"}, nil, out)
	}()
	base := out.await(t, `http://127\.0\.0\.1:\d+`)
	call := func(method, path string, origin ...string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), method, base+path, nil)
		require.NoError(t, err)
		if len(origin) > 0 {
			r.Header.Set("Origin", origin[0])
		}
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(text)
	}
	probe := func() string {
		_, text := call(http.MethodPost, adminhttp.DefaultPrefix+"/probes/outbound/run")
		var reply struct {
			Probe struct {
				Result     string `json:"result"`
				ErrorClass string `json:"errorClass"`
			} `json:"probe"`
		}
		require.NoError(t, json.Unmarshal([]byte(text), &reply))
		return strings.TrimSpace(reply.Probe.Result + " " + reply.Probe.ErrorClass)
	}

	for _, kind := range []string{"outbound", "inbound", "queue"} {
		out.await(t, "probe type="+kind+" result=PASS")
	}
	require.Equal(t, "PASS", probe())
	require.Eventually(t, func() bool { // the first beat is made before the account is connected
		_, beats := call(http.MethodGet, adminhttp.DefaultPrefix+"/heartbeats?limit=1")
		return strings.Contains(beats, `"connectedCount":1`)
	}, time.Minute, 50*time.Millisecond)

	status, text := call(http.MethodPost, "/demo/refuse-messages")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, "463")
	require.Equal(t, "FAIL ack_refused_463", probe())
	call(http.MethodPost, "/demo/heal")
	require.Equal(t, "PASS", probe())

	status, _ = call(http.MethodPost, "/demo/log-out", "https://elsewhere.example")
	require.Equal(t, http.StatusForbidden, status, "another site's page breaks nothing")
	status, text = call(http.MethodPost, "/demo/nonsense")
	require.Equal(t, http.StatusNotFound, status)
	require.Contains(t, text, "POST /demo/log-out")
	_, text = call(http.MethodGet, "/demo")
	require.Contains(t, text, "POST /demo/heal")

	stop()
	require.Zero(t, <-done)
	out.await(t, "monitor stopped")
	require.NotContains(t, out.String(), demo.Number)
}

func TestEachAccountHasProbesOfItsOwn(t *testing.T) {
	t.Parallel()
	made := func(i int, name string) (out []string) {
		for _, p := range (watched{name: name}).probes(i, []monitor.Probe{{Type: longrun.Outbound}, {Type: longrun.Inbound}}) {
			out = append(out, string(p.Type)+" "+p.Name+" "+p.Account)
		}
		return out
	}
	require.Equal(t, []string{"outbound  Support", "inbound  Support"}, made(0, "Support"))
	require.Equal(t, []string{"outbound sales Sales", "inbound sales Sales"}, made(1, "Sales"))
	require.Equal(t, []string{"outbound account-3 Müller & Sons", "inbound account-3 Müller & Sons"}, made(2, "Müller & Sons"))
}
