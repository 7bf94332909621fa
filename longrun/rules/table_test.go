package rules_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

func TestWhatTheRulesAre(t *testing.T) {
	t.Parallel()
	one, three := rules.Policy{Bad: 1, OK: 1}, rules.Policy{Bad: 1, OK: 3}
	want := []struct {
		rule     longrun.RuleID
		severity longrun.Severity
		policy   rules.Policy
		mutes    []longrun.RuleID
	}{
		{"missed_heartbeats", longrun.Critical, one, []longrun.RuleID{"instance_died", "queue_depth", "budget_burn", "insufficient_data"}},
		{"instance_died", longrun.Warning, one, nil},
		{"store_unreachable", longrun.Critical, one, nil},
		{"status_unknown", longrun.Critical, one, nil},
		{"client_outdated", longrun.Critical, one, []longrun.RuleID{"client_old"}},
		{"banned", longrun.Critical, one, nil},
		{"session_replaced", longrun.Critical, one, nil},
		{"logged_out", longrun.Critical, one, nil},
		{"not_connected", longrun.Critical, one, nil},
		{"too_few_accounts", longrun.Critical, one, nil},
		{"host_unhealthy", longrun.Critical, one, nil},
		{"restricted", longrun.Critical, one, nil},
		{"device_store", longrun.Critical, one, nil},
		{"sent_to_nobody", longrun.Critical, one, nil},
		{"no_ack", longrun.Critical, one, nil},
		{"undelivered", longrun.Critical, one, nil},
		{"undecryptable", longrun.Critical, one, nil},
		{"replay_lost", longrun.Critical, one, nil},
		{"probe_fails", longrun.Critical, one, nil},
		{"phone_lost", longrun.Critical, one, nil},
		{"probe_overdue", longrun.Warning, one, nil},
		{"reconnect_loop", longrun.Warning, one, nil},
		{"phone_without_copy", longrun.Warning, one, nil},
		{"handler_lag", longrun.Warning, one, nil},
		{"phone_unseen", longrun.Warning, one, nil},
		{"memory_growth", longrun.Warning, one, nil},
		{"client_old", longrun.Warning, one, nil},
		{"queue_depth", longrun.Warning, three, nil},
		{"budget_burn", longrun.Warning, three, nil},
		{"insufficient_data", longrun.Warning, three, nil},
	}
	require.Len(t, rules.Rules(), len(want))
	for i, w := range want {
		require.Equal(t, w.rule, rules.Rules()[i])
		require.True(t, rules.Known(w.rule))
		require.Equal(t, w.severity, rules.SeverityOf(w.rule))
		require.Equal(t, w.policy, rules.PolicyOf(w.rule))
		for _, other := range rules.Rules() {
			require.Equal(t, slices.Contains(w.mutes, other), rules.Mutes(w.rule, other), "%s and %s", w.rule, other)
		}
	}
	for _, row := range rules.All() {
		require.Equal(t, row.ID == rules.StoreUnreachable, row.Alone, row.ID)
		of, is := rules.Of(row.ID)
		require.True(t, is)
		require.Equal(t, row.ID, of.ID)
	}
	_, is := rules.Of("of_tomorrow")
	require.False(t, is)
	require.False(t, rules.Known(longrun.RuleID("")))
	require.False(t, rules.Mutes("of_tomorrow", rules.QueueDepth))
	require.Equal(t, longrun.Warning, rules.SeverityOf("of_tomorrow"))
	require.Equal(t, one, rules.PolicyOf("of_tomorrow"))
}

// What holds of every row, whichever are added.
func TestEveryRowIsWhole(t *testing.T) {
	t.Parallel()
	table := rules.All()
	for i, row := range table {
		require.NoError(t, row.ID.Validate())
		require.Equal(t, i, slices.Index(rules.Rules(), row.ID), "one row for each")
		require.Contains(t, []longrun.Severity{longrun.Critical, longrun.Warning}, row.Severity, row.ID)
		require.NotNil(t, row.Each, row.ID)
		require.NotNil(t, row.Check, row.ID)
		for _, text := range []string{row.Works, row.LookAt} {
			require.NotEmpty(t, text, "%s: whoever is told of it at night asks what to look at, and then whether it works", row.ID)
			require.LessOrEqual(t, len(text), 160, row.ID)
			require.False(t, strings.HasSuffix(text, "."), row.ID)
		}
		if row.Probe != nil {
			require.Less(t, i, slices.Index(rules.Rules(), rules.ProbeFails), "what explains a probe's failure is looked at before it")
		}
		for _, other := range row.Mutes {
			require.Greater(t, slices.Index(rules.Rules(), other), i, "what mutes others is looked at before them")
		}
	}
	table[0].ID = "of_another"
	require.Equal(t, rules.MissedHeartbeats, rules.All()[0].ID, "a copy")
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
