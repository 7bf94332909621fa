package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/probe"
)

func TestADoorIsProbedWhereOneIsNamed(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(srv.Close)
	c, err := readConfig(map[string]string{"LONGRUN_PROBE_URL": srv.URL + "/?key=s3cret\n"}, false)
	require.NoError(t, err)
	probes, err := c.Door.probes()
	require.NoError(t, err)
	require.Len(t, probes, 1)
	require.Equal(t, 5*time.Minute, probes[0].Every)
	r, err := probes[0].Prober.Probe(t.Context())
	require.NoError(t, err)
	require.Equal(t, probe.Pass, r.Status, r.Detail)
	require.Equal(t, srv.URL, r.Target)

	c, err = readConfig(nil, false)
	require.NoError(t, err)
	probes, err = c.Door.probes()
	require.NoError(t, err)
	require.Empty(t, probes)
}

func TestAMistakeAboutTheDoorIsNamed(t *testing.T) {
	t.Parallel()
	for says, environment := range map[string]map[string]string{
		"LONGRUN_PROBE_URL has not the form":  {"LONGRUN_PROBE_URL": "s3cret.example"},
		"LONGRUN_PROBE_EVERY: every 1s":       {"LONGRUN_PROBE_URL": "https://h/s3cret", "LONGRUN_PROBE_EVERY": "1s"},
		"LONGRUN_PROBE_EVERY: ":               {"LONGRUN_PROBE_URL": "https://h/s3cret", "LONGRUN_PROBE_EVERY": "soon"},
		"LONGRUN_PROBE_URL is not":            {"LONGRUN_PROBE_EVERY": "1h"},
		"LONGRUN_PROBE_URL is set and has no": {"LONGRUN_PROBE_URL": " "},
	} {
		_, err := readConfig(environment, false)
		require.ErrorContains(t, err, says)
		require.NotContains(t, err.Error(), "s3cret")
	}
}
