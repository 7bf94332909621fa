package dashboard_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/past"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

func TestAnIncidentIsReadSilencedAndToldAgain(t *testing.T) {
	t.Parallel()
	onStand(t, func(s *stand) { s.options.Prefix = "/ops" }, func(s *stand) {
		time.Sleep(2 * time.Hour)
		s.fails.Store(true)
		time.Sleep(time.Hour)
		s.signIn()
		id := s.monitor.Status().Alerts.Alarms[0].IncidentID
		says(t, s.page("/ops/"), `href="incident/`+id+`"`)
		path := "/ops/incident/" + id
		page := s.page(path)
		says(t, page, "The sending probe fails")
		says(t, page, "The error class of the newest probes")
		says(t, page, "Noticed by wa-1")
		says(t, page, "Told: wrong")
		says(t, page, `action="../silences"`)

		form := url.Values{"csrf": {s.form(path)}, "incident": {id}, "minutes": {"60"}, "by": {"mara"}}
		require.Equal(t, http.StatusUnprocessableEntity, s.post("/ops/silences", form).Code, "no reason")
		form.Set("reason", "being mended")
		w := s.post("/ops/silences", form)
		require.Equal(t, http.StatusSeeOther, w.Code, w.Body)
		require.Equal(t, "./incident/"+id+"?done=silenced", w.Header().Get("Location"))
		page = s.page(path + "?done=silenced")
		says(t, page, "Silenced.")
		says(t, page, "by mara: “being mended”")
		time.Sleep(2 * time.Minute)
		says(t, s.page("/ops/"), "1 thing is silenced, the rest is well")

		silence := regexp.MustCompile(`name="id" value="([^"]+)"`).FindStringSubmatch(page)[1]
		w = s.post("/ops/silences/end", url.Values{"csrf": {s.form(path)}, "incident": {id}, "id": {silence}})
		require.Equal(t, "../incident/"+id+"?done=ended", w.Header().Get("Location"), w.Body)
		time.Sleep(2 * time.Minute)
		says(t, s.page("/ops/"), "1 thing is wrong")

		s.fails.Store(false)
		w = s.post("/ops/probes/run", url.Values{"csrf": {s.form(path)}, "incident": {id}, "type": {"outbound"}})
		require.Equal(t, "../incident/"+id+"?done=passed", w.Header().Get("Location"), w.Body)
		require.Equal(t, http.StatusNotFound, s.get("/ops/incident/none").Code)
	})
}

func TestSettingsAreConfirmed(t *testing.T) {
	t.Parallel()
	onStand(t, nil, func(s *stand) {
		s.signIn()
		page := s.page("/settings")
		says(t, s.page("/settings"), "To be written: 99 % of 7 days, 99.5 % of 30 days, 99.7 % of 90 days, 99.8 % of 180 days. The rule about the error budget holds to 99.5 % of 30 days.")
		says(t, page, "Queue depth threshold")
		form := s.form("/settings")
		w := s.post("/settings/review", url.Values{"csrf": {form}, "alertThresholds.queueDepthThreshold": {"250"}, "driftSec": {"10"}})
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		says(t, w.Body.String(), "<td>100</td><td><b>250</b></td>")
		require.NotContains(t, w.Body.String(), "Drift")
		settings, _, err := s.monitor.Settings(s.Context())
		require.NoError(t, err)
		require.EqualValues(t, 100, settings.AlertThresholds.QueueDepthThreshold, "nothing has changed yet")
		confirmed := url.Values{"csrf": {form}, "settings": {hidden(t, w, "settings")}, "version": {hidden(t, w, "version")}}
		w = s.post("/settings", confirmed)
		require.Equal(t, "./settings?done=stored", w.Header().Get("Location"), w.Body)
		settings, _, err = s.monitor.Settings(s.Context())
		require.NoError(t, err)
		require.EqualValues(t, 250, settings.AlertThresholds.QueueDepthThreshold)
		require.Equal(t, "dashboard", settings.UpdatedBy)
		require.Equal(t, longrun.DefaultSettings(time.Minute).AlertThresholds.MissedHbPerHour, settings.AlertThresholds.MissedHbPerHour)
		confirmed.Set("settings", strings.Replace(confirmed.Get("settings"), "250", "300", 1))
		require.Equal(t, http.StatusConflict, s.post("/settings", confirmed).Code, "it was changed meanwhile")

		for name, value := range map[string]string{"driftSec": "-1", "expectedAccounts": "1.5", "alertThresholds.throttleSec": "x", "insufficientDataThreshold": "2"} {
			w = s.post("/settings/review", url.Values{"csrf": {form}, name: {value}})
			require.Equal(t, http.StatusUnprocessableEntity, w.Code, name)
			says(t, w.Body.String(), "Nothing was changed")
		}
		w = s.post("/settings/review", url.Values{"csrf": {form}, "maintenance.name": {"database"}, "maintenance.start": {"04:00"}, "maintenance.minutes": {"30"}, "maintenance.zone": {"UTC"}, "maintenance.day": {"sun", "mon"}})
		says(t, w.Body.String(), "database 04:00")
		s.post("/settings", url.Values{"csrf": {form}, "settings": {hidden(t, w, "settings")}, "version": {hidden(t, w, "version")}})
		says(t, s.page("/settings"), "sun, mon at 04:00 UTC, 30 min")
		w = s.post("/settings/review", url.Values{"csrf": {form}, "maintenance.remove": {"0"}})
		s.post("/settings", url.Values{"csrf": {form}, "settings": {hidden(t, w, "settings")}, "version": {hidden(t, w, "version")}})
		require.NotContains(t, s.page("/settings"), "04:00 UTC")

		w = s.post("/alerts/test", url.Values{"csrf": {form}})
		require.Equal(t, "../settings?done=tested", w.Header().Get("Location"), w.Body)
		require.Equal(t, http.StatusTooManyRequests, s.post("/alerts/test", url.Values{"csrf": {form}}).Code)
	})
}

