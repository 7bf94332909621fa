package dashboard_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// stream is what an open page has received.
type stream struct {
	*httptest.ResponseRecorder
	mu   sync.Mutex
	text strings.Builder
}

func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *stream) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// open opens a page's stream, and returns what closes it and waits for its end.
func (s *stand) open() (out *stream, shut func()) {
	s.Helper()
	ctx, cancel := context.WithCancel(s.Context())
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://ops.example.org/events", nil)
	r.AddCookie(&http.Cookie{Name: "longwatch_session", Value: s.cookie})
	out = &stream{ResponseRecorder: httptest.NewRecorder()}
	done := make(chan struct{})
	go func() { defer close(done); s.pages.ServeHTTP(out, r) }()
	return out, func() { cancel(); <-done }
}

func TestEventsAreHintsAndNothingElse(t *testing.T) {
	t.Parallel()
	onStand(t, nil, func(s *stand) {
		require.Equal(t, http.StatusUnauthorized, s.get("/events").Code)
		s.signIn()
		time.Sleep(30 * time.Second)
		out, shut := s.open()
		synctest.Wait()
		require.Equal(t, "retry: 5000\n\n", out.String())
		time.Sleep(45 * time.Second)
		text := out.String()
		require.Contains(t, text, "event: alive\n", "it is kept alive")
		require.Contains(t, text, "data: verdict ")
		for line := range strings.SplitSeq(text, "\n") {
			if names, ok := strings.CutPrefix(line, "data: "); ok && names != "." {
				for name := range strings.SplitSeq(names, " ") {
					require.Equal(t, http.StatusOK, s.get("/fragment/"+name).Code)
				}
			}
		}
		shut()
		again, shut := s.open() // the goroutine is started anew
		s.fails.Store(true)
		time.Sleep(40 * time.Minute)
		require.Contains(t, again.String(), "open")
		shut()
	})
}

func TestTabsAreBounded(t *testing.T) {
	t.Parallel()
	onStand(t, func(s *stand) { s.options.Tabs = 2 }, func(s *stand) {
		s.signIn()
		_, one := s.open()
		_, two := s.open()
		synctest.Wait()
		require.Equal(t, http.StatusServiceUnavailable, s.get("/events").Code)
		one()
		_, three := s.open()
		synctest.Wait()
		two()
		three()
	})
}

func TestASessionThatEndsEndsItsStream(t *testing.T) {
	t.Parallel()
	onStand(t, nil, func(s *stand) {
		s.signIn()
		time.Sleep(12*time.Hour - time.Minute)
		out, shut := s.open()
		defer shut()
		time.Sleep(2 * time.Minute)
		told := out.String()
		time.Sleep(2 * time.Minute)
		require.Equal(t, told, out.String(), "nothing more")
		require.Equal(t, http.StatusSeeOther, s.get("/").Code)
	})
}

// Many open pages must cost the monitor no slot.
func TestManyOpenPagesMakeNoSlotLate(t *testing.T) {
	t.Parallel()
	onStand(t, nil, func(s *stand) {
		s.signIn()
		for range 500 {
			_, shut := s.open()
			defer shut()
		}
		time.Sleep(3 * time.Minute)
		says(t, s.page("/"), "0 missed of ")
		require.Less(t, s.monitor.Status().LastHeartbeat.DriftSec, 0.1)
	})
}
