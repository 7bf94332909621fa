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

	"github.com/seed-13dc028d/longwatch/internal/past"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/dashboard"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// fill writes days of history up to now.
func fill(tb testing.TB, st store.Store, days int, now time.Time) *ledger.Ledger {
	tb.Helper()
	require.NoError(tb, past.Write(tb.Context(), st, "", past.Options{Days: days, Now: now}))
	book, err := ledger.New(st, "")
	require.NoError(tb, err)
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
