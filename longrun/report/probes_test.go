package report_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/report"
)

// Of two hundred accounts people see the forty whose probes passed least often, and
// one panel for each type; programs see all.
func TestProbesOfManyAccountsAreListedTheWorstFirst(t *testing.T) {
	t.Parallel()
	s := of(t, 30, 0)
	d := coverage.NewMerge(s.Window, time.Minute, s.Now)
	for i := range 200 {
		for hour := range 24 * 30 {
			for _, kind := range []longrun.ProbeType{longrun.Outbound, longrun.Inbound} {
				p := longrun.Probe{Type: kind, Name: fmt.Sprint("ops-", i), TS: s.Window.From.Add(time.Duration(hour)*time.Hour + time.Duration(i)*time.Second), Result: longrun.Pass, LatencyMs: 900}
				if i == 77 && hour%2 == 0 {
					p.Result = longrun.Fail
				}
				d.AddProbe(p)
			}
		}
	}
	s.Summary = d.Summary()
	r := report.New(s, nil)
	require.Len(t, r.Probes, 400)
	points := 0
	for _, p := range r.Probes {
		points += len(p.Points)
	}
	require.LessOrEqual(t, points, 2*report.MaxPoints)
	md := r.Markdown()
	page, err := r.HTML()
	require.NoError(t, err)
	require.Contains(t, md, "Of 400 probes those are listed that passed least often; each of the other 360 passed at least as often")
	require.Contains(t, md, "| inbound ops-77 | 720 | 360 | 360 |")
	require.Contains(t, md, `type = "outbound" and name = "ops-77" and trigger`)
	require.Equal(t, 1, strings.Count(string(page), `<p class="panel"><b>outbound</b></p>`))
	require.Less(t, len(page), 2_000_000)
}