// hidden is the value of a hidden field.
func hidden(t *testing.T, w *httptest.ResponseRecorder, name string) string {
	t.Helper()
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	found := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(w.Body.String())
	require.Len(t, found, 2)
	return strings.NewReplacer("&#34;", `"`, "&#43;", "+", "&amp;", "&", "&lt;", "<", "&gt;", ">").Replace(found[1])
}

// Nothing that a document says is markup, whoever wrote it.
func TestHostileDocumentsInjectNothing(t *testing.T) {
	t.Parallel()
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(2)>'` + "\u202e`${x}`"
	onStand(t, nil, func(s *stand) {
		s.signIn()
		now := time.Now().UTC()
		book := s.monitor.Ledger()
		s.host.Store(&longrun.HostStatus{Accounts: []longrun.AccountStatus{{ID: evil, State: "needs_qr", LoggedOut: true, Reason: evil, Since: now}, {ID: evil + "2", State: evil}}})
		i := longrun.Incident{IncidentID: "evil_1", Rule: evil, Target: evil, Severity: evil, TS: now, TSStart: now, Noticed: now, Summary: evil, Cause: evil, Accounts: []string{evil}, Probes: []string{evil}, InstanceID: evil, CommitHash: evil, ClosedBy: evil, Gaps: []longrun.Gap{{From: now, To: now.Add(time.Minute), Missed: 1, Cause: evil, Before: evil, After: evil + "2"}}}
		over := i
		over.IncidentID, over.TSEnd = "evil_2", new(now.Add(time.Second))
		n := longrun.Notice{NoticeID: "evil_1_1", TS: now, Created: now, Kind: evil, State: longrun.Undelivered, IncidentID: "evil_1", Rule: evil, Target: evil, Error: evil}
		b := longrun.Beat(now.Add(-3*time.Minute), time.Minute)
		b.InstanceID, b.CommitHash, b.StatusError = evil, evil, evil
		p := longrun.Probe{ProbeKey: "X_1", Type: "evil", TS: now, Result: longrun.Fail, ErrorClass: evil, Error: evil, Trigger: longrun.Scheduled}
		_, err := s.store.Commit(s.Context(), book.SetIncident(i), book.SetIncident(over), book.SetNotice(n), book.CreateHeartbeat(b), book.CreateProbe(p),
			store.Set(book.Key(ledger.Silences, "evil"), longrun.Silence{SilenceID: "evil", TS: now, From: now, Until: now.Add(time.Hour), Rule: "queue_depth", By: evil, Reason: evil}))
		require.NoError(t, err)
		time.Sleep(3 * time.Minute)
		for _, path := range []string{"/", "/incident/evil_1", "/incident/evil_2", "/history", "/history?window=30d", "/history?day=" + now.Format(time.DateOnly), "/settings", "/report", "/report?window=24h"} {
			page := s.page(path)
			require.NotContains(t, page, "<script>", path)
			require.NotContains(t, page, "<img", path)
			require.NotContains(t, page, "\u202e", path)
		}
		says(t, s.page("/"), "&lt;script&gt;")
		for _, path := range []string{"/login?next=" + url.QueryEscape(evil), "/history?day=" + url.QueryEscape(evil), "/report?window=" + url.QueryEscape(evil), "/incident/" + url.PathEscape(evil), "/?done=" + url.QueryEscape(evil)} {
			page := s.get(path).Body.String()
			require.NotContains(t, page, "<script>", path)
			require.NotContains(t, page, "<img", path)
		}
	})
}

