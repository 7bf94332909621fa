package rules_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/drawtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// probed are results an hour apart from 10:00 on, oldest first: p is a PASS, f a
// FAIL, i INCONCLUSIVE, n not configured.
func probed(kind longrun.ProbeType, drawn string) (results []longrun.Probe) {
	for i, c := range drawn {
		p := longrun.Probe{Type: kind, TS: time.Date(2025, 12, 29, 10+i, 0, 0, 0, time.UTC), ProbeKey: fmt.Sprint(i)}
		switch c {
		case 'p':
			p.Result = longrun.Pass
		case 'f':
			p.Result, p.ErrorClass = longrun.Fail, "no_receipt"
		case 'i':
			p.Result, p.ErrorClass = longrun.Inconclusive, "not_connected"
		case 'n':
			p.Result, p.ErrorClass = longrun.Inconclusive, "not_configured"
		}
		results = append(results, p)
	}
	return results
}

func TestProbeFails(t *testing.T) {
	t.Parallel()
	at := func(hour int) time.Time { return time.Date(2025, 12, 29, hour, 0, 0, 0, time.UTC) }
	for drawn, c := range map[string]struct {
		verdict      rules.Condition
		since, until time.Time
		probes       []string
	}{
		"":           {verdict: rules.Unseen},
		"iin":        {verdict: rules.Unseen},
		"p":          {verdict: rules.Good, until: at(10)},
		"f":          {verdict: rules.Unseen}, // it may be the second
		"ff":         {verdict: rules.Bad, since: at(10), probes: []string{"0", "1"}},
		"pf":         {verdict: rules.Good, until: at(10)},
		"pff":        {verdict: rules.Bad, since: at(11), probes: []string{"1", "2"}},
		"pfiifi":     {verdict: rules.Bad, since: at(11), probes: []string{"1", "4"}},
		"ffp":        {verdict: rules.Good, until: at(12)},
		"ffpp":       {verdict: rules.Good, until: at(12)}, // it ended with the first
		"ffippif":    {verdict: rules.Good, until: at(13)},
		"ffpfii":     {verdict: rules.Good, until: at(12)},
		"ffpff":      {verdict: rules.Bad, since: at(13), probes: []string{"3", "4"}},
		"pfpfpfpfpf": {verdict: rules.Good, until: at(18)},
	} {
		t.Run(drawn, func(t *testing.T) {
			t.Parallel()
			f := rules.CheckProbeFails(longrun.Outbound, probed(longrun.Outbound, drawn), 2)
			require.Equal(t, c.verdict, f.Condition)
			require.Equal(t, c.since, f.Since)
			require.Equal(t, c.until, f.Until)
			require.Equal(t, c.probes, f.Probes)
			require.Equal(t, "outbound", f.Target)
		})
	}
}

func TestAFailedProbeIsToldWithItsClassAndMaskedTarget(t *testing.T) {
	t.Parallel()
	results := probed(longrun.Inbound, "pff")
	f := rules.CheckProbeFails(longrun.Inbound, results, 2)
	require.Equal(t, "2 inbound probes failed in a row since 11:00 UTC (2025-12-29), the last one with no_receipt, 2 in a row are too many", f.Summary)
	results[2].Target, results[2].ErrorClass = "+49…12", "timeout"
	f = rules.CheckProbeFails(longrun.Inbound, results, 2)
	require.Equal(t, "2 inbound probes failed in a row since 11:00 UTC (2025-12-29), the last one with timeout (+49…12), 2 in a row are too many", f.Summary)
	f = rules.CheckProbeFails(longrun.Inbound, results, 0)
	require.InDelta(t, 1, f.Threshold, 0, "no threshold is one")
}

