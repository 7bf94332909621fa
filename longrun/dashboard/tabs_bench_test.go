//go:build unix

package dashboard_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/dashboard"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// BenchmarkOpenTabs has 500 pages open over real connections while nothing happens but
// beats, each of which has every page fetch its parts anew, as the module does. It says
// how much of one core server and pages take together, at slots of 10 s: at those of a
// minute it is a sixth. No slot may be missed, and none be late.
func BenchmarkOpenTabs(b *testing.B) {
	const interval = 10 * time.Second
	st, err := sqlitestore.Open(b.Context(), b.TempDir()+"/longrun.db", nil)
	require.NoError(b, err)
	defer func() { require.NoError(b, st.Close()) }()
	m, err := monitor.New(monitor.Config{Store: st, InstanceID: "wa-1", Interval: interval, Status: func(context.Context) (longrun.HostStatus, error) {
		return longrun.HostStatus{Connected: 200, Healthy: true}, nil
	}})
	require.NoError(b, err)
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	require.Eventually(b, func() bool { return m.Status().LastHeartbeat != nil }, time.Minute, 10*time.Millisecond)
	server := httptest.NewServer(dashboard.New(m, dashboard.Options{Token: token}))
	var fetched atomic.Int64
	var pages sync.WaitGroup
	tabs, closeAll := context.WithCancel(b.Context())
	for range 500 {
		pages.Go(func() { errs(b, live(tabs, server.URL, &fetched)) })
	}
	require.Eventually(b, func() bool { return fetched.Load() > 0 }, time.Minute, 10*time.Millisecond)

	from, before := longrun.SlotAt(time.Now(), interval).Start(interval).Add(interval), spent(b)
	for b.Loop() {
		<-time.After(interval)
	}
	took := spent(b) - before
	b.ReportMetric(100*took.Seconds()/b.Elapsed().Seconds(), "%-of-a-core")
	b.ReportMetric(float64(fetched.Load())/float64(b.N), "fetches/slot")
	closeAll()
	pages.Wait()
	server.Close()
	cancel()
	require.NoError(b, <-done)

	book, err := ledger.New(st, "")
	require.NoError(b, err)
	window := longrun.Window{From: from, To: from.Add(time.Duration(b.N) * interval)}
	var beats []longrun.Heartbeat
	for e, err := range book.Heartbeats(b.Context(), ledger.Page{From: window.From, To: window.To}) {
		require.NoError(b, err)
		require.Less(b, e.Value.DriftSec, 1.0, "a slot was late")
		beats = append(beats, e.Value)
	}
	require.Zero(b, coverage.Of(beats, window, interval, time.Now()).Missed)
}

// live is an open page: for each hint it fetches the parts that the hint names.
func live(ctx context.Context, root string, fetched *atomic.Int64) error {
	ask := func(path string) (*http.Response, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, root+path, nil)
		if err != nil {
			return nil, err
		}
		r.Header.Set("Authorization", "Bearer "+token)
		return http.DefaultClient.Do(r)
	}
	stream, err := ask("/events")
	if err != nil {
		return err
	}
	defer stream.Body.Close()
	lines := bufio.NewScanner(stream.Body)
	for lines.Scan() {
		names, hint := strings.CutPrefix(lines.Text(), "data: ")
		if !hint || names == "." {
			continue
		}
		for name := range strings.SplitSeq(names, " ") {
			part, err := ask("/fragment/" + name)
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, part.Body)
			_ = part.Body.Close()
			if err != nil {
				return err
			}
			fetched.Add(1)
		}
	}
	return lines.Err()
}

// errs is for a page that must end with its context alone.
func errs(b *testing.B, err error) {
	b.Helper()
	if err != nil && !errors.Is(err, context.Canceled) {
		b.Error(err)
	}
}

// spent is the processor time of this process.
func spent(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
