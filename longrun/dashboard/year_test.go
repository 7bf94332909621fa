package dashboard_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/dashboard"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// written reports whether a slot of the made-up history has a beat, and whether it is
// healthy: each eleventh day a minute is missed, and on the 8th of each month an hour.
func written(at time.Time) (is, healthy bool) {
	minute := at.Hour()*60 + at.Minute()
	switch {
	case at.YearDay()%11 == 0 && minute == 130, at.Day() == 8 && minute >= 965 && minute < 1025:
		return false, false
	}
	return true, at.YearDay()%9 != 0 || minute < 600 || minute > 640
}

func beatAt(at time.Time) (longrun.Heartbeat, bool) {
	is, healthy := written(at)
	h := longrun.Beat(at.Add(4*time.Millisecond), time.Minute)
	h.InstanceID, h.CommitHash, h.Healthy, h.ConnectedCount = "wa-1", "4f2a91c", healthy, 200
	return h, is
}

// fill writes days of history up to now: the rollups of those that are over, the beats
// of today, and an incident a week.
func fill(tb testing.TB, st store.Store, days int, now time.Time) *ledger.Ledger {
	tb.Helper()
	book, err := ledger.New(st, "")
	require.NoError(tb, err)
	var ops []store.Op
	commit := func(least int) {
		if len(ops) > least {
			_, err := st.Commit(tb.Context(), ops...)
			require.NoError(tb, err)
			ops = ops[:0]
		}
	}
	first := longrun.DayOf(now).From.AddDate(0, 0, 1-days)
	run := longrun.Run{RunID: ledger.RunID("wa-1", first), TS: first, InstanceID: "wa-1", CommitHash: "4f2a91c", IntervalSec: 60}
	_, err = book.PutRun(tb.Context(), run, "")
	require.NoError(tb, err)
	for day := first; day.Before(longrun.DayOf(now).From); day = day.AddDate(0, 0, 1) {
		d, err := coverage.NewDay(day, time.Minute, first, now, run)
		require.NoError(tb, err)
		for i := -1; i <= 24*60; i++ {
			if h, is := beatAt(day.Add(time.Duration(i) * time.Minute)); is && !h.TS.Before(first) {
				d.Add(h)
			}
		}
		for i := range 96 {
			p := longrun.Probe{Type: longrun.Outbound, TS: day.Add(time.Duration(i) * 15 * time.Minute), Result: longrun.Pass, LatencyMs: float64(500 + i*7%300), Trigger: longrun.Scheduled}
			p.ProbeKey = longrun.ProbeID(p.Type, p.TS, p.Trigger, longrun.ProbeSchedule{Every: 15 * time.Minute, Retry: 15 * time.Minute})
			d.AddProbe(p)
		}
		if day.Weekday() == time.Monday {
			end := day.Add(9 * time.Hour)
			i := longrun.Incident{IncidentID: "queue_depth_" + day.Format("20060102T150405"), Rule: "queue_depth", Severity: longrun.Warning, TS: day.Add(8 * time.Hour), TSStart: day.Add(8 * time.Hour), TSEnd: &end, Noticed: day.Add(8 * time.Hour), Summary: "184 wait, 100 are borne"}
			d.AddIncident(i)
			ops = append(ops, book.SetIncident(i))
		}
		ops = append(ops, book.SetRollup(d.Rollup()))
		commit(50)
	}
	for at := longrun.DayOf(now).From; at.Before(now); at = at.Add(time.Minute) {
		if h, is := beatAt(at); is {
			ops = append(ops, book.CreateHeartbeat(h))
		}
		commit(200)
	}
	commit(0)
	return book
}

// crowd is a monitor's view with many accounts, some of them out for one cause.
type crowd struct {
	dashboard.Monitor
	status monitor.Status
}

func (c crowd) Status() monitor.Status { return c.status }

func newCrowd(tb testing.TB, book *ledger.Ledger, m *monitor.Monitor, now time.Time, accounts, out int) crowd {
	tb.Helper()
	newest, ok, err := ledger.First[longrun.Heartbeat](tb.Context(), book, ledger.Heartbeats, ledger.Page{Desc: true, Limit: 1})
	require.NoError(tb, err)
	require.True(tb, ok)
	s := m.Status()
	s.State, s.Holder, s.Since, s.LastHeartbeat, s.StoreReachable = monitor.Leading, "wa-1", now.Add(-time.Hour), &newest.Value, true
	for i := range accounts {
		a := longrun.AccountStatus{ID: fmt.Sprintf("account-%03d", i), State: "connected", Since: now.Add(-time.Hour)}
		if i < out {
			a.State, a.Reason, a.Since = "reconnecting", "network", now.Add(-4*time.Minute)
		}
		s.Accounts = append(s.Accounts, a)
	}
	return crowd{m, s}
}

// history is a SQLite file with so many days, and pages over it.
func history(tb testing.TB, days, accounts, out int) (pages http.Handler, now time.Time) {
	tb.Helper()
	st, err := sqlitestore.Open(tb.Context(), tb.TempDir()+"/longrun.db", nil)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, st.Close()) })
	clk := clock.NewMock()
	now = time.Date(2026, 11, 28, 23, 40, 40, 0, time.UTC)
	clk.Set(now)
	book := fill(tb, st, days, now)
	m, err := monitor.New(monitor.Config{Store: st, InstanceID: "wa-1", Clock: clk})
	require.NoError(tb, err)
	return dashboard.New(newCrowd(tb, book, m, now, accounts, out), dashboard.Options{Token: token, Service: "wa-backend", Clock: clk}), now
}

func fetch(tb testing.TB, pages http.Handler, path string) *httptest.ResponseRecorder {
	tb.Helper()
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	pages.ServeHTTP(w, r)
	require.Equal(tb, http.StatusOK, w.Code, w.Body)
	return w
}

func BenchmarkNowOf200AccountsAnd90Days(b *testing.B) {
	st, err := sqlitestore.Open(b.Context(), b.TempDir()+"/longrun.db", nil)
	require.NoError(b, err)
	defer st.Close()
	clk := clock.NewMock()
	now := time.Date(2026, 11, 28, 23, 40, 40, 0, time.UTC)
	clk.Set(now)
	book := fill(b, st, 90, now)
	m, err := monitor.New(monitor.Config{Store: st, InstanceID: "wa-1", Clock: clk})
	require.NoError(b, err)
	c := newCrowd(b, book, m, now, 200, 20)
	b.ReportAllocs()
	for b.Loop() {
		fetch(b, dashboard.New(c, dashboard.Options{Token: token, Clock: clk}), "/") // anew: nothing is remembered
	}
}

func BenchmarkHistory(b *testing.B) {
	for _, days := range []int{90, 365} {
		b.Run(fmt.Sprintf("days=%d", days), func(b *testing.B) {
			pages, _ := history(b, days, 200, 0)
			for b.Loop() {
				fetch(b, pages, fmt.Sprintf("/history?window=%dd", days))
			}
		})
	}
}
