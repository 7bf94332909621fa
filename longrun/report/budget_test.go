package report_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/report"
)

// The budget and the verdict of a window are of one target, and say the same.
func TestTheBudgetIsThatOfTheVerdict(t *testing.T) {
	t.Parallel()
	for _, days := range []int{1, 2, 7, 12, 30, 45} {
		for _, missed := range []int{0, 1, 14, 15, 100, 101, 216, 217} {
			s := of(t, days, missed)
			for _, targets := range [][]longrun.Target{nil, {{Days: 1, Percent: 99}, {Days: 40, Percent: 99.9}}, {{Days: 10, Percent: 99.99}}} {
				r := report.New(s, &report.Options{Targets: targets})
				if r.Budget == nil {
					require.Contains(t, r.Judgement.Basis, "insufficientDataThreshold")
					require.NotContains(t, r.Markdown(), "Error budget")
					continue
				}
				require.EqualValues(t, r.Judgement.MayMiss, r.Budget.All.Allowed)
				require.Equal(t, r.Judgement.Outcome == report.Fail, r.Budget.All.Left < 0)
				require.EqualValues(t, r.Coverage.Missed, r.Budget.All.Missed)
				require.LessOrEqual(t, r.Budget.Target.Days, int64(days))
				require.InDelta(t, r.Budget.Target.Percent, 100*r.Judgement.Target, 1e-9)
				require.Contains(t, r.Markdown(), "## Error budget")
			}
		}
	}
}

func TestABudgetIsSaidInWords(t *testing.T) {
	t.Parallel()
	r := report.New(of(t, 30, 46), nil)
	text := r.Markdown()
	for _, want := range []string{
		"46 min missed in 30 d, of 3 h 36 min allowed by 99.5 %: 2 h 50 min left.",
		"| Allowed | 216 slots (3 h 36 min) of 43,200 |",
		"| Left | 170 slots (2 h 50 min) |",
		"| Burn over 1 h | 153.33: 46 of 60 slots missed; if it goes on so, nothing is left from 2025-01-31 03:42 on |",
		"| Burn over 3 d | 2.12: 46 of 4,320 slots missed; if it goes on so, nothing is left from 2025-02-11 02:06 on |",
		"| allowed | 216 | floor(43200 × 5000 / 1,000,000)",
		"| left | 170 | 216 allowed − 46 missed |",
		"2025-01-31T00:00:00Z + ceil(170 left × 60 / 46) slots",
	} {
		require.Contains(t, text, want)
	}
	require.NotContains(t, text, "maintenance")
	page, err := r.HTML()
	require.NoError(t, err)
	require.Contains(t, string(page), "<dt>Left</dt><dd>2 h 50 min<small>of 3 h 36 min allowed</small>")

	text = report.New(of(t, 30, 0), nil).Markdown()
	require.Contains(t, text, "nothing missed in 30 d, of 3 h 36 min allowed by 99.5 %: 3 h 36 min left.")
	require.Contains(t, text, "| Burn over 1 h | 0: 0 of 60 slots missed |")
	text = report.New(of(t, 30, 216), nil).Markdown()
	require.Contains(t, text, "allowed by 99.5 %: nothing left.")
	require.Contains(t, text, "| Left | none |")
	require.Contains(t, text, "nothing is left now")

	s := of(t, 7, 30)
	s.Asked.From = s.Asked.From.AddDate(0, 0, -23)
	text = report.New(s, nil).Markdown()
	require.Contains(t, text, "30 min missed in 7 d, of 50 min allowed by 99.5 %: 20 min left.")
	require.Contains(t, text, "Known are 7 d of 30 d so far: what may be missed is that of what is known.")
}

// With planned maintenance both numbers stand beside each other.
func TestPlannedMaintenanceIsCountedApart(t *testing.T) {
	t.Parallel()
	settings := longrun.DefaultSettings(time.Minute)
	settings.Maintenance = []longrun.Maintenance{{Start: "23:40", Minutes: 20}}
	r := report.New(of(t, 30, 46), report.OptionsOf(settings))
	text := r.Markdown()
	for _, want := range []string{
		"46 min missed in 30 d, of 3 h 36 min allowed by 99.5 %: 2 h 50 min left.",
		"Planned maintenance, as the settings are now: 600 slots (10 h), of which 20 were missed. Without it: 26 min missed in 29 d 14 h, of 3 h 33 min allowed by 99.5 %: 3 h 7 min left.",
		"|  | All slots | Without planned maintenance |",
		"| Missed | 46 slots (46 min) | 26 slots (26 min) |",
		"| left without planned maintenance | 187 | floor((43200 − 600) × 5000 / 1,000,000) − (46 − 20)",
	} {
		require.Contains(t, text, want)
	}
	page, err := r.HTML()
	require.NoError(t, err)
	require.Contains(t, string(page), "2 h 50 min<small>of 3 h 36 min allowed; 3 h 7 min without planned maintenance</small>")
	settings.Maintenance[0].Rule = "queue_depth"
	require.NotContains(t, report.New(of(t, 30, 46), report.OptionsOf(settings)).Markdown(), "maintenance", "of one rule it is no planned outage")
}
