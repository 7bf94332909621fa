package report_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/report"
)

// Two latencies that no probe can have are no number in any mean, and the report is JSON
// (D9); nor is one that a document does not say (D11).
func TestALatencyThatCannotBeIsNotKnown(t *testing.T) {
	t.Parallel()
	s := of(t, 1, 0)
	d := coverage.NewMerge(s.Window, time.Minute, s.Now)
	for i, ms := range []float64{math.MaxFloat64, math.MaxFloat64, longrun.UnknownMs, math.NaN(), math.Inf(1), 250} {
		d.AddProbe(longrun.Probe{Type: longrun.Outbound, TS: s.Window.From.Add(time.Duration(i) * time.Minute), Result: longrun.Pass, LatencyMs: ms})
	}
	s.Summary = d.Summary()
	// A rollup of an older version may have kept one.
	s.Summary.Probes[0].Points[0].Ms = math.MaxFloat64
	s.Summary.Probes[0].Points[1].Ms = math.MaxFloat64
	r := report.New(s, nil)
	require.Equal(t, 1, r.Probes[0].Latencies)
	require.InDelta(t, 250, *r.Probes[0].AvgMs, 0)
	require.InDelta(t, 1, *r.Probes[0].Rate, 0)
	_, err := r.JSON()
	require.NoError(t, err)
	page, err := r.HTML()
	require.NoError(t, err)
	require.NotContains(t, string(page), "Inf")
	require.NotContains(t, string(page), "e+")
}
