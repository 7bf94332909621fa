package rules_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

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
