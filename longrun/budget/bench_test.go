package budget_test

import (
	"testing"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/budget"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
)

// A year of minutes with maintenance each night.
func BenchmarkOfAYear(b *testing.B) {
	window := longrun.Window{From: start, To: start.AddDate(1, 0, 0)}
	var beats []longrun.Heartbeat
	for i, at := 0, start; at.Before(window.To); i, at = i+1, at.Add(time.Minute) {
		if i%5000 > 3 {
			beats = append(beats, longrun.Beat(at, time.Minute))
		}
	}
	c := coverage.Of(beats, window, time.Minute, window.To)
	nightly := longrun.Settings{Maintenance: []longrun.Maintenance{{Zone: "UTC", Start: "03:00", Minutes: 30}}}
	b.ReportAllocs()
	for b.Loop() {
		budget.Of(longrun.Target{Days: 180, Percent: 99.8}, c, nightly.Planned(window))
	}
}
