package rules_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

func TestQueueDepth(t *testing.T) {
	t.Parallel()
	h := longrun.Beat(evening, time.Minute)
	h.QueueDepth = 100
	require.Equal(t, rules.Good, rules.CheckQueueDepth(h, 100).Condition)
	h.QueueDepth = 101
	f := rules.CheckQueueDepth(h, 100)
	require.Equal(t, rules.Bad, f.Condition)
	require.Equal(t, h.TS, f.Since)
	require.Equal(t, "101 messages waiting to be sent at 22:00 UTC (2025-12-29), more than 100 are too many", f.Summary)
	require.Equal(t, "101 messages waiting to be sent at 22:00 UTC (2025-12-29), more than 1 is too many", rules.CheckQueueDepth(h, 1).Summary)
	h.StatusError = "timeout"
	require.Equal(t, rules.Unseen, rules.CheckQueueDepth(h, 100).Condition)
}
