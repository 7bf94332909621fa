package longrun_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
)

func TestABeatSaysWhatAllAccountsAreTogether(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	h := longrun.Beat(now, time.Minute)
	h.Describe(&longrun.HostStatus{
		Connected: 1, Reconnecting: 2, NeedsQR: 3, QueueDepth: 4,
		Accounts: []longrun.AccountStatus{
			{State: "degraded", Traffic: longrun.Traffic{Sent: 5, Received: 7, StoreErrors: 1, StoreBroken: 2}},
			{State: "stopped", Banned: longrun.Restriction{From: now.Add(-time.Hour)}, Traffic: longrun.Traffic{Sent: 6}},
			{State: "outdated", Restricted: longrun.Restriction{From: now.Add(-time.Hour), Until: now.Add(time.Second)}},
			{State: "connected", Restricted: longrun.Restriction{From: now.Add(-time.Hour), Until: now}},
			{State: "connected", Restricted: longrun.Restriction{From: now.Add(time.Second)}},
		},
	})
	require.Equal(t, []int64{1, 2, 3, 4}, []int64{h.ConnectedCount, h.ReconnectingCount, h.NeedsQRCount, h.QueueDepth})
	require.Equal(t, map[string]int64{"degraded": 1, "stopped": 2, "banned": 1, "restricted": 1, "sent": 11, "received": 7, "storeErrors": 2}, h.Counts)
	h.Describe(&longrun.HostStatus{Accounts: []longrun.AccountStatus{{State: "connected"}}})
	require.Equal(t, map[string]int64{}, h.Counts)
}

// A host may say nonsense.
func TestCountsOfNonsenseStayCounts(t *testing.T) {
	t.Parallel()
	accounts := make([]longrun.AccountStatus, 10_000)
	for i := range accounts {
		accounts[i].Traffic = longrun.Traffic{Sent: math.MaxInt64, Received: math.MinInt64, Unacked: -1}
	}
	h := longrun.Beat(time.Now(), time.Minute)
	h.Describe(&longrun.HostStatus{Accounts: accounts})
	require.Equal(t, map[string]int64{"sent": 10_000 << 40}, h.Counts)
}
