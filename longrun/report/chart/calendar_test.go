package chart_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/report/chart"
)

func ExampleCalendar() {
	from := time.Date(2025, 12, 28, 0, 0, 0, 0, time.UTC)
	filled := coverage.NewBitmap(1440)
	for i := 3; i < 1440; i++ {
		filled.Set(i)
	}
	svg := chart.Calendar(longrun.Window{From: from.AddDate(0, 0, -1), To: from.AddDate(0, 0, 2)}, chart.Slots{From: from, Interval: time.Minute, Filled: filled, Healthy: filled}, nil)
	printTitles(string(svg))
	// Output:
	// 2025-12-27: not known
	// 2025-12-28: 3 of 1,440 slots missed
}

// TestOneMissedSlotOfEachRowIsDrawn holds a row that is drawn in cells, since it
// changes too often, against its slots: none that was missed goes.
func TestOneMissedSlotOfEachRowIsDrawn(t *testing.T) {
	t.Parallel()
	from := time.Date(2025, 12, 28, 0, 0, 0, 0, time.UTC)
	w := longrun.Window{From: from, To: from.AddDate(0, 0, 3)}
	filled, healthy := coverage.NewBitmap(3*1440), coverage.NewBitmap(3*1440)
	for i := range 3 * 1440 {
		if i%1440 != 700+i/1440 {
			filled.Set(i)
			if i%2 == 1 {
				healthy.Set(i)
			}
		}
	}
	svg := string(chart.Heat(w, chart.Slots{From: from, Interval: time.Minute, Filled: filled, Healthy: healthy}, nil))
	require.Equal(t, 3, strings.Count(svg, `<rect class="m" `))
	require.Equal(t, 3, strings.Count(svg, ": 1 slot missed</title>"))
	require.Less(t, strings.Count(svg, "<rect"), 3*370)
	for d := range 3 {
		require.Contains(t, svg, fmt.Sprintf("<title>2025-12-%d 11:40 to 11:44: 1 slot missed</title>", 28+d))
	}
	require.Contains(t, svg, `aria-label="Slots of 2025-12-28 00:00 to 2025-12-31 00:00, a row for each day, the newest first: 3 slots missed"`)
}

func TestAChartHasNoStyleAndNoLinkOfItsOwn(t *testing.T) {
	t.Parallel()
	evil := `"><script>alert(1)</script> style=x`
	svg := string(chart.Timeline(hour(), []chart.Incident{{Rule: longrun.RuleID(evil), Target: evil, Start: hour().From, Summary: evil}})) +
		string(chart.Latency(hour(), []chart.Probes{{Type: longrun.ProbeType(evil), Points: []longrun.ProbePoint{{TS: hour().From, Result: longrun.Fail, Class: evil}}}}))
	require.NotContains(t, svg, "<script")
	require.NotContains(t, svg, ` style="`)
	require.NotContains(t, svg, "href")
	require.NotContains(t, svg, `"">`)
}
