package rules_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

func TestWhatTheRulesAre(t *testing.T) {
	t.Parallel()
	seen := map[longrun.RuleID]bool{}
	for _, r := range rules.Rules() {
		require.True(t, rules.Known(r))
		require.False(t, seen[r])
		seen[r] = true
		require.Contains(t, []longrun.Severity{longrun.Critical, longrun.Warning}, rules.SeverityOf(r))
		require.Positive(t, rules.PolicyOf(r).Bad)
		require.Positive(t, rules.PolicyOf(r).OK)
		for _, other := range rules.Rules() {
			require.False(t, rules.Mutes(r, other) && (r == other || seen[other]), "what mutes others is looked at before them")
		}
	}
	require.Len(t, seen, 8)
	require.False(t, rules.Known(longrun.RuleID("")))
	require.True(t, rules.Mutes(rules.MissedHeartbeats, rules.QueueDepth))
	require.True(t, rules.Mutes(rules.MissedHeartbeats, rules.InsufficientData))
	require.False(t, rules.Mutes(rules.MissedHeartbeats, rules.LoggedOut))
}
