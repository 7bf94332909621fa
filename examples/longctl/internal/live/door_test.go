package live

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/exit"
)

const token = "a-secret-token-of-ours"

func asking(server string) Runs {
	var c Runs
	c.Server, c.Token, c.Timeout, c.Limit, c.Format = server, token, time.Minute, 20, "text"
	return c
}

// Whatever answers, nothing of it reaches a terminal that obeys, and no token goes on.
func TestAServerThatIsNoneOfOurs(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("it was followed, with %q", r.Header)
	}))
	t.Cleanup(elsewhere.Close)
	for name, test := range map[string]struct {
		do    http.HandlerFunc
		says  string
		usage bool
	}{
		"no JSON":   {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, "not as a longwatch server does", false},
		"no reply":  {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"runs":[]}`) }, "not as a longwatch server does", false},
		"redirects": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) }, "302", false},
		"hangs up":  {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "--server: no answer: EOF", false},
		"echoes": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(500)
			_, _ = io.WriteString(w, `{"success":false,"error":"\u001b[2J `+r.Header.Get("Authorization")+`"}`)
		}, "Bearer ***", false},
		"refuses": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			_, _ = io.WriteString(w, `{"success":false,"field":"limit","error":"limit: no"}`)
		}, "limit: no", true},
		"another's": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"success":true,"runs":"none"}`)
		}, "json", false},
		"without a key": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"success":true}`) }, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(test.do)
			t.Cleanup(srv.Close)
			var out bytes.Buffer
			err := asking(srv.URL).Run(t.Context(), &out)
			require.Error(t, err)
			require.ErrorContains(t, err, test.says)
			require.Equal(t, test.usage, exit.IsUsage(err))
			require.NotContains(t, err.Error(), token)
			require.NotContains(t, err.Error(), "\x1b")
			require.Empty(t, out.String())
		})
	}
}

// Whoever wrote a document chose what is in it.
func TestADocumentSaysNothingToATerminal(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"success":true,"runs":[{"instanceId":"\u001b[2Ja\nb\tc`+strings.Repeat("x", 1000)+`"}],"nextCursor":null}`)
	}))
	t.Cleanup(srv.Close)
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		c := asking(srv.URL)
		c.Format = format
		require.NoError(t, c.Run(t.Context(), &out))
		require.NotContains(t, out.String(), "\x1b")
		if format == "text" {
			require.Equal(t, 2, strings.Count(out.String(), "\n"), out.String())
			require.Less(t, out.Len(), 1000)
		}
	}
}

func TestTimesAreAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	got, err := plain([]byte(`{"a":{"_seconds":1767049200,"_nanoseconds":5000},"b":[{"_seconds":0,"_nanoseconds":0}],"c":{"_seconds":1},"n":12345678901234567890}`))
	require.NoError(t, err)
	require.JSONEq(t, `{"a":"2025-12-29T23:00:00.000005Z","b":["1970-01-01T00:00:00Z"],"c":{"_seconds":1},"n":12345678901234567890}`, string(got))
	_, err = plain([]byte("{"))
	require.Error(t, err)
}
