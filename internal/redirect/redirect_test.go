package redirect_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/redirect"
)

// seen is where a browser goes that knows the server under a path of a proxy.
func seen(t *testing.T, under, from, link string) string {
	t.Helper()
	base, err := url.Parse("https://host" + under + from)
	require.NoError(t, err)
	to, err := base.Parse(link)
	require.NoError(t, err)
	require.Equal(t, "host", to.Host)
	return to.RequestURI()
}

func TestALinkLeadsThereUnderEveryPath(t *testing.T) {
	t.Parallel()
	for _, under := range []string{"", "/ops", "/a/b"} {
		for _, from := range []string{"/", "/x", "/x/", "/x/y", "//x", "/x//y/", "/a:b/c"} {
			for _, to := range []string{"/", "/api/admin/longrun/", "/x:y", "/x/y?z=1"} {
				require.Equal(t, under+to, seen(t, under, from, redirect.Between(from, to)), "%s → %s", from, to)
			}
		}
	}
}

func TestALinkClimbsNoHigherThanItMust(t *testing.T) {
	t.Parallel()
	require.Equal(t, "./heartbeats", redirect.Between("/api/report", "/api/heartbeats"))
	require.Equal(t, "../heartbeats?limit=1/2", redirect.Between("/api/incidents/x", "/api/heartbeats?limit=1/2"))
	require.Equal(t, "./", redirect.Between("/api/report", "/api/"))
	require.Equal(t, "./longrun/", redirect.Between("/api/longrun", "/api/longrun/"))
}

func FuzzCleanNeverLeavesTheServer(f *testing.F) {
	f.Add("//evil.example/x")
	f.Add("/../../x//y/")
	f.Add("/%2e%2e/x")
	f.Fuzz(func(t *testing.T, path string) {
		u, err := url.ParseRequestURI("/" + path)
		if err != nil || strings.ContainsAny(path, "?#") {
			return
		}
		passed := false
		h := redirect.Clean(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { passed = true }))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, &http.Request{Method: http.MethodGet, URL: u})
		if passed {
			return
		}
		to := seen(t, "/ops", u.EscapedPath(), w.Header().Get("Location"))
		require.True(t, strings.HasPrefix(to, "/ops/"), "%s → %s", u, to)
	})
}

func TestARedirectKeepsTheQuery(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	redirect.Clean(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/a//b?c=%2B", nil))
	require.Equal(t, http.StatusTemporaryRedirect, w.Code)
	require.Equal(t, "../b?c=%2B", w.Header().Get("Location"))
	w = httptest.NewRecorder()
	redirect.To("/b/").ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	require.Equal(t, "./b/", w.Header().Get("Location"))
}
