package main

import (
	"io"
	"maps"
	"net/http"
	"testing"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"
)

// scrape asks for /metrics, with these headers.
func (d *demoServer) scrape(headers map[string]string) (status int, kind, body string) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, d.base+"/metrics", nil)
	require.NoError(d.t, err)
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(d.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(d.t, err)
	return response.StatusCode, response.Header.Get("Content-Type"), string(text)
}

func TestMetricsAreForWhomTheAPILetsInOrForAll(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T, more map[string]string) *demoServer {
		t.Helper()
		env := map[string]string{"LONGRUN_ADDR": "127.0.0.1:0", "LONGRUN_STORE": "memory:", "LONGRUN_INTERVAL": "1s", "LONGRUN_LEASE": "4s"}
		maps.Copy(env, more)
		d := startDemo(t, clock.New(), env)
		t.Cleanup(d.stop)
		return d
	}
	t.Run("loopback", func(t *testing.T) {
		t.Parallel()
		d := start(t, nil)
		status, kind, body := d.scrape(nil)
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, kind, "text/plain")
		require.Contains(t, body, "\nlongrun_interval_seconds 1\n")
		require.NotContains(t, body, "go_goroutines", "the registry is its own")
		_, kind, body = d.scrape(map[string]string{"Accept": "application/openmetrics-text;version=1.0.0"})
		require.Contains(t, kind, "application/openmetrics-text")
		require.Contains(t, body, "# EOF\n")
		status, _, _ = d.scrape(map[string]string{"X-Forwarded-For": "10.0.0.1"})
		require.Equal(t, http.StatusForbidden, status)
	})
	t.Run("token", func(t *testing.T) {
		t.Parallel()
		d := start(t, map[string]string{"ADMIN_TOKEN": testToken})
		status, _, body := d.scrape(nil)
		require.Equal(t, http.StatusUnauthorized, status)
		require.NotContains(t, body, "longrun_")
		status, _, _ = d.scrape(map[string]string{"Accept": "text/html", "Authorization": "Bearer wrong"})
		require.Equal(t, http.StatusUnauthorized, status, "a browser is told too")
		status, _, body = d.scrape(map[string]string{"Authorization": "Bearer " + testToken})
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, body, "longrun_leader")
	})
	t.Run("open", func(t *testing.T) {
		t.Parallel()
		d := start(t, map[string]string{"ADMIN_TOKEN": testToken, "LONGRUN_METRICS": "open"})
		status, _, body := d.scrape(map[string]string{"X-Forwarded-For": "10.0.0.1"})
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, body, "longrun_leader")
	})
	_, err := readConfig(map[string]string{"LONGRUN_METRICS": "yes"}, false)
	require.ErrorContains(t, err, "LONGRUN_METRICS")
}
