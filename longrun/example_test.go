package longrun_test

import (
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

func ExampleWindow_Slots() {
	w := longrun.Window{
		From: time.Date(2025, 12, 29, 22, 14, 29, 0, time.UTC),
		To:   time.Date(2025, 12, 29, 23, 7, 30, 0, time.UTC),
	}
	first, end := w.Slots(time.Minute, w.To.Add(time.Hour))
	fmt.Println(end-first, "slots from", first.ID(time.Minute))
	first, end = w.Slots(time.Minute, w.To) // 23:07 is not over
	fmt.Println(end-first, "slots from", first.ID(time.Minute))
	// Output:
	// 54 slots from 2025-12-29T22-14-00
	// 53 slots from 2025-12-29T22-14-00
}

func ExampleWindow_Clip() {
	w := longrun.Window{From: time.Unix(0, 0).UTC(), To: time.Unix(3600, 0).UTC()}
	fmt.Println(w.Clip(time.Unix(600, 0).UTC()).From.Format(time.TimeOnly))
	// Output: 00:10:00
}

func ExampleWindow_Validate() {
	fmt.Println(longrun.Window{}.Validate())
	// Output:
	// from is missing
	// to is missing
}

func ExampleSlotAt() {
	s := longrun.SlotAt(time.Date(2025, 12, 29, 23, 7, 30, 205e6, time.UTC), time.Minute)
	fmt.Println(s.ID(time.Minute), s.Start(time.Minute))
	// Output: 2025-12-29T23-07-00 2025-12-29 23:07:00 +0000 UTC
}

func ExampleParseSlotID() {
	start, err := longrun.ParseSlotID("2025-12-29T23-07-00")
	fmt.Println(start, err)
	// Output: 2025-12-29 23:07:00 +0000 UTC <nil>
}

func ExampleBeat() {
	h := longrun.Beat(time.Date(2025, 12, 29, 23, 7, 30, 205e6, time.UTC), time.Minute)
	fmt.Println(h.BucketID, h.TSISO, h.DriftSec)
	// Output: 2025-12-29T23-07-00 2025-12-29T23:07:30.205Z 30.205
}

func ExampleValidateInterval() {
	fmt.Println(longrun.ValidateInterval(45 * time.Second))
	fmt.Println(longrun.ValidateInterval(7 * time.Minute))
	// Output:
	// <nil>
	// interval 7m0s does not divide a day
}

func ExampleSettings_Validate() {
	s := longrun.DefaultSettings(time.Minute)
	s.InsufficientDataThreshold = 80 // meant as per cent
	fmt.Println(s.Validate())
	// Output: insufficientDataThreshold 80 is not between 0 and 1
}

func ExampleProbeID() {
	start := time.Date(2025, 12, 29, 22, 30, 5, 0, time.UTC)
	schedule := longrun.ProbeSchedule{Every: 6 * time.Hour}.WithDefaults()
	fmt.Println(longrun.ProbeID(longrun.Outbound, start, longrun.Scheduled, schedule))
	fmt.Println(longrun.ProbeID(longrun.Outbound, start, longrun.ByHand, schedule))
	// Output:
	// OUT_20251229T22
	// OUT_20251229T223005
}

// A host with many accounts makes a probe for each.
func ExampleNamedProbe() {
	start := time.Date(2025, 12, 29, 22, 30, 5, 0, time.UTC)
	schedule := longrun.ProbeSchedule{Every: 6 * time.Hour}.WithDefaults()
	for _, account := range []string{"ops-1", "ops-2"} {
		probe := longrun.NamedProbe{Type: longrun.Outbound, Name: account}
		fmt.Println(probe, probe.ID(start, longrun.Scheduled, schedule))
	}
	// Output:
	// outbound ops-1 OUT_20251229T22_ops-1
	// outbound ops-2 OUT_20251229T22_ops-2
}

// What passed is due again after its period, what did not after an hour.
func ExampleProbeSchedule_Due() {
	schedule := longrun.ProbeSchedule{Every: 6 * time.Hour}.WithDefaults()
	start := time.Date(2025, 12, 29, 22, 0, 0, 0, time.UTC)
	for _, result := range []longrun.ProbeResult{longrun.Pass, longrun.Fail, longrun.Inconclusive} {
		due := schedule.Due(longrun.Probe{TS: start, Result: result}, start)
		fmt.Println(result, due.Sub(start))
	}
	// Output:
	// PASS 6h0m0s
	// FAIL 1h0m0s
	// INCONCLUSIVE 1h0m0s
}

// A window at half past two stays there when the clocks change.
func ExampleMaintenance_Window() {
	m := longrun.Maintenance{Name: "backup", Zone: "Europe/Bucharest", Start: "02:30", Minutes: 30}
	for _, now := range []time.Time{
		time.Date(2025, 10, 24, 23, 45, 0, 0, time.UTC), // in summer
		time.Date(2025, 10, 27, 0, 45, 0, 0, time.UTC),  // two days later it is winter
	} {
		w, ok := m.Window(now)
		fmt.Println(ok, w.From.Format("15:04 MST"))
	}
	// Output:
	// true 23:30 UTC
	// true 00:30 UTC
}

// A day's rollup is named by its day.
func ExampleParseRollupID() {
	day, err := longrun.ParseRollupID(longrun.RollupID(time.Date(2025, 12, 29, 22, 14, 29, 0, time.UTC)))
	fmt.Println(longrun.DayOf(day), err)
	_, err = longrun.ParseRollupID("29.12.2025")
	fmt.Println(err)
	// Output:
	// {2025-12-29 00:00:00 +0000 UTC 2025-12-30 00:00:00 +0000 UTC} <nil>
	// longrun: "29.12.2025" is no day, such as 2025-12-29
}
