package coverage_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
)

// exampleDay has a beat every hour of 29 December but from 10:00 to 12:00.
func exampleDay(hours ...int) longrun.Rollup {
	day := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	d, err := coverage.NewDay(day, time.Hour, time.Time{}, day.AddDate(0, 0, 2))
	if err != nil {
		panic(err)
	}
	for hour := range 25 { // the one of the next day explains the end
		if hour == 10 || hour == 11 {
			continue
		}
		d.Add(longrun.Beat(day.Add(time.Duration(hour)*time.Hour+20*time.Millisecond), time.Hour))
	}
	for _, hour := range hours { // late ones
		d.Add(longrun.Beat(day.Add(time.Duration(hour)*time.Hour), time.Hour))
	}
	return d.Rollup()
}

func ExampleNewDay() {
	r := exampleDay()
	fmt.Printf("%s: %d of %d, %.1f %%\n", r.Date, r.WrittenHb, r.ExpectedHb, r.UptimePct)
	fmt.Println(r.Gaps[0].From.Format(time.TimeOnly), r.Gaps[0].Missed)
	fmt.Println(r.Slots, "|", r.DriftMs)
	_, err := coverage.NewDay(r.TS, time.Hour, time.Time{}, r.TS.Add(13*time.Hour))
	fmt.Println(err)
	// Output:
	// 2025-12-29: 22 of 24, 91.7 %
	// 10:00:00 2
	// 24://P/ | 20:22
	// longrun: the day 2025-12-29 is not over at 2025-12-29T13:00:00.000Z
}

func ExampleNewMerge() {
	day := longrun.DayOf(time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC))
	now := day.To.Add(3 * time.Hour)
	d := coverage.NewMerge(longrun.Window{From: day.From, To: now}, time.Hour, now)
	if err := d.AddRollup(exampleDay()); err != nil { // a whole day
		panic(err)
	}
	for _, hour := range []int{0, 2} { // and a cut one
		d.Add(longrun.Beat(day.To.Add(time.Duration(hour)*time.Hour), time.Hour))
	}
	c := d.Summary().Coverage
	fmt.Println(c.Written, "of", c.Expected, "in", len(c.Gaps), "gaps")
	// Output: 24 of 27 in 2 gaps
}

func ExampleCheck() {
	r := exampleDay()
	fmt.Println(coverage.Check(r))
	r.WrittenHb, r.MissedHb = 24, 0
	fmt.Println(coverage.Check(r) != nil)
	// Output:
	// <nil>
	// true
}

func ExampleRevise() {
	first := exampleDay()
	again, err := coverage.Revise(first, exampleDay())
	fmt.Println(again.Revision, err)
	late, err := coverage.Revise(first, exampleDay(10))
	fmt.Println(late.Revision, late.WrittenHb, err)
	_, err = coverage.Revise(late, exampleDay()) // the beat was pruned
	fmt.Println(errors.Is(err, coverage.ErrShrunk))
	// Output:
	// 1 <nil>
	// 2 23 <nil>
	// true
}
