package dashboard_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSignInLeadsOnAndOut(t *testing.T) {
	t.Parallel()
	onStand(t, nil, func(s *stand) {
		w := s.get("/incident/probe_fails_1?a=b")
		require.Equal(t, http.StatusSeeOther, w.Code)
		require.Equal(t, "../login?next=incident%2Fprobe_fails_1%3Fa%3Db", w.Header().Get("Location"))
		page := s.page("/login?next=incident%2Fprobe_fails_1")
		says(t, page, `name="next" value="incident/probe_fails_1"`)
		w = s.post("/login", url.Values{"token": {token}, "next": {"incident/probe_fails_1"}})
		require.Equal(t, http.StatusSeeOther, w.Code)
		require.Equal(t, "./incident/probe_fails_1", w.Header().Get("Location"))
		set := w.Header().Get("Set-Cookie")
		require.Contains(t, set, "HttpOnly; SameSite=Strict")
		require.NotContains(t, set, "Path")
		require.NotContains(t, set, "Secure")
		require.NotContains(t, set, "Max-Age", "it ends with the browser")
		require.NotContains(t, set, token)
		s.signIn()
		require.Equal(t, http.StatusOK, s.get("/").Code)
		require.NotContains(t, s.log.String(), token)

		require.Equal(t, http.StatusForbidden, s.post("/logout", nil).Code, "without the form's token")
		w = s.post("/logout", url.Values{"csrf": {s.form("/")}})
		require.Equal(t, http.StatusSeeOther, w.Code)
		require.Contains(t, w.Header().Get("Set-Cookie"), "longwatch_session=; Max-Age=0")
	})
}

func TestWhereALoginLeads(t *testing.T) {
	t.Parallel()
	onStand(t, nil, func(s *stand) {
		for _, next := range []string{"https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil", "javascript:alert(1)", "a/../../b", "/etc", "a//b", "", "x\r\nSet-Cookie: a=b"} {
			w := s.post("/login", url.Values{"token": {token}, "next": {next}})
			require.Equal(t, "./", w.Header().Get("Location"), next)
		}
	})
}

func TestASessionIsSignedAndEnds(t *testing.T) {
	t.Parallel()
	onStand(t, nil, func(s *stand) {
		s.signIn()
		good := s.cookie
		for i := range good { // each character counts, but for the spare bits of the last one
			b := []byte(good)
			b[i] ^= 4
			s.cookie = string(b)
			if strings.ContainsAny(s.cookie, `",;\ `) || b[i] < ' ' || b[i] > '~' {
				continue // no cookie at all
			}
			require.Equal(t, http.StatusSeeOther, s.get("/").Code, "%d: %s", i, s.cookie)
		}
		end, _, _ := strings.Cut(good, ".")
		for _, forged := range []string{"", ".", "..", "9999999999.x.", "9999999999" + strings.TrimPrefix(good, end), good + "x"} {
			s.cookie = forged
			require.Equal(t, http.StatusSeeOther, s.get("/").Code, forged)
		}
		s.cookie = good
		time.Sleep(12*time.Hour - time.Second)
		require.Equal(t, http.StatusOK, s.get("/").Code)
		time.Sleep(2 * time.Second)
		require.Equal(t, http.StatusSeeOther, s.get("/").Code)

		w := s.post("/login", url.Values{"token": {token}, "keep": {"1"}})
		require.Contains(t, w.Header().Get("Set-Cookie"), "Max-Age=2592000")
	})
}

func TestAnotherTokenTakesNoSessionOfThisOne(t *testing.T) {
	t.Parallel()
	onStand(t, nil, func(s *stand) {
		s.signIn()
		s.options.Token = "another-token-of-many-characters"
		s.pages = newPages(s, s.monitor)
		require.Equal(t, http.StatusSeeOther, s.get("/").Code)
	})
}

func TestGuessesAreFew(t *testing.T) {
	t.Parallel()
	onStand(t, nil, func(s *stand) {
		for left := 4; left >= 0; left-- {
			w := s.post("/login", url.Values{"token": {"wrong"}})
			require.Equal(t, http.StatusUnauthorized, w.Code)
			require.Contains(t, w.Body.String(), "left in this minute")
		}
		w := s.post("/login", url.Values{"token": {token}})
		require.Equal(t, http.StatusTooManyRequests, w.Code, "the right one is not told apart")
		require.NotEmpty(t, w.Header().Get("Retry-After"))
		require.Empty(t, w.Header().Get("Set-Cookie"))
		time.Sleep(time.Minute)
		s.signIn()
		require.NotContains(t, s.log.String(), "wrong\"")
	})
}

func TestSecureWhereTheBrowserSpeaksTLS(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		proxies []netip.Prefix
		proto   string
		secure  bool
	}{{nil, "https", false}, {[]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, "https", true}, {[]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, "http", false}, {[]netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}, "https", false}} {
		onStand(t, func(s *stand) { s.options.Proxies = c.proxies }, func(s *stand) {
			r := httptest.NewRequestWithContext(s.Context(), http.MethodPost, "http://ops.example.org/login", strings.NewReader("token="+token))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("X-Forwarded-Proto", c.proto)
			require.Equal(t, c.secure, strings.Contains(s.ask(r).Header().Get("Set-Cookie"), "Secure"), "%+v", c)
		})
	}
}

func TestBearerIsForPrograms(t *testing.T) {
	t.Parallel()
	onStand(t, nil, func(s *stand) {
		for sent, status := range map[string]int{"Bearer " + token: http.StatusOK, "bearer " + token: http.StatusOK, "Bearer wrong": http.StatusSeeOther, "Basic " + token: http.StatusSeeOther} {
			r := httptest.NewRequestWithContext(s.Context(), http.MethodGet, "http://ops.example.org/", nil)
			r.Header.Set("Authorization", sent)
			require.Equal(t, status, s.ask(r).Code, sent)
		}
	})
}

// Every change asks for the token of its form, and refuses another site's page.
func TestChangesAreOfThisSessionsForms(t *testing.T) {
	t.Parallel()
	onStand(t, nil, func(s *stand) {
		s.signIn()
		form := s.form("/settings")
		for _, path := range []string{"/logout", "/settings", "/settings/review", "/silences", "/silences/end", "/alerts/test", "/probes/run"} {
			require.Equal(t, http.StatusForbidden, s.post(path, url.Values{"csrf": {"x"}}).Code, path)
			r := httptest.NewRequestWithContext(s.Context(), http.MethodPost, "http://ops.example.org"+path, strings.NewReader("csrf="+form))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			require.Equal(t, http.StatusForbidden, s.ask(r).Code, path)
		}
		old := s.cookie
		time.Sleep(time.Second)
		s.signIn()
		require.NotEqual(t, old, s.cookie)
		require.Equal(t, http.StatusForbidden, s.post("/alerts/test", url.Values{"csrf": {form}}).Code, "of another session")
	})
}
