package adminhttp_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
)

// A page of the host's is for whom the API lets in.
func ExampleGuard() {
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "numbers") })
	guarded := adminhttp.Guard(page, adminhttp.Options{Token: "sixteen-letters!"})
	for _, token := range []string{"guessed", "sixteen-letters!"} {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		guarded.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// 401
	// 200
}

func TestAGuardedPageIsForWhomTheAPILetsIn(t *testing.T) {
	t.Parallel()
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	ask := func(handler http.Handler, local string, headers map[string]string) int {
		addr, err := net.ResolveTCPAddr("tcp", local)
		require.NoError(t, err)
		r := httptest.NewRequest(http.MethodGet, "http://"+local+"/metrics", nil)
		for name, value := range headers {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(addr))))
		return w.Code
	}
	open := adminhttp.Guard(page, adminhttp.Options{})
	require.Equal(t, http.StatusTeapot, ask(open, "127.0.0.1:8080", nil))
	require.Equal(t, http.StatusForbidden, ask(open, "10.0.0.1:8080", nil))
	require.Equal(t, http.StatusForbidden, ask(open, "127.0.0.1:8080", map[string]string{"X-Forwarded-For": "10.0.0.2"}))
	guarded := adminhttp.Guard(page, adminhttp.Options{Token: "sixteen-letters!"})
	require.Equal(t, http.StatusUnauthorized, ask(guarded, "127.0.0.1:8080", map[string]string{"Accept": "text/html"}))
	require.Equal(t, http.StatusTeapot, ask(guarded, "10.0.0.1:8080", map[string]string{"Authorization": "Bearer sixteen-letters!"}))
	for range 70 {
		ask(guarded, "10.0.0.1:8080", nil)
	}
	require.Equal(t, http.StatusTooManyRequests, ask(guarded, "10.0.0.1:8080", nil))
	require.Equal(t, http.StatusTeapot, ask(guarded, "10.0.0.1:8080", map[string]string{"Authorization": "Bearer sixteen-letters!"}))
	refused := adminhttp.Guard(page, adminhttp.Options{Token: "short"})
	require.Equal(t, http.StatusServiceUnavailable, ask(refused, "127.0.0.1:8080", map[string]string{"Authorization": "Bearer short"}))
}
