package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
)

// A silence that is ended holds no longer, over a store and over a server.
func TestASilenceIsAddedAndEnded(t *testing.T) {
	t.Parallel()
	path := recordedStore(t)
	at := [][]string{{"--store=sqlite:" + path}, {"--server=" + serving(t, path), "--token=a-token-of-some-length"}}
	for i := range at {
		got := ctl(t, append([]string{"silence", "add", "--for=2h", "--format=json"}, at[i]...)...)
		require.Equal(t, 0, got.code, "%v", got)
		var added struct {
			Silence longrun.Silence `json:"silence"`
		}
		require.NoError(t, json.Unmarshal([]byte(got.out), &added))
		other := at[1-i]
		got = ctl(t, append([]string{"silence", "list", "--active"}, other...)...)
		require.Contains(t, got.out, added.Silence.SilenceID)
		got = ctl(t, append([]string{"silence", "end", added.Silence.SilenceID}, other...)...)
		require.Equal(t, 0, got.code, "%v", got)
		got = ctl(t, append([]string{"silence", "list", "--active"}, at[i]...)...)
		require.NotContains(t, got.out, added.Silence.SilenceID)
	}
}

// A probe that was made ends with its result.
func TestAProbeThatIsMadeEndsWithItsResult(t *testing.T) {
	t.Parallel()
	for result, code := range map[longrun.ProbeResult]int{longrun.Pass: 0, longrun.Fail: 1, longrun.Inconclusive: 2} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost || r.URL.Path != adminhttp.DefaultPrefix+"/probes/http/run" || r.URL.Query().Get("name") != "shop" {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			_, _ = io.WriteString(w, `{"success":true,"probe":{"type":"http","name":"shop","result":"`+string(result)+`"}}`)
		}))
		t.Cleanup(srv.Close)
		got := ctl(t, "probes", "run", "http", "--name=shop", "--server="+srv.URL)
		require.Equal(t, code, got.code, "%v", got)
		require.Contains(t, got.out, string(result))
		require.Empty(t, got.err)
	}
}
