package adminhttp_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// fuzzed is an API over a store that has a little of everything.
func fuzzed(f *testing.F) http.Handler {
	f.Helper()
	clk := clock.NewMock()
	clk.Set(time.Date(2025, 12, 29, 23, 8, 20, 0, time.UTC))
	st := memstore.New(&memstore.Options{Clock: clk})
	book, err := ledger.New(st, "")
	require.NoError(f, err)
	start := clk.Now().Add(-time.Hour)
	_, err = st.Commit(f.Context(),
		book.CreateHeartbeat(longrun.Beat(start, time.Minute)),
		book.SetIncident(longrun.Incident{IncidentID: "i", Rule: rules.QueueDepth, TS: start, TSStart: start}),
		book.SetNotice(longrun.Notice{NoticeID: "n", TS: start}),
		book.SetRollup(longrun.Rollup{Date: "2025-12-28", TS: start.Add(-24 * time.Hour)}),
	)
	require.NoError(f, err)
	m, err := monitor.New(monitor.Config{Store: st, Clock: clk})
	require.NoError(f, err)
	return adminhttp.New(m, adminhttp.Options{Token: "s3cret-token-of-a-test", Clock: clk})
}

func fuzzedRequest(h http.Handler, method, path, query, accept, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, adminhttp.DefaultPrefix+"/", strings.NewReader(body))
	r.URL.Path, r.URL.RawPath = adminhttp.DefaultPrefix+"/"+path, ""
	r.URL.RawQuery = query
	r.Header.Set("Authorization", "Bearer s3cret-token-of-a-test")
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func FuzzNoQueryIsAServerError(f *testing.F) {
	for _, q := range []string{
		"limit=3", "from=2025-12-29&to=2025-12-30", "cursor=eyJ0IjoxLCJpIjoiYSJ9", "from=-1", "limit=%00", "a=b;c", "to=9999-12-31T23:59:59.999999999Z",
		"window=7d", "window=7d&format=markdown", "format=html&from=2025-12-01", "to=0001-01-02", "from=0001-01-01&to=0001-01-02", "open=true&rule=queue_depth",
		"target=%ff", "active=false", "cursor=eyJ0Ijo5MjIzMzcyMDM2ODU0Nzc1ODA3LCJpIjoiYSJ9",
	} {
		f.Add(q, "")
	}
	f.Add("", "text/html;q=0.9, */*;q=0.1")
	f.Add("window=30d", ";;q=,text/*")
	h := fuzzed(f)
	f.Fuzz(func(t *testing.T, query, accept string) {
		for _, path := range []string{
			"", "heartbeats", "probes", "runs", "locks", "incidents", "incidents/i", "outbox", "silences", "rollups", "rollups/2025-12-28",
			"coverage", "config", "status", "report", "openapi.json",
		} {
			w := fuzzedRequest(h, http.MethodGet, path, query, accept, "")
			fits := w.Code == http.StatusOK || w.Code == http.StatusBadRequest || path == "report" && w.Code == http.StatusNotAcceptable
			if isJSON := strings.HasPrefix(w.Header().Get("Content-Type"), "application/json"); !fits || isJSON != json.Valid(w.Body.Bytes()) {
				t.Fatalf("%s?%q: %d %s", path, query, w.Code, w.Body)
			}
		}
	})
}

func FuzzNoPathIsAServerError(f *testing.F) {
	for _, id := range []string{"i", "2025-12-28", "2025-12-29", "a/b", "%2F", "..", ".", "\xff", strings.Repeat("x", 600), "", "\x00", "__x__"} {
		f.Add(id)
	}
	h := fuzzed(f)
	f.Fuzz(func(t *testing.T, id string) {
		for _, path := range []string{"GET incidents/", "GET rollups/", "DELETE silences/", "GET ", "POST probes/"} {
			method, path, _ := strings.Cut(path, " ")
			w := fuzzedRequest(h, method, path+id, "", "", "")
			if w.Code >= 500 {
				t.Fatalf("%s %s%q: %d %s", method, path, id, w.Code, w.Body)
			}
			// An ID is one segment of a path, whatever is in it.
			r := httptest.NewRequest(method, adminhttp.DefaultPrefix+"/"+path+url.PathEscape(id), nil)
			r.Header.Set("Authorization", "Bearer s3cret-token-of-a-test")
			w = httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code >= 500 || w.Code/100 != 3 && !json.Valid(w.Body.Bytes()) {
				t.Fatalf("%s %s%q: %d %s", method, path, id, w.Code, w.Body)
			}
		}
	})
}

func FuzzNoBodyIsAServerError(f *testing.F) {
	for _, body := range []string{
		"", "{}", "[]", "null", `{"minutes":1}`, `{"minutes":1e300}`, `{"from":"9999-12-31T23:59:59Z","minutes":43200}`, `{"until":"0000-01-01T00:00:00Z"}`,
		`{"driftSec":5,"maintenance":[{"start":"02:30","minutes":5}]}`, `{"alertThresholds":{"throttleSec":null}}`, `{"retentionDays":{"":1}}`,
		`{"minutes":5,"by":"\u0000","target":"+49 151 23456789","reason":"\ud800"}`, `{"maintenance":[null]}`, `{"a":1}{`,
	} {
		f.Add(body)
	}
	h := fuzzed(f)
	f.Fuzz(func(t *testing.T, body string) {
		for _, target := range []string{"POST silences", "PUT config"} {
			method, path, _ := strings.Cut(target, " ")
			w := fuzzedRequest(h, method, path, "", "", body)
			if w.Code >= 500 || !json.Valid(w.Body.Bytes()) {
				t.Fatalf("%s %q: %d %s", target, body, w.Code, w.Body)
			}
		}
	})
}
