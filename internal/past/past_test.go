package past_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/past"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// Who goes on from a history finds nothing wrong that it does not have: at any hour the
// last day is there beat by beat.
func TestALeaderThatGoesOnFindsNothingWrong(t *testing.T) {
	t.Parallel()
	for _, hour := range []time.Duration{0, 1, 9, 17, 23} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(10*24*time.Hour + hour*time.Hour + 20*time.Second)
			st := memstore.New(nil)
			require.NoError(t, past.Write(t.Context(), st, "", past.Options{Days: 5, Now: time.Now()}))
			m, err := monitor.New(monitor.Config{Store: st, InstanceID: "wa-2"})
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- m.Run(ctx) }()
			time.Sleep(10 * time.Minute)
			require.Equal(t, monitor.Leading, m.Status().State)
			book, err := ledger.New(st, "")
			require.NoError(t, err)
			for e, err := range book.Incidents(t.Context(), ledger.Page{}) {
				require.NoError(t, err)
				require.NotNil(t, e.Value.TSEnd, "%s: %s", e.Value.Rule, e.Value.Summary)
			}
			cancel()
			require.NoError(t, <-done)
		})
	}
}
