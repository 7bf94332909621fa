package longrun_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
)

func TestWhatTheRulesAre(t *testing.T) {
	t.Parallel()
	seen := map[longrun.Rule]bool{}
	for _, r := range longrun.Rules() {
		require.True(t, r.Known())
		require.False(t, seen[r])
		seen[r] = true
		require.Contains(t, []longrun.Severity{longrun.Critical, longrun.Warning}, r.Severity())
		require.Positive(t, r.Policy().Bad)
		require.Positive(t, r.Policy().OK)
		for _, other := range longrun.Rules() {
			require.False(t, r.Mutes(other) && (r == other || seen[other]), "what mutes others is looked at before them")
		}
	}
	require.Len(t, seen, 8)
	require.False(t, longrun.Rule("").Known())
	require.True(t, longrun.MissedHeartbeats.Mutes(longrun.QueueDepth))
	require.True(t, longrun.MissedHeartbeats.Mutes(longrun.InsufficientData))
	require.False(t, longrun.MissedHeartbeats.Mutes(longrun.LoggedOut))
}
