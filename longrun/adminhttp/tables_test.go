package adminhttp_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/report"
	"github.com/seed-13dc028d/longwatch/longrun/report/table"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// rows reads a table, and checks how it was sent.
func rows(t *testing.T, a answer, columns table.Row) [][]string {
	t.Helper()
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	require.Contains(t, a.header.Get("Content-Type"), "text/csv; charset=utf-8")
	require.Regexp(t, `^attachment; filename="longwatch-[a-z]+\.csv"$`, a.header.Get("Content-Disposition"))
	require.Equal(t, "no-store", a.header.Get("Cache-Control"))
	require.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"))
	r := csv.NewReader(strings.NewReader(string(a.body)))
	r.FieldsPerRecord = -1
	all, err := r.ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string(columns), all[0])
	return all[1:]
}

func TestTheGapsOfAWindowAreATable(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.night()
	got := rows(t, s.do(http.MethodGet, "/coverage?format=csv&"+theNight, ""), table.GapColumns())
	require.Equal(t, [][]string{
		{"2025-12-29T22:20:00.000Z", "2025-12-29T22:21:00.000Z", "1", "60", "unknown", "", ""},
		{"2025-12-29T22:35:00.000Z", "2025-12-29T22:45:00.000Z", "10", "600", "unknown", "b44d8ae9", "bcfe891c"},
	}, got)
	require.Empty(t, rows(t, s.do(http.MethodGet, "/coverage?format=csv&window=1m", ""), table.GapColumns()))
}

func TestIncidentsAndProbesAreTablesOfTheSameDocuments(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	troubles := s.troubles()
	night(t, s, 3)
	s.put(store.Set(s.ledger.Key(ledger.Probes, "bad"), map[string]any{"ts": s.clock.Now(), "type": 7}))

	got := rows(t, s.do(http.MethodGet, "/incidents?format=csv", ""), table.IncidentColumns())
	require.Len(t, got, len(troubles))
	require.Equal(t, troubles[len(troubles)-1], got[0][0], "the newest first")
	require.Len(t, rows(t, s.do(http.MethodGet, "/incidents?format=csv&open=true", ""), table.IncidentColumns()), 2)
	require.Len(t, rows(t, s.do(http.MethodGet, "/incidents?format=csv&from=2025-12-29T21:30:00Z", ""), table.IncidentColumns()), 2)

	got = rows(t, s.do(http.MethodGet, "/probes?format=csv", ""), table.ProbeColumns())
	require.Len(t, got, 3*2+1)
	require.Equal(t, []string{"# 1 document does not decode and is left out"}, got[6])

	// Bounded, and then it says where it goes on.
	var seen []string
	path := "/probes?format=csv&type=outbound&limit=2"
	for cursor := ""; ; {
		page := rows(t, s.do(http.MethodGet, path+cursor, ""), table.ProbeColumns())
		cursor = ""
		for _, row := range page {
			if next := regexp.MustCompile(`cursor=(\S+)`).FindStringSubmatch(row[0]); next != nil {
				require.Contains(t, row[0], "# after 2 rows the list was cut")
				cursor = "&cursor=" + next[1]
			} else if !strings.HasPrefix(row[0], "#") {
				seen = append(seen, row[0])
			}
		}
		if cursor == "" {
			break
		}
	}
	require.Len(t, seen, 3)
}

func TestATableIsCutOffWhereTheStoreFails(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	var ops []store.Op
	at := s.clock.Now().UTC().Add(-time.Hour)
	for i := range 3000 {
		p := longrun.Probe{ProbeKey: fmt.Sprintf("OUT_%04d", i), Type: longrun.Outbound, TS: at.Add(time.Duration(i) * time.Second), Result: longrun.Pass, InstanceID: "an instance with a name"}
		if ops = append(ops, s.ledger.CreateProbe(p)); len(ops) == store.MaxOps {
			s.put(ops...)
			ops = nil
		}
	}
	s.put(ops...)
	require.Len(t, rows(t, s.do(http.MethodGet, "/probes?format=csv&window=2h", ""), table.ProbeColumns()), 3000)
	n := 0
	s.faulty.Inject(storetest.Fault{Record: func(context.Context, storetest.Call, int) error {
		if n++; n > 2000 {
			return errors.New("no route")
		}
		return nil
	}})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.server.URL+adminhttp.DefaultPrefix+"/probes?format=csv", nil)
	require.NoError(t, err)
	response, err := s.server.Client().Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	_, err = io.ReadAll(response.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF, "nobody takes a part for the whole")
	require.Contains(t, s.log.String(), "a table was cut off")

	n = 2000 // before the first row it is an error like any other
	require.Equal(t, http.StatusServiceUnavailable, s.do(http.MethodGet, "/probes?format=csv", "").status)
}

