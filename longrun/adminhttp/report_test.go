package adminhttp_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/report"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

const theNight = "from=2025-12-29T22:14:29Z&to=2025-12-29T23:08:00Z"

func (s *stand) report(query string) map[string]any {
	s.t.Helper()
	return object(s.get("/report?" + query)["report"])
}

func TestTheReportOfTheNightIsWhatThePackageSays(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.night()
	got := s.report(theNight)
	require.Equal(t, "longrun.Report/1", got["schema"])
	require.Equal(t, "2025-12-29T23:08:20Z", got["generatedAt"])
	require.Equal(t, "one", got["instanceId"])
	require.Equal(t, "abc", got["commitHash"])
	verdict, coverage := object(got["verdict"]), object(got["coverage"])
	require.Equal(t, "FAIL", verdict["result"])
	require.InDelta(t, 0.8, verdict["target"], 0)
	require.Contains(t, verdict["text"], "79.6 %")
	require.EqualValues(t, 54, coverage["expected"])
	require.EqualValues(t, 43, coverage["written"])
	require.EqualValues(t, 11, coverage["missed"])
	require.EqualValues(t, 2, object(got["gaps"])["count"])
	require.EqualValues(t, 3, object(got["instances"])["count"])

	window := longrun.Window{From: time.Date(2025, 12, 29, 22, 14, 29, 0, time.UTC), To: time.Date(2025, 12, 29, 23, 8, 0, 0, time.UTC)}
	survey, err := s.ledger.Survey(t.Context(), window, time.Minute, s.clock.Now(), nil)
	require.NoError(t, err)
	want := report.New(survey, &report.Options{InstanceID: "one", CommitHash: "abc"})
	text, err := want.JSON()
	require.NoError(t, err)
	all, err := json.Marshal(got)
	require.NoError(t, err)
	require.JSONEq(t, string(text), string(all), "nothing is added and nothing is lost")

	a := s.do(http.MethodGet, "/report?format=markdown&"+theNight, "")
	require.Equal(t, want.Markdown(), string(a.body))
	page, err := want.HTML()
	require.NoError(t, err)
	served := string(s.do(http.MethodGet, "/report?format=html&"+theNight, "").body)
	require.Equal(t, string(page), regexp.MustCompile(`(?s)<nav.*</nav>\n|<a href="[^"]*">as CSV</a>`).ReplaceAllString(served, ""), "and links")

	// It says what coverage says.
	c := object(s.get("/coverage?" + theNight)["coverage"])
	for _, number := range []string{"expected", "written", "missed", "coverage", "healthy", "availability"} {
		require.Equal(t, c[number], coverage[number], number)
	}
	require.Equal(t, c["gaps"], object(got["gaps"])["listed"])
}

func TestAReportIsHeldToTheThresholdInForce(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.night()
	for threshold, want := range map[string]string{"0.79": "PASS", "0.8": "FAIL", "1": "FAIL", "0": "PASS"} {
		status, _, _ := s.ask(http.MethodPut, "/config", `{"insufficientDataThreshold":`+threshold+`}`)
		require.Equal(t, http.StatusOK, status)
		verdict := object(s.report(theNight)["verdict"])
		require.Equal(t, want, verdict["result"], threshold)
		number, err := json.Marshal(verdict["target"])
		require.NoError(t, err)
		require.Equal(t, threshold, string(number))
	}
}

func TestAReportsWindowIsNamedOrGiven(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.night()
	now := s.clock.Now().UTC()
	day := 24 * time.Hour
	for query, want := range map[string]struct {
		name     string
		from, to time.Time
	}{
		"":                             {"24h", now.Add(-day), now},
		"window=24h":                   {"24h", now.Add(-day), now},
		"window=7d":                    {"7d", now.Add(-7 * day), now},
		"window=30d":                   {"30d", now.Add(-30 * day), now},
		"window=90d":                   {"90d", now.Add(-90 * day), now},
		"window=180d":                  {"180d", now.Add(-180 * day), now},
		"window=365d":                  {"365d", now.Add(-365 * day), now},
		"window=1h":                    {"1h", now.Add(-time.Hour), now},
		"window=36h":                   {"36h", now.Add(-36 * time.Hour), now},
		"window=1d12h":                 {"36h", now.Add(-36 * time.Hour), now},
		"window=90m":                   {"", now.Add(-90 * time.Minute), now},
		"window=2025-12-28/2025-12-29": {"24h", time.Date(2025, 12, 28, 0, 0, 0, 0, time.UTC), time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)},
		"from=2025-12-29":              {"", time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC), now},
		"to=2025-12-29":                {"24h", time.Date(2025, 12, 28, 0, 0, 0, 0, time.UTC), time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)},
		"from=2025-12-28&to=2025-12-29T00:00:00%2B02:00": {"22h", time.Date(2025, 12, 28, 0, 0, 0, 0, time.UTC), time.Date(2025, 12, 28, 22, 0, 0, 0, time.UTC)},
	} {
		window := object(s.report(query)["window"])
		require.Equal(t, want.name, window["name"], query)
		require.Equal(t, want.from.Format(time.RFC3339), window["from"], query)
		require.Equal(t, want.to.Format(time.RFC3339), window["to"], query)
	}
}

