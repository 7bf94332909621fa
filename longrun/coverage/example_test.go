package coverage_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
)

// A test of the gap logic with the fake clock that one has already.
func ExampleOf() {
	clk := clock.NewMock() // starts at the epoch: slot 0
	var beats []longrun.Heartbeat
	beat := func() { beats = append(beats, longrun.Beat(clk.Now(), time.Minute)) }
	beat()
	clk.Add(time.Minute)
	beat()
	clk.Add(5 * time.Minute)
	beat()

	now := clk.Now().Add(time.Minute)
	c := coverage.Of(beats, longrun.Window{From: time.Unix(0, 0), To: now}, time.Minute, now)
	fmt.Printf("expected %d, written %d, missed %d: %.1f %%\n", c.Expected, c.Written, c.Missed, 100*c.Ratio())
	for _, g := range c.Gaps {
		fmt.Println(g.From.Format("15:04"), "to", g.To.Format("15:04"), "missed", g.Missed, "cause", g.Cause)
	}
	// Output:
	// expected 7, written 3, missed 4: 42.9 %
	// 00:02 to 00:06 missed 4 cause unknown
}

// Runs tell a deploy from a crash: the writer before the gap said that it
// stopped, and another build wrote after it.
func ExampleOf_cause() {
	at := func(min int) time.Time { return time.Date(2025, 12, 29, 22, min, 0, 0, time.UTC) }
	beat := func(min int, instance, commit string) longrun.Heartbeat {
		h := longrun.Beat(at(min), time.Minute)
		h.InstanceID, h.CommitHash = instance, commit
		return h
	}
	stop := at(1).Add(20 * time.Second)
	runs := []longrun.Run{{InstanceID: "a", TS: at(0), End: &stop, Ended: longrun.Stopped}}
	beats := []longrun.Heartbeat{beat(0, "a", "3d4adc99"), beat(1, "a", "3d4adc99"), beat(4, "b", "b05469d7")}

	c := coverage.Of(beats, longrun.Window{From: at(0), To: at(5)}, time.Minute, at(5), runs...)
	fmt.Println(c.Gaps[0].Cause, c.Gaps[0].Before, c.Gaps[0].After, c.Gaps[0].Duration())
	// Output: deploy a b 2m0s
}

// Observed, healthy and punctual are three things.
func ExampleOf_healthy() {
	at := func(min, sec int) time.Time { return time.Date(2025, 12, 29, 22, min, sec, 0, time.UTC) }
	beats := []longrun.Heartbeat{
		longrun.Beat(at(0, 0), time.Minute), longrun.Beat(at(1, 0), time.Minute),
		longrun.Beat(at(2, 12), time.Minute), longrun.Beat(at(4, 0), time.Minute),
	}
	for i := range beats {
		beats[i].Healthy = i > 0
	}
	c := coverage.Of(beats, longrun.Window{From: at(0, 0), To: at(5, 0)}, time.Minute, at(5, 0))
	longest, _ := c.Longest()
	fmt.Printf("coverage %.0f %%, availability %.0f %%, drift p50 %.0f s, max %.0f s\n", 100*c.Ratio(), 100*c.Availability(), c.Drift.P50Sec, c.Drift.MaxSec)
	fmt.Println("longest gap", longest.From.Format("15:04"), longest.Duration(), "of the time up to", c.End().Format("15:04"))
	// Output:
	// coverage 80 %, availability 75 %, drift p50 0 s, max 12 s
	// longest gap 22:03 1m0s of the time up to 22:05
}

// Beats are counted as a Scan brings them, none of them kept.
func ExampleCounter() {
	day := longrun.Window{From: time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC), To: time.Date(2025, 12, 30, 0, 0, 0, 0, time.UTC)}
	t := coverage.NewCounter(day, time.Hour, day.To)
	for hour := range 24 {
		if hour != 7 {
			t.Add(longrun.Beat(day.From.Add(time.Duration(hour)*time.Hour), time.Hour))
		}
	}
	c := t.Coverage()
	filled, _, _ := t.Bitmaps()
	fmt.Println(c.Written, "of", c.Expected)
	fmt.Println(filled)
	// Output:
	// 23 of 24
	// 24:f///
}

// A month of which only the bitmaps of its days are left.
func ExampleCounter_AddBitmap() {
	first := time.Date(2025, 12, 1, 0, 0, 0, 0, time.UTC)
	month := longrun.Window{From: first, To: first.AddDate(0, 1, 0)}
	t := coverage.NewCounter(month, time.Hour, month.To)
	stored, err := coverage.ParseBitmap("24:f///") // one hour missing, each day
	if err != nil {
		fmt.Println(err)
		return
	}
	for day := range 31 {
		t.AddBitmap(first.AddDate(0, 0, day), stored, stored, nil)
	}
	fmt.Printf("%.2f %%, %d gaps\n", 100*t.Coverage().Ratio(), len(t.Coverage().Gaps))
	// Output: 95.83 %, 31 gaps
}

func ExamplePercentile() {
	latencies := []float64{906, 120, 340, 200}
	slices.Sort(latencies)
	p90, ok := coverage.Percentile(latencies, 90)
	fmt.Println(p90, ok)
	// Output: 906 true
}

func ExampleBitmap() {
	b := coverage.NewBitmap(10)
	for _, slot := range []int{0, 1, 5, 6, 7} {
		b.Set(slot)
	}
	for from, to := range b.Gaps() {
		fmt.Println("empty from", from, "to", to)
	}
	fmt.Println(b.Count(), b)
	// Output:
	// empty from 2 to 5
	// empty from 8 to 10
	// 5 10:4wA=
}

func ExampleRepairs() {
	at := func(hour, min int) time.Time { return time.Date(2025, 12, 29, hour, min, 0, 0, time.UTC) }
	end := at(3, 20)
	incidents := []longrun.Incident{{Rule: "probe_fails", TSStart: at(3, 0), TSEnd: &end}, {Rule: "queue_depth", TSStart: at(22, 40)}}
	day := longrun.Window{From: at(0, 0), To: at(24, 0)}
	r := coverage.Repairs(incidents, day, at(24, 0))
	fmt.Printf("%d incidents, %d open, MTTR P50 %.0f s (n = %d), MTBF %.1f h\n", r.Incidents, r.Open, *r.MTTRP50Sec, r.Resolved, *r.MTBFSec/3600)
	// Output: 2 incidents, 1 open, MTTR P50 1200 s (n = 1), MTBF 11.2 h
}
