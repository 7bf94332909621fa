package chart_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/report/chart"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// hour is the window of the examples.
func hour() longrun.Window {
	from := time.Date(2025, 12, 29, 22, 0, 0, 0, time.UTC)
	return longrun.Window{From: from, To: from.Add(time.Hour)}
}

func ExampleHeat() {
	filled := coverage.NewBitmap(60)
	for minute := range 60 {
		if minute < 14 || minute >= 17 {
			filled.Set(minute)
		}
	}
	svg := chart.Heat(hour(), chart.Slots{From: hour().From, Interval: time.Minute, Filled: filled, Healthy: filled}, nil)
	printTitles(string(svg))
	// Output:
	// 2025-12-29 22:14 to 22:17: 3 slots missed
}

func ExampleLatency() {
	slowest := 812.0
	svg := chart.Latency(hour(), []chart.Probes{{
		Type: longrun.Outbound, MaxMs: &slowest,
		Points: []longrun.ProbePoint{
			{TS: hour().From.Add(10 * time.Minute), Result: longrun.Pass, Ms: 812},
			{TS: hour().From.Add(20 * time.Minute), Result: longrun.Fail, Class: "timeout"},
		},
	}})
	printTitles(string(svg))
	// Output:
	// 2025-12-29 22:10 passed, 812 ms
	// 2025-12-29 22:20 failed, timeout
}

func ExampleTimeline() {
	svg := chart.Timeline(hour(), []chart.Incident{{
		Rule: rules.MissedHeartbeats, Start: hour().From.Add(17 * time.Minute), Lasted: 43 * time.Minute, Summary: "3 slots are empty",
	}})
	printTitles(string(svg))
	// Output:
	// missed_heartbeats: 2025-12-29 22:17 to open, 43 min. 3 slots are empty
}

// printTitles prints what the shapes of a chart stand for.
func printTitles(svg string) {
	for part := range strings.SplitSeq(svg, "<title>") {
		if title, _, ok := strings.Cut(part, "</title>"); ok {
			fmt.Println(title)
		}
	}
}
