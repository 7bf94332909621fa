package rules_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

func TestStoreUnreachable(t *testing.T) {
	t.Parallel()
	check := func(since time.Time, away time.Duration) rules.Finding {
		return rules.CheckStoreUnreachable(since, evening.Add(away), 2*time.Minute)
	}
	require.Equal(t, rules.Good, check(time.Time{}, 0).Condition)
	require.Equal(t, rules.Unseen, check(evening, 0).Condition)
	require.Equal(t, rules.Unseen, check(evening, 2*time.Minute-1).Condition)
	f := check(evening, 2*time.Minute)
	require.Equal(t, rules.Bad, f.Condition)
	require.Equal(t, evening, f.Since)
	require.Equal(t, "the store cannot be reached since 22:00 UTC (2025-12-29), for 2 min, 2 min are too long", f.Summary)
	require.Equal(t, rules.Unseen, check(evening, -time.Hour).Condition, "by a clock that was set back")
}

// While the store is away each instance has the rule look, and no leader judges it
// for all.
func TestEachInstanceLooksAtTheStoreAlone(t *testing.T) {
	t.Parallel()
	s := newSlotOfRules(time.Minute)
	s.in.Outage.Since = evening.Add(-time.Hour)
	require.Zero(t, s.byTable())
	row, _ := rules.Of(rules.StoreUnreachable)
	f := row.Check(rules.State{}, &s.in, rules.Target{})
	require.Equal(t, rules.Bad, f.Condition)
	require.Equal(t, s.in.Outage.Since, f.Since)
	s.in.Outage = rules.Outage{Ended: evening.Add(-time.Minute)}
	f = row.Check(rules.State{}, &s.in, rules.Target{})
	require.Equal(t, rules.Good, f.Condition)
	require.Equal(t, s.in.Outage.Ended, f.Until)
}
