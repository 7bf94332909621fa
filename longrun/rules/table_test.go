package rules_test

import (
	"testing"
	"time"

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

func TestWhoeverNamesARuleThatThereIsNotIsToldSo(t *testing.T) {
	t.Parallel()
	silence := longrun.Silence{From: evening, Until: evening.Add(time.Hour), Rule: rules.QueueDepth}
	require.NoError(t, rules.ValidateSilence(silence))
	silence.Rule = ""
	require.NoError(t, rules.ValidateSilence(silence))
	silence.Rule = "queue_dept"
	require.NoError(t, silence.Validate(), "a later version may have it")
	require.ErrorContains(t, rules.ValidateSilence(silence), `rule "queue_dept" is none of`)
	silence.Rule = "Queue depth"
	require.ErrorContains(t, rules.ValidateSilence(silence), "is no name of a rule")

	settings := longrun.DefaultSettings(time.Minute)
	require.NoError(t, rules.ValidateSettings(settings))
	good := longrun.Maintenance{Name: "backup", Start: "02:30", Minutes: 30, Rule: rules.QueueDepth}
	settings.Maintenance = []longrun.Maintenance{good, good}
	require.NoError(t, rules.ValidateSettings(settings))
	settings.Maintenance[1].Rule = "queue_dept"
	require.NoError(t, settings.Validate())
	require.ErrorContains(t, rules.ValidateSettings(settings), `maintenance 1: rule "queue_dept" is none of`)
}
