package adminhttp_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// BenchmarkStatusUnderLoad asks for the status as often as it can, over real
// connections, while the monitor leads on a SQLite file at slots of a second. It must
// miss no slot. Server and clients share the processors.
func BenchmarkStatusUnderLoad(b *testing.B) {
	st, err := sqlitestore.Open(b.Context(), b.TempDir()+"/longrun.db", nil)
	require.NoError(b, err)
	defer func() { require.NoError(b, st.Close()) }()
	accounts := make([]longrun.AccountStatus, 200)
	for i := range accounts {
		accounts[i] = longrun.AccountStatus{ID: "account-" + string(rune('a'+i%26)) + string(rune('a'+i/26)), State: "connected"}
	}
	m, err := monitor.New(monitor.Config{Store: st, InstanceID: "one", Interval: time.Second, Status: func(context.Context) (longrun.HostStatus, error) {
		return longrun.HostStatus{Connected: 200, Healthy: true, Accounts: accounts}, nil
	}})
	require.NoError(b, err)
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	require.Eventually(b, func() bool { return m.Status().LastHeartbeat != nil }, time.Minute, 10*time.Millisecond)
	server := httptest.NewServer(adminhttp.New(m, adminhttp.Options{Token: "a-token-of-many-characters"}))
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}

	first := m.Status().LastHeartbeat.ChainSeq
	began := longrun.SlotAt(m.Status().LastHeartbeat.TS, time.Second)
	var mu sync.Mutex
	var took []time.Duration
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		var mine []time.Duration
		for pb.Next() {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+adminhttp.DefaultPrefix+"/status", nil)
			if err != nil {
				b.Error(err)
				return
			}
			r.Header.Set("Authorization", "Bearer a-token-of-many-characters")
			start := time.Now()
			reply, err := client.Do(r)
			if err != nil {
				b.Error(err)
				return
			}
			_, err = io.Copy(io.Discard, reply.Body)
			_ = reply.Body.Close()
			if err != nil || reply.StatusCode != http.StatusOK {
				b.Error(reply.StatusCode, err)
				return
			}
			mine = append(mine, time.Since(start))
		}
		mu.Lock()
		defer mu.Unlock()
		took = append(took, mine...)
	})
	last := m.Status().LastHeartbeat
	slots := int64(longrun.SlotAt(last.TS, time.Second) - began)
	require.Equal(b, slots, last.ChainSeq-first, "a slot was missed")
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
	b.ReportMetric(float64(took[(len(took)*99+99)/100-1])/float64(time.Millisecond), "ms-p99")
	server.Close()
	cancel()
	require.NoError(b, <-done)
}