func TestAWindowThatMakesNoSenseIs400WithTheField(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.night()
	for query, want := range map[string][2]string{
		"window=1x":                     {"window", "is neither a length such as 1h, 36h, 7d"},
		"window=24H":                    {"window", "is neither a length"},
		"window=-1h":                    {"window", "is neither a length"},
		"window=99999999d":              {"window", "is neither a length"},
		"window=2025-12-29/2025-12-28":  {"to", "is before from"},
		"window=2025-12-29/soon":        {"to", "is neither a day"},
		"window=7d&from=2025-12-29":     {"from", "give window, or from and to"},
		"window=7d&to=2025-12-29":       {"to", "give window, or from and to"},
		"from=2025-12-30&to=2025-12-31": {"from", "lies in the future"},
		"from=2025-12-29T23:08:20Z":     {"from", "lies in the future"},
		"from=2026-01-01":               {"from", "lies in the future"},
		"from=2025-12-29&to=2025-12-28": {"to", "is before from"},
		"from=2025-12-29&to=2025-12-29": {"to", "empty"},
		"from=2010-01-01&to=2025-12-29": {"from", "longer than ten years"},
		"from=2025-12-29&to=2036-12-29": {"from", "longer than ten years"},
		"from=yesterday":                {"from", "is neither a day"},
		"to=2025-13-01":                 {"to", "is neither a day"},
		"format=pdf":                    {"format", "is none of json, markdown, html"},
		"format=HTML":                   {"format", "is none of"},
		"windows=7d":                    {"windows", "unknown parameter"},
		"window=7d&window=30d":          {"window", "more than once"},
		"limit=5":                       {"limit", "unknown parameter"},
	} {
		a := s.do(http.MethodGet, "/report?"+query, "")
		body := a.json(t)
		require.Equal(t, http.StatusBadRequest, a.status, query)
		require.Equal(t, want[0], body["field"], query)
		require.Contains(t, body["error"], want[1], query)
		require.Equal(t, "Accept", a.header.Get("Vary"), query)
	}
	require.Zero(t, s.faulty.Calls(storetest.Scan), "nothing is read for them")
}

func TestWhatDoesNotCountIsSaidInTheReport(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	said := func(query string) (string, string) {
		r := s.report(query)
		var lines []string
		for _, line := range array(r["leftOut"]) {
			lines = append(lines, fmt.Sprint(line))
		}
		return fmt.Sprint(object(r["verdict"])["result"]), strings.Join(lines, "\n")
	}
	result, lines := said("")
	require.Equal(t, "NO DATA", result)
	require.Contains(t, lines, "Nothing was ever stored")
	s.night()
	result, lines = said("from=2025-12-01&to=2025-12-02")
	require.Equal(t, "NO DATA", result)
	require.Contains(t, lines, "ends before anything is known")
	result, lines = said("from=2025-12-29&to=2025-12-31")
	require.Equal(t, "FAIL", result)
	require.Contains(t, lines, "ends in the future")
	require.Contains(t, lines, "Nothing is known before")
}

