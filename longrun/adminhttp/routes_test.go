package adminhttp_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
)

// filled is a route's path with something in its braces.
func filled(route adminhttp.Route) string {
	return strings.NewReplacer("{$}", "", "{type}", "outbound", "{id}", "x", "{day}", "2025-12-28").Replace(route.Path)
}

func TestNoRouteButTheOpenOnesAnswersWithoutTheToken(t *testing.T) {
	t.Parallel()
	s := newStand(t, "s3cret-token-of-a-test")
	var open []string
	for _, route := range adminhttp.Routes() {
		status := s.do(route.Method, filled(route), "", "Authorization", "").status
		if route.Open {
			open = append(open, route.Path)
			require.NotEqual(t, http.StatusUnauthorized, status, route)
			continue
		}
		require.Equal(t, http.StatusUnauthorized, status, route)
		if route.Method == http.MethodGet {
			require.Equal(t, http.StatusUnauthorized, s.do(http.MethodHead, filled(route), "", "Authorization", "").status, route)
		}
	}
	require.Equal(t, []string{"/openapi.json", "/livez", "/readyz"}, open, "to open another one is a decision")
	require.Zero(t, s.faulty.Calls("Get")+s.faulty.Calls("Scan")+s.faulty.Calls("Commit"), "nothing was read for them")

	local := newStand(t, "")
	for _, route := range adminhttp.Routes() {
		if !route.Open {
			require.Equal(t, http.StatusForbidden, local.do(route.Method, filled(route), "", "Host", "rebound.example").status, route)
		}
	}
}

func TestAnotherSitesPageChangesNothing(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	for _, route := range adminhttp.Routes() {
		if route.Method == http.MethodGet {
			continue
		}
		for _, headers := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://elsewhere.example"}} {
			status, body, _ := s.ask(route.Method, filled(route), `{"minutes":5,"expectedAccounts":5}`, headers...)
			require.Equal(t, http.StatusForbidden, status, route)
			require.Equal(t, "the request comes from another site's page", body["error"])
		}
	}
	require.Zero(t, s.faulty.Calls("Commit"))
}

func TestHeadIsGetWithoutTheBody(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.night()
	for _, route := range adminhttp.Routes() {
		if route.Method != http.MethodGet {
			continue
		}
		get, head := s.do(http.MethodGet, filled(route), ""), s.do(http.MethodHead, filled(route), "")
		require.Equal(t, get.status, head.status, route)
		for _, name := range []string{"Content-Type", "Cache-Control", "X-Content-Type-Options", "Vary", "ETag"} {
			require.Equal(t, get.header.Get(name), head.header.Get(name), "%v %s", route, name)
		}
		if route.Path != "/badge.svg" {
			require.Equal(t, "no-store", get.header.Get("Cache-Control"), route)
		}
		require.Equal(t, "nosniff", get.header.Get("X-Content-Type-Options"), route)
	}
}

func TestAMethodThatAPathDoesNotTakeIs405WithThoseThatItDoes(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	takes := map[string][]string{}
	for _, route := range adminhttp.Routes() {
		takes[filled(route)] = append(takes[filled(route)], route.Method)
	}
	order := []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete}
	for path, methods := range takes {
		if slices.Contains(methods, http.MethodGet) {
			methods = append(methods, http.MethodHead)
		}
		var allowed []string
		for _, method := range order {
			if slices.Contains(methods, method) {
				allowed = append(allowed, method)
			}
		}
		for _, method := range append(order, http.MethodPatch, http.MethodOptions) {
			if slices.Contains(allowed, method) {
				continue
			}
			a := s.do(method, path, "")
			require.Equal(t, http.StatusMethodNotAllowed, a.status, "%s %s", method, path)
			require.Equal(t, strings.Join(allowed, ", "), a.header.Get("Allow"), "%s %s", method, path)
		}
	}
}

func TestTheIndexListsWhatThereIs(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	var want []any
	for _, route := range adminhttp.Routes() {
		want = append(want, route.Method+" "+adminhttp.DefaultPrefix+strings.TrimSuffix(route.Path, "{$}"))
	}
	require.Equal(t, want, s.get("/")["endpoints"])
	for _, line := range want {
		method, path, _ := strings.Cut(fmt.Sprint(line), " ")
		path = strings.TrimPrefix(path, adminhttp.DefaultPrefix)
		if method == http.MethodGet && !strings.Contains(path, "{") && path != "/readyz" {
			require.Equal(t, http.StatusOK, s.do(method, path, "").status, line)
		}
	}
}
