package adminhttp_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// stand is a host with the API mounted, over a store that can be made to fail.
type stand struct {
	t       *testing.T
	mem     *memstore.Store
	faulty  *storetest.Faulty
	ledger  *ledger.Ledger
	clock   *clock.Mock
	server  *httptest.Server
	handler http.Handler
	// described is what replies are held against. Default: described.
	described *apiDescription
	log       logged
	token     string
	limits    adminhttp.Limits
}

func newStand(t *testing.T, token string) *stand {
	t.Helper()
	return newStandOf(t, token, func(*monitor.Config) {})
}

// unguarded is a store that is guarded by its own word: its records come one by
// one, in step with the stand's clock, and none is read ahead.
type unguarded struct{ *storetest.Faulty }

func (unguarded) Guarded() {}

// newStandOf is a stand whose monitor is configured further. It does not run.
func newStandOf(t *testing.T, token string, configure func(*monitor.Config)) *stand {
	t.Helper()
	s := &stand{t: t, clock: clock.NewMock(), token: token}
	s.clock.Set(time.Date(2025, 12, 29, 23, 8, 20, 0, time.UTC))
	s.mem = memstore.New(&memstore.Options{Clock: s.clock})
	s.faulty = storetest.Wrap(s.mem)
	var err error
	s.ledger, err = ledger.New(s.mem, "")
	require.NoError(t, err)
	config := monitor.Config{Store: unguarded{s.faulty}, InstanceID: "one", CommitHash: "abc", Clock: s.clock}
	configure(&config)
	m, err := monitor.New(config)
	require.NoError(t, err)
	s.serve(m)
	return s
}

// serve puts another monitor behind the stand.
func (s *stand) serve(m adminhttp.Monitor) {
	s.t.Helper()
	s.handler = adminhttp.New(m, adminhttp.Options{Token: s.token, Clock: s.clock, Logger: newLogger(&s.log), Limits: s.limits})
	s.server = httptest.NewServer(s.handler)
	s.t.Cleanup(s.server.Close)
}

// logged is what was logged, from whatever goroutine.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newLogger(l *logged) *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// answer is a reply as it came.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var out map[string]any
	require.NoError(t, json.Unmarshal(a.body, &out), "%s", a.body)
	return out
}

// do sends a request with the stand's token, and holds the reply against the
// description of the API. Of headers each name is followed by its value, which
// is sent unless it is empty.
func (s *stand) do(method, path, body string, headers ...string) answer {
	s.t.Helper()
	return s.send(method, path, strings.NewReader(body), body, headers...)
}

// send is do with a body that need not be all there.
func (s *stand) send(method, path string, reader io.Reader, body string, headers ...string) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.server.URL+adminhttp.DefaultPrefix+path, reader)
	require.NoError(s.t, err)
	if s.token != "" {
		r.Header.Set("Authorization", "Bearer "+s.token)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := s.server.Client().Do(r)
	require.NoError(s.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	a := answer{response.StatusCode, response.Header, text}
	if s.described == nil {
		s.described = described
	}
	s.described.check(s.t, r, body, a)
	return a
}

// ask is do for replies in JSON: it returns status and body.
func (s *stand) ask(method, path, body string, headers ...string) (int, map[string]any, http.Header) {
	s.t.Helper()
	a := s.do(method, path, body, headers...)
	out := a.json(s.t)
	require.Equal(s.t, "application/json; charset=utf-8", a.header.Get("Content-Type"))
	require.Equal(s.t, a.status < 300, out["success"])
	return a.status, out, a.header
}

// get asks for something that must be there.
func (s *stand) get(path string) map[string]any {
	s.t.Helper()
	status, body, _ := s.ask(http.MethodGet, path, "")
	require.Equal(s.t, http.StatusOK, status, "%v", body)
	return body
}

func (s *stand) put(ops ...store.Op) {
	s.t.Helper()
	_, err := s.mem.Commit(s.t.Context(), ops...)
	require.NoError(s.t, err)
}

// night writes the 43 beats of the night that the design's numbers come from.
func (s *stand) night() {
	s.t.Helper()
	for _, part := range []struct {
		first    string
		n        int
		instance string
	}{{"22:14:29", 6, ""}, {"22:21:21", 8, ""}, {"22:29:47", 6, "b44d8ae9"}, {"22:45:30", 23, "bcfe891c"}} {
		at, err := time.Parse("2006-01-02 15:04:05", "2025-12-29 "+part.first)
		require.NoError(s.t, err)
		for i := range part.n {
			h := longrun.Beat(at.Add(time.Duration(i)*time.Minute), time.Minute)
			h.InstanceID, h.Healthy = part.instance, true
			s.put(s.ledger.CreateHeartbeat(h))
		}
	}
}

// object and array are parts of a decoded reply; another kind of part is empty.
func object(v any) map[string]any {
	o, _ := v.(map[string]any)
	return o
}

func array(v any) []any {
	a, _ := v.([]any)
	return a
}

func ids(body map[string]any, name string) []string {
	var out []string
	for _, d := range array(body[name]) {
		out = append(out, fmt.Sprint(object(d)["id"]))
	}
	return out
}