func TestTheFormOfAReportIsNegotiated(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.night()
	const (
		asJSON     = "application/json; charset=utf-8"
		asMarkdown = "text/markdown; charset=utf-8"
		asHTML     = "text/html; charset=utf-8"
	)
	for accept, want := range map[string]string{
		"":                             asJSON,
		"*/*":                          asJSON,
		"application/json":             asJSON,
		"application/*":                asJSON,
		"text/markdown":                asMarkdown,
		"text/html":                    asHTML,
		"Text/HTML; Charset=utf-8":     asHTML,
		"text/*":                       asMarkdown,
		"text/html,text/markdown":      asMarkdown, // liked the same
		"text/html,text/markdown;q=.9": asHTML,
		"text/html;q=0.5, application/json;q=0.4":                         asHTML,
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": asHTML, // a browser
		"application/json;q=0, */*":                                       asMarkdown,
		"text/*;q=0.9, text/markdown;q=0.1, application/json;q=0.2":       asHTML,
		"text/html;q=7, application/json;q=0.1":                           asJSON, // q makes no sense
		"/, ;q=1, text/markdown":                                          asMarkdown,
		"image/png, */*;q=0.001":                                          asJSON,
		"image/png":                                                       "",
		"text/html;q=0":                                                   "",
		"*/*;q=0":                                                         "",
		"nonsense":                                                        "",
	} {
		a := s.do(http.MethodGet, "/report?"+theNight, "", "Accept", accept)
		require.Equal(t, "Accept", a.header.Get("Vary"), accept)
		if want == "" {
			require.Equal(t, http.StatusNotAcceptable, a.status, accept)
			require.Contains(t, a.json(t)["error"], "json, markdown, html")
			continue
		}
		require.Equal(t, http.StatusOK, a.status, accept)
		require.Equal(t, want, a.header.Get("Content-Type"), accept)
	}
	for format, want := range map[string]string{"json": asJSON, "markdown": asMarkdown, "html": asHTML} {
		for _, accept := range []string{"", "text/html", "text/markdown", "image/png"} {
			a := s.do(http.MethodGet, "/report?format="+format+"&"+theNight, "", "Accept", accept)
			require.Equal(t, http.StatusOK, a.status)
			require.Equal(t, want, a.header.Get("Content-Type"), "the query wins over %q", accept)
		}
	}
}

func TestAPageMayApplyItsOwnStyleAndNothingElse(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.night()
	s.troubles()
	night(t, s, 5)
	a := s.do(http.MethodGet, "/report?format=html", "")
	page := string(a.body)
	require.Equal(t, 1, strings.Count(page, "<style"), "one style sheet, which the policy names")
	require.NotContains(t, page, " style=", "a style in an element would not be applied")
	require.NotContains(t, page, "<script")
	require.Contains(t, page, "<svg")
	_, rest, _ := strings.Cut(page, "<style>")
	style, _, ended := strings.Cut(rest, "</style>")
	require.True(t, ended)
	sum := sha256.Sum256([]byte(style))
	require.Equal(t, "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+
		"'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-same-origin allow-downloads", a.header.Get("Content-Security-Policy"))
	require.Equal(t, "no-referrer", a.header.Get("Referrer-Policy"))
	require.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"))
	require.Equal(t, "no-store", a.header.Get("Cache-Control"))
	require.Empty(t, s.do(http.MethodGet, "/report", "").header.Get("Content-Security-Policy"), "JSON needs none")
}

func TestWhatDocumentsSayIsTextInThePage(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.night()
	const evil = `</style><script>alert(1)</script><img src=x onerror=alert(1)>`
	start := s.clock.Now().UTC().Add(-time.Hour)
	s.put(s.ledger.SetIncident(longrun.Incident{IncidentID: evil, Rule: rules.LoggedOut, Target: evil, TS: start, TSStart: start, Summary: evil}))
	page := string(s.do(http.MethodGet, "/report?format=html", "").body)
	require.NotContains(t, page, "<script")
	require.NotContains(t, page, "<img")
	require.Equal(t, 1, strings.Count(page, "</style>"))
	require.Contains(t, page, "&lt;script&gt;")
}

func TestAReportReadsWholeDaysFromTheirRollups(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.night()
	s.rolled()
	s.clock.Add(2 * 24 * time.Hour)
	beats := 0
	defer s.faulty.Inject(storetest.Fault{Record: func(_ context.Context, c storetest.Call, _ int) error {
		if c.Key == (store.Key{Collection: s.ledger.Path(ledger.Heartbeats)}) {
			beats++
		}
		return nil
	}})()
	r := s.report("from=2025-12-28&to=2025-12-30")
	require.EqualValues(t, 43, object(r["coverage"])["written"])
	require.Equal(t, "rollup", object(array(r["days"])[0])["source"])
	require.Less(t, beats, 10, "the first one and those at the edges")
}

func TestALongReportIsNotGivenUpWhileTheStoreAnswers(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.night()
	began := s.clock.Now()
	s.faulty.Inject(storetest.Fault{Record: func(ctx context.Context, _ storetest.Call, _ int) error {
		s.clock.Add(9 * time.Second)
		return ctx.Err()
	}})
	for _, path := range []string{"/report?" + theNight, "/report?format=html&" + theNight, "/heartbeats?to=" + url.QueryEscape(began.UTC().Format(time.RFC3339))} {
		require.Equal(t, http.StatusOK, s.do(http.MethodGet, path, "").status, path)
	}
	require.Greater(t, s.clock.Now().Sub(began), 5*time.Minute)
}
