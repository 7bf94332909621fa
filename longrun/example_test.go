package longrun_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// A test of the gap logic with the fake clock that one has already.
func ExampleCover() {
	clk := clock.NewMock() // starts at the epoch: slot 0
	var beats []longrun.Heartbeat
	beat := func() { beats = append(beats, longrun.Beat(clk.Now(), time.Minute)) }
	beat()
	clk.Add(time.Minute)
	beat()
	clk.Add(5 * time.Minute)
	beat()

	now := clk.Now().Add(time.Minute)
	c := longrun.Cover(beats, longrun.Window{From: time.Unix(0, 0), To: now}, time.Minute, now)
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
func ExampleCover_cause() {
	at := func(min int) time.Time { return time.Date(2025, 12, 29, 22, min, 0, 0, time.UTC) }
	beat := func(min int, instance, commit string) longrun.Heartbeat {
		h := longrun.Beat(at(min), time.Minute)
		h.InstanceID, h.CommitHash = instance, commit
		return h
	}
	stop := at(1).Add(20 * time.Second)
	runs := []longrun.Run{{InstanceID: "a", TS: at(0), End: &stop, Ended: longrun.Stopped}}
	beats := []longrun.Heartbeat{beat(0, "a", "3d4adc99"), beat(1, "a", "3d4adc99"), beat(4, "b", "b05469d7")}

	c := longrun.Cover(beats, longrun.Window{From: at(0), To: at(5)}, time.Minute, at(5), runs...)
	fmt.Println(c.Gaps[0].Cause, c.Gaps[0].Before, c.Gaps[0].After, c.Gaps[0].Duration())
	// Output: deploy a b 2m0s
}

// Observed, healthy and punctual are three things.
func ExampleCoverage() {
	at := func(min, sec int) time.Time { return time.Date(2025, 12, 29, 22, min, sec, 0, time.UTC) }
	beats := []longrun.Heartbeat{
		longrun.Beat(at(0, 0), time.Minute), longrun.Beat(at(1, 0), time.Minute),
		longrun.Beat(at(2, 12), time.Minute), longrun.Beat(at(4, 0), time.Minute),
	}
	for i := range beats {
		beats[i].Healthy = i > 0
	}
	c := longrun.Cover(beats, longrun.Window{From: at(0, 0), To: at(5, 0)}, time.Minute, at(5, 0))
	longest, _ := c.Longest()
	fmt.Printf("coverage %.0f %%, availability %.0f %%, drift p50 %.0f s, max %.0f s\n", 100*c.Ratio(), 100*c.Availability(), c.Drift.P50Sec, c.Drift.MaxSec)
	fmt.Println("longest gap", longest.From.Format("15:04"), longest.Duration(), "of the time up to", c.End().Format("15:04"))
	// Output:
	// coverage 80 %, availability 75 %, drift p50 0 s, max 12 s
	// longest gap 22:03 1m0s of the time up to 22:05
}

// Beats are counted as a Scan brings them, none of them kept.
func ExampleTally() {
	day := longrun.Window{From: time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC), To: time.Date(2025, 12, 30, 0, 0, 0, 0, time.UTC)}
	t := longrun.NewTally(day, time.Hour, day.To)
	for hour := range 24 {
		if hour != 7 {
			t.Add(longrun.Beat(day.From.Add(time.Duration(hour)*time.Hour), time.Hour))
		}
	}
	c := t.Coverage()
	filled, _ := t.Bitmaps()
	fmt.Println(c.Written, "of", c.Expected)
	fmt.Println(filled)
	// Output:
	// 23 of 24
	// 24:f///
}

// A month of which only the bitmaps of its days are left.
func ExampleTally_AddBitmap() {
	first := time.Date(2025, 12, 1, 0, 0, 0, 0, time.UTC)
	month := longrun.Window{From: first, To: first.AddDate(0, 1, 0)}
	t := longrun.NewTally(month, time.Hour, month.To)
	stored, err := longrun.ParseBitmap("24:f///") // one hour missing, each day
	if err != nil {
		fmt.Println(err)
		return
	}
	for day := range 31 {
		t.AddBitmap(first.AddDate(0, 0, day), stored, stored)
	}
	fmt.Printf("%.2f %%, %d gaps\n", 100*t.Coverage().Ratio(), len(t.Coverage().Gaps))
	// Output: 95.83 %, 31 gaps
}

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

func ExamplePercentile() {
	latencies := []float64{906, 120, 340, 200}
	slices.Sort(latencies)
	p90, ok := longrun.Percentile(latencies, 90)
	fmt.Println(p90, ok)
	// Output: 906 true
}

func ExampleBitmap() {
	b := longrun.NewBitmap(10)
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

// The hash is over what is stored, so it survives the store.
func ExampleHeartbeat_Hash() {
	h := longrun.Beat(time.Date(2025, 12, 29, 23, 7, 0, 12345678, time.UTC), time.Minute)
	edited := h
	edited.Healthy = true
	fmt.Println(h.Hash()[:16], h.Hash() == edited.Hash())
	// Output: e6f50d6511f2fa4b false
}

// The head goes where the beats are not; each beat is checked against the head
// before it.
func ExampleHead_Next() {
	var head longrun.Head
	first, head := head.Next(longrun.Beat(time.Unix(0, 0), time.Minute))
	second, head := head.Next(longrun.Beat(time.Unix(60, 0), time.Minute))
	fmt.Println(head.ChainSeq, second.PrevHash == first.Hash(), head.Hash == second.Hash())

	first.ConnectedCount = 4 // someone edits the document
	check, _ := longrun.Head{}.Check(first)
	_, err := check.Check(second)
	fmt.Println(err != nil)
	// Output:
	// 2 true true
	// true
}

func ExampleParseHead() {
	_, head := longrun.Head{}.Next(longrun.Beat(time.Unix(0, 0), time.Minute))
	same, err := longrun.ParseHead(head.String())
	fmt.Println(same == head, err)
	// Output: true <nil>
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
