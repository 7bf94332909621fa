package rules_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/drawtest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
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
			f := rules.CheckProbeFails(longrun.NamedProbe{Type: longrun.Outbound}, probed(longrun.Outbound, drawn), 2)
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
	f := rules.CheckProbeFails(longrun.NamedProbe{Type: longrun.Inbound}, results, 2)
	require.Equal(t, "2 inbound probes failed in a row since 11:00 UTC (2025-12-29), the last one with no_receipt, 2 in a row are too many", f.Summary)
	results[2].Target, results[2].ErrorClass = "+49…12", "timeout"
	f = rules.CheckProbeFails(longrun.NamedProbe{Type: longrun.Inbound}, results, 2)
	require.Equal(t, "2 inbound probes failed in a row since 11:00 UTC (2025-12-29), the last one with timeout (+49…12), 2 in a row are too many", f.Summary)
	f = rules.CheckProbeFails(longrun.NamedProbe{Type: longrun.Inbound}, results, 0)
	require.InDelta(t, 1, f.Threshold, 0, "no threshold is one")
}

func FuzzProbeFails(f *testing.F) {
	for i := range seedtest.Histories(400) {
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
		got := rules.CheckProbeFails(longrun.NamedProbe{Type: longrun.Outbound}, results, threshold)
		require.Equal(t, got.Condition == rules.Bad, got.Summary != "")
		got.Summary = ""
		require.Equal(t, slowProbeFails(longrun.Outbound, results, threshold), got)
	})
}
