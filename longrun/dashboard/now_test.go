package dashboard_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/dashboard"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
)

// says asks that a page contains a text, and shows what it holds where it does not.
func says(t *testing.T, page, text string) {
	t.Helper()
	if !strings.Contains(page, text) {
		_, body, _ := strings.Cut(page, "<main")
		require.Fail(t, "the page does not say "+text, body)
	}
}

func TestNowIsMadeOfTheMonitorAndTheLedger(t *testing.T) {
	t.Parallel()
	onStand(t, nil, func(s *stand) {
		s.signIn()
		page := s.page("/")
		says(t, page, "so far</h1>")
		says(t, page, "wa-1 leads")
		says(t, page, "No verdict is given before an hour is known.")
		time.Sleep(2 * time.Hour)
		page = s.page("/")
		says(t, page, "All well since")
		says(t, page, "<b>0 min missed</b> in 24 h")
		says(t, page, "<b>0 min missed</b> in 30 d, of 0 allowed so far")
		says(t, page, "the median of 8 that passed; ")
		says(t, page, "0 missed of 120")
		require.Contains(t, page, `<rect class="f" x="91.6`)
		require.NotContains(t, page, "missed</title>")

		s.fails.Store(true)
		time.Sleep(2 * time.Hour)
		page = s.page("/")
		says(t, page, "1 thing is wrong")
		says(t, page, "The sending probe fails")
		require.NotContains(t, page, "<b>not delivered</b>")
		s.fails.Store(false)
		time.Sleep(2 * time.Hour)
		page = s.page("/")
		says(t, page, "All well since")
		says(t, page, "Over, last 30 days")
		says(t, page, "The sending probe fails")
	})
}

func TestAStandbyServesTheSamePagesAndAnOutageIsSeen(t *testing.T) {
	t.Parallel()
	onStand(t, nil, func(s *stand) {
		time.Sleep(90 * time.Minute)
		s.host.Store(&longrun.HostStatus{Connected: 1, NeedsQR: 1, Healthy: true, Accounts: []longrun.AccountStatus{{ID: "a", State: "connected"}, {ID: "b", State: "needs_qr", LoggedOut: true, Since: time.Now()}}})
		time.Sleep(10 * time.Minute)
		s.signIn()
		leaders := s.page("/")
		says(t, leaders, "Needs a QR scan")
		says(t, leaders, "b is logged out")
		other, stop := s.run("wa-2")
		defer stop()
		time.Sleep(3 * time.Minute)
		of := s.pages
		s.pages = newPages(s, other)
		standby := s.page("/")
		says(t, standby, "from wa-2, which stands by")
		says(t, standby, "wa-1 leads")
		says(t, standby, "b is logged out")
		says(t, standby, "1 thing is wrong")
		s.pages = of
	})
}

func TestNobodyWritesIsWrong(t *testing.T) {
	t.Parallel()
	onStand(t, nil, func(s *stand) {
		time.Sleep(90 * time.Minute)
		s.signIn()
		m, stop := s.run("wa-2")
		stop() // it never leads
		s.pages = newPages(s, m)
		s.stopMonitor()
		time.Sleep(7 * time.Minute)
		page := s.page("/")
		says(t, page, "No heartbeat for")
		says(t, page, "whose monitor does not run")
	})
}

func TestEveryReplyHasTheStrictPolicy(t *testing.T) {
	t.Parallel()
	onStand(t, nil, func(s *stand) {
		paths := []string{"/login", "/", "/nowhere", "/fragment/verdict", "/fragment/none", "/assets/none.css"}
		for _, signedIn := range []bool{false, true} {
			if signedIn {
				s.signIn()
			}
			for _, path := range paths {
				header := s.get(path).Header()
				policy := header.Get("Content-Security-Policy")
				require.Contains(t, policy, "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self';", path)
				require.Contains(t, policy, "frame-ancestors 'none'")
				require.NotContains(t, policy, "unsafe")
				require.NotContains(t, policy, "data:")
				require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
				require.NotEmpty(t, header.Get("Referrer-Policy"))
				require.Equal(t, "no-store", header.Get("Cache-Control"))
			}
		}
	})
}

// An ID is one element's: a picture that shares it with a part of the page is not
// drawn again once the part was put in anew.
func TestNoIDStandsForTwo(t *testing.T) {
	t.Parallel()
	pages, _ := history(t, 3, 30, 2)
	for _, path := range []string{"/", "/history", "/history?window=30d", "/report", "/report?window=24h", "/settings"} {
		page := fetch(t, pages, path).Body.String()
		ids := map[string]bool{}
		for _, m := range regexp.MustCompile(`\sid="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			require.False(t, ids[m[1]], "%s: %s", path, m[1])
			ids[m[1]] = true
		}
		for _, m := range regexp.MustCompile(`<use href="#([^"]*)"`).FindAllStringSubmatch(page, -1) {
			require.True(t, ids[m[1]], "%s: %s", path, m[1])
		}
	}
}

// A page under the policy needs no inline script or style, and links are relative.
func TestPagesAreRelativeAndHaveNothingInline(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "/ops/longwatch"} {
		onStand(t, func(s *stand) { s.options.Prefix = prefix }, func(s *stand) {
			s.signIn()
			for _, path := range []string{"/", "/nowhere/at/all"} {
				page := s.get(prefix + path).Body.String()
				for _, inline := range []string{"<style", " style=", " onclick", "<script>", "javascript:", `href="/`, `src="/`, `action="/`, "<base", `href="http`} {
					require.NotContains(t, page, inline, path)
				}
			}
			if prefix != "" {
				w := s.get(prefix)
				require.Equal(t, http.StatusFound, w.Code)
				require.Equal(t, "./longwatch/", w.Header().Get("Location"))
			}
		})
	}
}

func TestWithoutATokenOnlyLoopbackIsAnswered(t *testing.T) {
	t.Parallel()
	onStand(t, func(s *stand) { s.options.Token = "" }, func(s *stand) {
		require.Equal(t, http.StatusForbidden, s.get("/").Code)
		r := local(httptest.NewRequestWithContext(s.Context(), http.MethodGet, "/", nil))
		require.Equal(t, http.StatusOK, s.ask(r).Code)
		r = local(httptest.NewRequestWithContext(s.Context(), http.MethodGet, "/", nil))
		r.Header.Set("X-Forwarded-For", "192.0.2.1")
		require.Equal(t, http.StatusForbidden, s.ask(r).Code)
	})
}

func TestOptionsThatAreRefusedOpenNothing(t *testing.T) {
	t.Parallel()
	onStand(t, func(s *stand) { s.options.Token = "short" }, func(s *stand) {
		require.Equal(t, http.StatusServiceUnavailable, s.get("/").Code)
		require.Equal(t, http.StatusServiceUnavailable, s.get("/login").Code)
		require.True(t, strings.Contains(s.log.String(), "refused") && !strings.Contains(s.log.String(), "short\""))
	})
}

func TestANilMonitorShowsNothing(t *testing.T) {
	t.Parallel()
	for _, m := range []dashboard.Monitor{nil, (*monitor.Monitor)(nil)} {
		h := dashboard.New(m, dashboard.Options{Clock: (*clock.Mock)(nil)})
		for _, path := range []string{"/", "/incidents", "/live", "/login", "/assets/none"} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, local(httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)))
			require.GreaterOrEqual(t, w.Code, 400, path)
		}
	}
}
