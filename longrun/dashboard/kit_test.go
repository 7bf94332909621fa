package dashboard_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/dashboard"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

const token = "a-token-of-many-characters"

// stand is a real monitor over a store, with the pages over it, in a bubble.
type stand struct {
	*testing.T
	store   store.Store
	monitor *monitor.Monitor
	pages   http.Handler
	options dashboard.Options
	// cookie is the session, which is sent along.
	cookie string
	log    *lines
	host   atomic.Pointer[longrun.HostStatus]
	fails  atomic.Bool // the outbound probe
	sqlite bool        // the store is one
	stop   func()
	// stopMonitor stops the monitor alone; stop does, too.
	stopMonitor func()
}

// onStand runs a test in a bubble, on a stand whose monitor leads.
func onStand(t *testing.T, edit func(*stand), test func(*stand)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t, edit)
		defer s.stop()
		synctest.Wait()
		test(s)
	})
}

func newStand(t *testing.T, edit func(*stand)) *stand {
	t.Helper()
	s := &stand{T: t, log: &lines{}}
	s.host.Store(&longrun.HostStatus{Connected: 2, Healthy: true})
	s.options = dashboard.Options{Token: token, Service: "wa-backend", Logger: slog.New(slog.NewTextHandler(s.log, nil))}
	if edit != nil {
		edit(s)
	}
	var shut func() error
	switch {
	case s.sqlite:
		st, err := sqlitestore.Open(t.Context(), t.TempDir()+"/longrun.db", nil)
		require.NoError(t, err)
		s.store, shut = st, st.Close
	default:
		s.store = memstore.New(nil)
	}
	s.monitor, s.stopMonitor = s.run("wa-1")
	s.pages = dashboard.New(s.monitor, s.options)
	s.stop = func() {
		s.stopMonitor()
		if shut != nil {
			require.NoError(t, shut())
		}
	}
	return s
}

// run starts a monitor, and returns what stops it.
func (s *stand) run(name string) (*monitor.Monitor, func()) {
	s.Helper()
	m, err := monitor.New(monitor.Config{
		Store: s.store, InstanceID: name, CommitHash: "abc", Interval: time.Minute,
		Status: func(context.Context) (longrun.HostStatus, error) { return *s.host.Load(), nil },
		Probes: []monitor.Probe{{Type: longrun.Outbound, Every: 15 * time.Minute, Prober: probe.Func(func(context.Context) (probe.Result, error) {
			if s.fails.Load() {
				return probe.Result{Status: probe.Fail, Class: "<b>not delivered</b>", Detail: "<script>alert(1)</script>"}, nil
			}
			return probe.Result{Status: probe.Pass}, nil
		})}},
	})
	require.NoError(s, err)
	ctx, cancel := context.WithCancel(s.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	return m, sync.OnceFunc(func() {
		cancel()
		require.NoError(s, <-done)
	})
}

// ask sends a request, with the session if there is one.
func (s *stand) ask(r *http.Request) *httptest.ResponseRecorder {
	s.Helper()
	r.RemoteAddr = "192.0.2.7:4711"
	if s.cookie != "" {
		r.AddCookie(&http.Cookie{Name: "longwatch_session", Value: s.cookie})
	}
	w := httptest.NewRecorder()
	s.pages.ServeHTTP(w, r)
	return w
}

func (s *stand) get(path string) *httptest.ResponseRecorder {
	s.Helper()
	return s.ask(httptest.NewRequestWithContext(s.Context(), http.MethodGet, "http://ops.example.org"+path, nil))
}

// page is a page that must be there.
func (s *stand) page(path string) string {
	s.Helper()
	w := s.get(path)
	require.Equal(s, http.StatusOK, w.Code, w.Body)
	return w.Body.String()
}

// post sends a form as the browser does, from the page that holds it.
func (s *stand) post(path string, fields url.Values) *httptest.ResponseRecorder {
	s.Helper()
	r := httptest.NewRequestWithContext(s.Context(), http.MethodPost, "http://ops.example.org"+path, strings.NewReader(fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return s.ask(r)
}

// signIn signs in, and keeps the session.
func (s *stand) signIn() {
	s.Helper()
	w := s.post(s.options.Prefix+"/login", url.Values{"token": {token}})
	require.Equal(s, http.StatusSeeOther, w.Code, w.Body)
	for _, c := range w.Result().Cookies() {
		s.cookie = c.Value
	}
	require.NotEmpty(s, s.cookie)
}

var formToken = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// form is the token of the forms of a page.
func (s *stand) form(path string) string {
	s.Helper()
	found := formToken.FindStringSubmatch(s.page(path))
	require.Len(s, found, 2)
	return found[1]
}

// local is a request that reached a loopback address by a loopback name.
func local(r *http.Request) *http.Request {
	r.Host = "127.0.0.1:8080"
	return r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080})))
}

func newPages(s *stand, m *monitor.Monitor) http.Handler { return dashboard.New(m, s.options) }

// lines is a log that tests can read.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