// The dashboard and the report are of the same survey, and say the same.
func TestHistoryAndReportAgree(t *testing.T) {
	t.Parallel()
	pages, now := history(t, 20, 3, 1)
	page := fetch(t, pages, "/history?window=30d").Body.String()
	says(t, page, "So far ")
	missed := 0
	for at := now.AddDate(0, 0, -20); at.Before(now.Truncate(time.Minute)); at = at.Add(time.Minute) {
		if _, is := (past.Options{}).Beat(at.Truncate(time.Minute)); !is && !at.Before(longrun.DayOf(now).From.AddDate(0, 0, -19)) {
			missed++
		}
	}
	require.NotZero(t, missed)
	says(t, page, fmt.Sprintf("So far %d min missed", missed))
	says(t, page, "<dt>Left</dt>")
	says(t, page, " over 1 h, ")
	says(t, page, "<dt>Time to repair</dt>")
	says(t, page, "<dt>Time between failures</dt>")
	require.NotContains(t, page, "without maintenance")
	day := fetch(t, pages, "/history?day=2026-11-08").Body.String()
	require.NotContains(t, day, "<dt>Left", "a target is for longer than a day")
	require.NotContains(t, day, "20261108T1604")
	require.NotContains(t, fetch(t, pages, "/history?day=2026-11-26").Body.String(), "The target")
	says(t, fetch(t, pages, "/history").Body.String(), `?day=2026-11-26`)
	says(t, fetch(t, pages, "/history?window=90d").Body.String(), "So far")
	reported := fetch(t, pages, "/report?window=30d")
	require.Regexp(t, `style-src 'sha256-[^']+'`, reported.Header().Get("Content-Security-Policy"))
	require.NotContains(t, reported.Header().Get("Content-Security-Policy"), "unsafe")
	for _, path := range []string{"/report?window=365d", "/report?from=2026-11-08&to=2026-11-10", "/report?window=2026-11-08%2F2026-11-10", "/history", "/history?window=90d", "/history?day=2026-11-08", "/report"} {
		require.NotContains(t, fetch(t, pages, path).Body.String(), " style=", path)
	}
}

// What History draws, the report of the same time draws.
func TestHistoryAndReportDrawTheSame(t *testing.T) {
	t.Parallel()
	pages, now := history(t, 40, 3, 1)
	titles := regexp.MustCompile(`<title>([^<]*(?:missed|not healthy)[^<]*)</title>`)
	drawn := func(path, class string) (all []string) {
		_, rest, found := strings.Cut(fetch(t, pages, path).Body.String(), `<div class="`+class+`">`)
		require.True(t, found, path)
		drawing, _, _ := strings.Cut(rest, `<ul class="key">`)
		for _, m := range titles.FindAllStringSubmatch(drawing, -1) {
			all = append(all, m[1])
		}
		require.NotEmpty(t, all, path)
		return all
	}
	from := func(days int) string {
		return "/report?from=" + longrun.DayOf(now).From.AddDate(0, 0, -days).Format(time.DateOnly)
	}
	require.Equal(t, drawn("/report?window=2026-11-26/2026-11-27", "hours"), drawn("/history?day=2026-11-26", "hours"))
	require.Equal(t, drawn(from(30), "heat"), drawn("/history?window=30d", "heat"))
	require.Equal(t, drawn(from(90), "heat"), drawn("/history?window=90d", "heat"))
	require.Equal(t, drawn(from(365), "cal"), drawn("/history?window=365d", "cal"))
}

// What a browser loads first is at most 40 KB, packed, and comes from here alone.
func TestTheFirstLoadIsSmall(t *testing.T) {
	t.Parallel()
	pages, _ := history(t, 31, 200, 190)
	for _, path := range []string{"/", "/history?window=30d", "/history"} {
		page := fetch(t, pages, path).Body
		total := zipped(t, page.Bytes())
		for _, m := range regexp.MustCompile(`(?:href|src)="\./(assets/[^"]+)"`).FindAllStringSubmatch(page.String(), -1) {
			w := fetch(t, pages, "/"+m[1])
			require.Equal(t, "public, max-age=31536000, immutable", w.Header().Get("Cache-Control"))
			total += zipped(t, w.Body.Bytes())
		}
		t.Logf("%s: %d bytes", path, total)
		require.LessOrEqual(t, total, 40<<10, path)
	}
	require.Contains(t, fetch(t, pages, "/").Body.String(), "178 more", "one row for one cause, the names folded")
}

func zipped(t *testing.T, text []byte) int {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(text)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.Len()
}
