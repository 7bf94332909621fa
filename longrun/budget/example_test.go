package budget_test

import (
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/budget"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
)

// Thirty days of minutes, of which 46 were missed, 40 of them an hour ago.
func ExampleOf() {
	to := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	window := longrun.Window{From: to.AddDate(0, 0, -30), To: to}
	var beats []longrun.Heartbeat
	for at := window.From; at.Before(to); at = at.Add(time.Minute) {
		early, late := at.Sub(window.From) < 6*time.Minute, to.Sub(at) > time.Hour && to.Sub(at) <= 100*time.Minute
		if !early && !late {
			beats = append(beats, longrun.Beat(at, time.Minute))
		}
	}
	b := budget.Of(longrun.Target{Days: 30, Percent: 99.5}, coverage.Of(beats, window, time.Minute, to), nil)
	fmt.Printf("%d missed of %d allowed, %d left\n", b.All.Missed, b.All.Allowed, b.All.Left)
	for _, burn := range b.All.Burns {
		if burn.ExhaustedAt != nil {
			fmt.Printf("%s: burn %.1f, nothing is left at %s\n", burn.Span, *burn.Rate, burn.ExhaustedAt.Format(time.DateTime))
		}
	}
	// Output:
	// 46 missed of 216 allowed, 170 left
	// 6h: burn 22.2, nothing is left at 2026-01-02 01:30:00
	// 3d: burn 1.9, nothing is left at 2026-01-13 18:00:00
}

// What was missed in planned maintenance is counted apart.
func ExampleLast() {
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	to := from.AddDate(0, 0, 10)
	c := coverage.Of(nil, longrun.Window{From: to.Add(-30 * time.Minute), To: to}, time.Minute, to)
	nightly := longrun.Settings{Maintenance: []longrun.Maintenance{{Start: "23:45", Minutes: 15}}}
	b := budget.Last(longrun.Target{Days: 7, Percent: 99}, c, nightly.Planned(longrun.Window{From: from, To: to}))
	fmt.Println(b.All.Missed, b.Unplanned.Missed, b.Planned.Missed, b.Known)
	// Output: 30 15 15 false
}

func ExampleCount_Over() {
	lastHour := budget.Count{Slots: 60, Missed: 5}
	target := longrun.Target{Days: 30, Percent: 99.5}
	fmt.Println(lastHour.Over(target, 14.4), lastHour.Over(target, 20))
	// Output: true false
}

// A target and two counts are enough: of the whole, and of the last hour.
func ExampleNewBalance() {
	end := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	b := budget.NewBalance(longrun.Target{Days: 7, Percent: 99}, budget.Count{Slots: 10080, Missed: 40}, []budget.Count{{Slots: 60, Missed: 6}}, end, time.Minute)
	fmt.Println(b.Allowed, b.Left, b.Exhausted)
	fmt.Printf("%s: burn %.0f, nothing is left at %s\n", b.Burns[0].Span, *b.Burns[0].Rate, b.Burns[0].ExhaustedAt.Format(time.TimeOnly))
	// Output:
	// 100 60 false
	// 1h: burn 10, nothing is left at 10:00:00
}
