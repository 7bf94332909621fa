package adminhttp_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

func TestAStoreThatSaysNothingIsGivenUpAfterTenSeconds(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"/heartbeats", "/probes", "/probes?type=outbound", "/runs", "/locks", "/incidents", "/incidents?open=true", "/incidents/x", "/outbox", "/silences?active=true",
		"/rollups", "/rollups/2025-12-28", "/coverage", "/report", "/report?window=365d&format=html", "/config",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, "")
			asked := make(chan struct{}, 1)
			s.faulty.Inject(storetest.Fault{Before: func(ctx context.Context, _ storetest.Call) error {
				asked <- struct{}{}
				<-ctx.Done()
				return ctx.Err()
			}})
			answered := make(chan int, 1)
			go func() {
				status, _, _ := s.ask(http.MethodGet, path, "")
				answered <- status
			}()
			<-asked
			s.clock.Add(10*time.Second - time.Millisecond)
			select {
			case status := <-answered:
				t.Fatalf("%d before its time", status)
			default:
			}
			s.clock.Add(time.Millisecond)
			require.Equal(t, http.StatusServiceUnavailable, <-answered)
		})
	}
}

func TestCoverageIsNotGivenUpWhileTheStoreAnswers(t *testing.T) {
	t.Parallel()
	s := newStand(t, "")
	s.night()
	to := s.clock.Now()
	s.faulty.Inject(storetest.Fault{Record: func(ctx context.Context, c storetest.Call, _ int) error {
		if c.Key == (store.Key{Collection: s.ledger.Path(ledger.Heartbeats)}) {
			s.clock.Add(9 * time.Second)
		}
		return ctx.Err()
	}})
	c := object(s.get("/coverage?to=" + to.Format(time.RFC3339))["coverage"])
	require.EqualValues(t, 43, c["written"])
}
