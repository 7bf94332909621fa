package main

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheHealthcheckAsksTheServerOfItsEnvironment(t *testing.T) {
	t.Parallel()
	code := http.StatusOK
	asked := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Path
		w.WriteHeader(code)
	}))
	t.Cleanup(server.Close)
	addr := server.Listener.Addr().String()
	check := func(environment map[string]string) (int, string) {
		var out bytes.Buffer
		return run(t.Context(), []string{"-healthcheck"}, environment, nil, &out), out.String()
	}

	exit, out := check(map[string]string{"LONGRUN_ADDR": addr})
	require.Zero(t, exit, out)
	require.Empty(t, out)
	require.Equal(t, "/livez", asked)

	code = http.StatusServiceUnavailable
	exit, out = check(map[string]string{"LONGRUN_ADDR": addr})
	require.Equal(t, 1, exit)
	require.Contains(t, out, "does not answer 200")

	server.Close()
	exit, out = check(map[string]string{"LONGRUN_ADDR": addr})
	require.Equal(t, 1, exit)
	require.Contains(t, out, "unhealthy")

	exit, out = check(map[string]string{"LONGRUN_ADDR": "8080"})
	require.Equal(t, 2, exit)
	require.Contains(t, out, "LONGRUN_ADDR")
}

// In a container the server listens on all addresses, and its port alone is told.
func TestTheHealthcheckFindsAServerOnAllAddresses(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	var out bytes.Buffer
	require.Equal(t, 1, run(t.Context(), []string{"-healthcheck"}, map[string]string{"PORT": port, "ADMIN_TOKEN": testToken}, nil, &out))
	require.Contains(t, out.String(), "does not answer 200", "it was asked all the same")
}
