package rules_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

func TestProbeOverdue(t *testing.T) {
	t.Parallel()
	at := func(hour, min int) time.Time { return time.Date(2025, 12, 29, hour, min, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		drawn        string
		since, now   time.Time
		periods      float64
		verdict      rules.Condition
		began, until time.Time
		summary      string
	}{
		"in time": {drawn: "p", since: at(9, 0), now: at(12, 0), periods: 2, verdict: rules.Good, until: at(10, 0)},
		"late": {
			drawn: "p", since: at(9, 0), now: at(12, 1), periods: 2, verdict: rules.Bad, began: at(11, 0),
			summary: "the last outbound probe that passed or failed was at 10:00 UTC (2025-12-29), due every 1 h, more than 2 periods are too long",
		},
		"a fail is a result":                        {drawn: "pf", since: at(9, 0), now: at(13, 0), periods: 2, verdict: rules.Good, until: at(11, 0)},
		"what could not be told is none":            {drawn: "piii", since: at(9, 0), now: at(13, 0), periods: 2, verdict: rules.Bad, began: at(11, 0), summary: "the last outbound probe that passed or failed was at 10:00 UTC (2025-12-29), due every 1 h, more than 2 periods are too long; the newest could not tell: not_connected"},
		"not configured is not overdue":             {drawn: "pn", since: at(9, 0), now: at(23, 0), periods: 2, verdict: rules.Unseen},
		"but one that no longer is":                 {drawn: "pni", since: at(9, 0), now: at(13, 1), periods: 2, verdict: rules.Bad, began: at(11, 0), summary: "the last outbound probe that passed or failed was at 10:00 UTC (2025-12-29), due every 1 h, more than 2 periods are too long; the newest could not tell: not_connected"},
		"a lead that just began":                    {drawn: "p", since: at(20, 0), now: at(20, 4), periods: 2, verdict: rules.Unseen},
		"five minutes later":                        {drawn: "p", since: at(20, 0), now: at(20, 5), periods: 2, verdict: rules.Bad, began: at(11, 0), summary: "the last outbound probe that passed or failed was at 10:00 UTC (2025-12-29), due every 1 h, more than 2 periods are too long"},
		"never one, and nobody watched long enough": {since: at(10, 0), now: at(12, 0), periods: 2, verdict: rules.Unseen},
		"never one": {
			since: at(10, 0), now: at(12, 1), periods: 2, verdict: rules.Bad, began: at(11, 0),
			summary: "no outbound probe has told anything since 10:00 UTC (2025-12-29), due every 1 h, more than 2 periods are too long",
		},
		"never one that told, through restarts": {
			drawn: "iiiii", since: at(14, 0), now: at(14, 30), periods: 2.5, verdict: rules.Bad, began: at(11, 0),
			summary: "no outbound probe has told anything since 10:00 UTC (2025-12-29), due every 1 h, more than 2.5 periods are too long; the newest could not tell: not_connected",
		},
		"a result in the future is one of now": {drawn: "ppp", since: at(9, 0), now: at(10, 30), periods: 2, verdict: rules.Good, until: at(10, 30)},
		"a lead that began in the future":      {drawn: "p", since: at(20, 0), now: at(12, 1), periods: 2, verdict: rules.Bad, began: at(11, 0), summary: "the last outbound probe that passed or failed was at 10:00 UTC (2025-12-29), due every 1 h, more than 2 periods are too long"},
		"no number of periods is too large":    {drawn: "p", since: at(9, 0), now: at(23, 0), periods: 1e300, verdict: rules.Good, until: at(10, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			results := append(probed(longrun.Inbound, "ppppppppp"), probed(longrun.Outbound, c.drawn)...)
			f := rules.CheckProbeOverdue(longrun.NamedProbe{Type: longrun.Outbound}, results, longrun.ProbeSchedule{Every: time.Hour}, c.since, c.now, c.periods)
			require.Equal(t, c.verdict, f.Condition)
			require.Equal(t, c.began, f.Since)
			require.Equal(t, c.until, f.Until)
			require.Equal(t, c.summary, f.Summary)
		})
	}
	require.Equal(t, rules.Unseen, rules.CheckProbeOverdue(longrun.NamedProbe{Type: longrun.Outbound}, nil, longrun.ProbeSchedule{}, at(9, 0), at(20, 0), 2).Condition)
}

// A start after a long time without a probe is no alarm while the host settles.
func TestNoProbeIsOverdueWhileTheHostSettles(t *testing.T) {
	t.Parallel()
	now := evening
	probed := rules.Probed{
		Type: longrun.Outbound, Schedule: longrun.ProbeSchedule{Every: time.Hour}, Settle: time.Minute,
		Recent: []longrun.Probe{{Type: longrun.Outbound, TS: now.Add(-24 * time.Hour), Result: longrun.Pass}},
	}
	bad := func(started, lead time.Duration) bool {
		in := rules.Inputs{
			Now: now, Started: now.Add(started), LeadBegan: now.Add(lead), Recent: rules.NewRecent(time.Minute),
			Settings: longrun.DefaultSettings(time.Minute), Probes: []rules.Probed{probed}, ProbesKnown: true,
		}
		found := false
		rules.Judge(&in, standing{}, func(f rules.Finding) {
			found = found || f.Rule == rules.ProbeOverdue && f.Condition == rules.Bad
		})
		return found
	}
	require.False(t, bad(-20*time.Second, -10*time.Second), "it settles")
	require.False(t, bad(-4*time.Minute, -4*time.Minute), "it makes first what is due")
	require.True(t, bad(-10*time.Minute, -9*time.Minute))
	require.True(t, bad(time.Hour, -9*time.Minute), "by a clock that was set back")
}