func FuzzProbeFails(f *testing.F) {
	for i := range 400 {
		f.Add(drawtest.Noise(i))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &drawtest.Source{Data: data}
		threshold := int64(1 + s.Of(4))
		var results []longrun.Probe
		at := time.Date(2025, 12, 29, 10, 0, 0, 0, time.UTC)
		for i := range s.Of(90) {
			results = append(results, longrun.Probe{
				ProbeKey: fmt.Sprint(i), TS: at, Type: []longrun.ProbeType{longrun.Outbound, longrun.Outbound, longrun.Inbound}[s.Of(3)],
				Result:  []longrun.ProbeResult{longrun.Fail, longrun.Pass, longrun.Fail, longrun.Inconclusive, longrun.Fail}[s.Of(5)],
				Trigger: []longrun.ProbeTrigger{longrun.Scheduled, longrun.ByHand}[s.Of(2)],
			})
			at = at.Add(time.Duration(s.Next()-8) * time.Minute) // a clock that is set back too
		}
		got := rules.CheckProbeFails(longrun.Outbound, results, threshold)
		require.Equal(t, got.Condition == rules.Bad, got.Summary != "")
		got.Summary = ""
		require.Equal(t, slowProbeFails(longrun.Outbound, results, threshold), got)
	})
}

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
		"what could not be told is none":            {drawn: "piii", since: at(9, 0), now: at(13, 0), periods: 2, verdict: rules.Bad, began: at(11, 0), summary: "the last outbound probe that passed or failed was at 10:00 UTC (2025-12-29), due every 1 h, more than 2 periods are too long"},
		"not configured is not overdue":             {drawn: "pn", since: at(9, 0), now: at(23, 0), periods: 2, verdict: rules.Unseen},
		"but one that no longer is":                 {drawn: "pni", since: at(9, 0), now: at(13, 1), periods: 2, verdict: rules.Bad, began: at(11, 0), summary: "the last outbound probe that passed or failed was at 10:00 UTC (2025-12-29), due every 1 h, more than 2 periods are too long"},
		"a lead that just began":                    {drawn: "p", since: at(20, 0), now: at(20, 4), periods: 2, verdict: rules.Unseen},
		"five minutes later":                        {drawn: "p", since: at(20, 0), now: at(20, 5), periods: 2, verdict: rules.Bad, began: at(11, 0), summary: "the last outbound probe that passed or failed was at 10:00 UTC (2025-12-29), due every 1 h, more than 2 periods are too long"},
		"never one, and nobody watched long enough": {since: at(10, 0), now: at(12, 0), periods: 2, verdict: rules.Unseen},
		"never one": {
			since: at(10, 0), now: at(12, 1), periods: 2, verdict: rules.Bad, began: at(11, 0),
			summary: "no outbound probe has told anything since 10:00 UTC (2025-12-29), due every 1 h, more than 2 periods are too long",
		},
		"never one that told, through restarts": {
			drawn: "iiiii", since: at(14, 0), now: at(14, 30), periods: 2.5, verdict: rules.Bad, began: at(11, 0),
			summary: "no outbound probe has told anything since 10:00 UTC (2025-12-29), due every 1 h, more than 2.5 periods are too long",
		},
		"a result in the future is one of now": {drawn: "ppp", since: at(9, 0), now: at(10, 30), periods: 2, verdict: rules.Good, until: at(10, 30)},
		"a lead that began in the future":      {drawn: "p", since: at(20, 0), now: at(12, 1), periods: 2, verdict: rules.Bad, began: at(11, 0), summary: "the last outbound probe that passed or failed was at 10:00 UTC (2025-12-29), due every 1 h, more than 2 periods are too long"},
		"no number of periods is too large":    {drawn: "p", since: at(9, 0), now: at(23, 0), periods: 1e300, verdict: rules.Good, until: at(10, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			results := append(probed(longrun.Inbound, "ppppppppp"), probed(longrun.Outbound, c.drawn)...)
			f := rules.CheckProbeOverdue(longrun.Outbound, results, longrun.ProbeSchedule{Every: time.Hour}, c.since, c.now, c.periods)
			require.Equal(t, c.verdict, f.Condition)
			require.Equal(t, c.began, f.Since)
			require.Equal(t, c.until, f.Until)
			require.Equal(t, c.summary, f.Summary)
		})
	}
	require.Equal(t, rules.Unseen, rules.CheckProbeOverdue(longrun.Outbound, nil, longrun.ProbeSchedule{}, at(9, 0), at(20, 0), 2).Condition)
}