func TestTheReportLeadsToOtherWindowsAndToItsTables(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.night()
	s.troubles()
	night(t, s, 3)
	page := string(s.do(http.MethodGet, "/report?format=html&window=36h", "").body)
	links := regexp.MustCompile(`<a href="([^"]*)"`).FindAllStringSubmatch(page, -1)
	require.Len(t, links, len(report.WindowNames())+1+3)
	for _, link := range links {
		to := strings.ReplaceAll(link[1], "&amp;", "&")
		if strings.HasPrefix(to, "?") {
			to = "report" + to
			require.Contains(t, to, "format=html")
		}
		require.Equal(t, http.StatusOK, s.do(http.MethodGet, "/"+to, "").status, to)
	}
	require.Contains(t, page, `<a href="?window=7d&amp;format=html">7d</a>`)
	require.Contains(t, string(s.do(http.MethodGet, "/report?window=24h", "", "Accept", "text/html").body), `<a href="?window=24h" aria-current="page">24h</a>`)
}

func TestABadgeIsKeptForAMinute(t *testing.T) {
	t.Parallel()
	s := newStand(t, "a-token-of-sixteen")
	get := func(query, words, caching string) {
		t.Helper()
		a := s.do(http.MethodGet, "/badge.svg"+query, "")
		require.Equal(t, http.StatusOK, a.status)
		require.Equal(t, "image/svg+xml", a.header.Get("Content-Type"))
		require.Equal(t, caching, a.header.Get("Cache-Control"))
		require.Contains(t, a.header.Get("Content-Security-Policy"), "default-src 'none'")
		require.Contains(t, string(a.body), words+"</text>")
	}
	get("", "? unknown", "private, max-age=60")
	s.night()
	s.clock.Add(20 * time.Second)
	reads := s.faulty.Calls(storetest.Scan)
	get("?window=30d", "? unknown", "private, max-age=40")
	require.Equal(t, reads, s.faulty.Calls(storetest.Scan), "nothing is read for it")
	get("?window=7d", "✕ 79.6 %, under target", "private, max-age=60")
	s.clock.Add(41 * time.Second)
	get("", "✕ 78.1 %, under target", "private, max-age=60")

	s.faulty.Inject(storetest.Fault{Before: func(context.Context, storetest.Call) error { return errors.New("no route") }})
	s.clock.Add(time.Hour)
	a := s.do(http.MethodGet, "/badge.svg", "")
	require.Equal(t, http.StatusServiceUnavailable, a.status)
	require.Contains(t, string(a.body), "? unknown</text>")
	require.Equal(t, "no-store", a.header.Get("Cache-Control"))
	require.Equal(t, http.StatusUnauthorized, s.do(http.MethodGet, "/badge.svg", "", "Authorization", "").status)
}

func TestAnOpenBadgeTellsTheCoverageAndNothingElse(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.night()
	m, err := monitor.New(monitor.Config{Store: s.mem, InstanceID: "one", Clock: s.clock})
	require.NoError(t, err)
	h := adminhttp.New(m, adminhttp.Options{Token: "a-token-of-sixteen", OpenBadge: true, Clock: s.clock})
	ask := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, adminhttp.DefaultPrefix+path, nil))
		return w
	}
	w := ask("/badge.svg?window=24h")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "public, max-age=60", w.Header().Get("Cache-Control"))
	require.Equal(t, http.StatusBadRequest, ask("/badge.svg?window=25h").Code, "a window of its own keeps the store busy")
	require.Equal(t, http.StatusUnauthorized, ask("/report").Code)
	refused := adminhttp.New(&told{}, adminhttp.Options{Token: "short", OpenBadge: true})
	w = httptest.NewRecorder()
	refused.ServeHTTP(w, httptest.NewRequest(http.MethodGet, adminhttp.DefaultPrefix+"/badge.svg", nil))
	require.Equal(t, http.StatusServiceUnavailable, w.Code, "nothing is open where the options are refused")
}
