package longrun_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
)

func TestASilenceHasABeginAndAnEnd(t *testing.T) {
	t.Parallel()
	s := longrun.Silence{TS: evening, From: evening, Until: evening.Add(time.Hour)}
	require.NoError(t, s.Validate())
	for after, want := range map[time.Duration]bool{-1: false, 0: true, time.Hour - 1: true, time.Hour: false} {
		require.Equal(t, want, s.Matches("queue_depth", "", evening.Add(after)), "%v", after)
	}
	// One that was ended when it began, or before, silences nothing.
	s.Until = evening
	require.False(t, s.Matches("queue_depth", "", evening))
	require.False(t, longrun.Silence{}.Matches("queue_depth", "", evening))
	// The zone in which it was asked for does not matter.
	bucharest := zone(t, "Europe/Bucharest")
	s = longrun.Silence{TS: evening, From: evening.In(bucharest), Until: evening.Add(time.Hour).In(bucharest)}
	require.NoError(t, s.Validate())
	require.True(t, s.Matches("queue_depth", "", evening))
}

func TestASilenceIsOfSomeRulesAndTargets(t *testing.T) {
	t.Parallel()
	for _, rule := range []longrun.RuleID{"missed_heartbeats", "logged_out", ""} {
		for _, target := range []string{"", "sales", "support"} {
			s := longrun.Silence{From: evening, Until: evening.Add(1), Rule: rule, Target: target}
			for _, r := range []longrun.RuleID{"missed_heartbeats", "logged_out", "queue_depth"} {
				for _, of := range []string{"", "sales"} {
					want := (rule == "" || rule == r) && (target == "" || target == of)
					require.Equal(t, want, s.Matches(r, of, evening), "%v %q for %v %q", rule, target, r, of)
				}
			}
		}
	}
}

func TestASilenceThatMakesNoSense(t *testing.T) {
	t.Parallel()
	until := evening.Add(time.Hour)
	for field, s := range map[string]longrun.Silence{
		"from is missing":               {Until: until},
		"until is missing":              {TS: evening, From: evening},
		"until 2025-12-29T22:00:00Z is": {TS: evening, From: evening, Until: evening},
		"until is more than 30 days":    {TS: evening, From: evening, Until: evening.Add(longrun.MaxSilence + 1)},
		"ts":                            {TS: until, From: evening, Until: until},
		"rule":                          {TS: evening, From: evening, Until: until, Rule: "the weather"},
		"target":                        {TS: evening, From: evening, Until: until, Target: strings.Repeat("x", 201)},
		"by":                            {TS: evening, From: evening, Until: until, By: "\xff"},
		"reason":                        {TS: evening, From: evening, Until: until, Reason: "\xff"},
	} {
		require.ErrorContains(t, s.Validate(), field)
		require.NotContains(t, s.Validate().Error(), "\n", "and nothing else")
	}
	require.NoError(t, longrun.Silence{TS: evening, From: evening, Until: evening.Add(longrun.MaxSilence)}.Validate())
	require.NoError(t, longrun.Silence{From: evening, Until: until}.Validate(), "whoever stores it fills in ts")
	all := longrun.Silence{TS: evening, Rule: "the weather", Target: "\xff", By: "\xff", Reason: "\xff"}
	require.Len(t, strings.Split(all.Validate().Error(), "\n"), 7, "all at once")
}
