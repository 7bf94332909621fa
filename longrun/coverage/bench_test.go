package coverage_test

import (
	"math"
	"testing"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/cputime"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
)

// year is a year of minutes.
const year = 525_600

// minutes are so many minute beats as one process writes them, the last of each
// thousand missing, with timers some milliseconds late.
func minutes(slots int) (beats []longrun.Heartbeat, w longrun.Window) {
	from := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	beats = make([]longrun.Heartbeat, 0, slots)
	for i := range slots {
		if i%1000 == 999 {
			continue
		}
		jitter := time.Duration(i*7919%50_000) * time.Microsecond
		h := longrun.Beat(from.Add(time.Duration(i)*time.Minute+jitter), time.Minute)
		h.InstanceID, h.CommitHash, h.UptimeSec, h.Healthy = "bcfe891c-59b1-4364", "b05469d7", int64(i)*60, i%100 != 0
		beats = append(beats, h)
	}
	return beats, longrun.Window{From: from, To: from.Add(time.Duration(slots) * time.Minute)}
}

// bareLoop is the least that any measure of beats has to do: look at the time
// and the health of each.
func bareLoop(beats []longrun.Heartbeat) (sum int64) {
	for i := range beats {
		sum += beats[i].TS.Unix()
		if beats[i].Healthy {
			sum++
		}
	}
	return sum
}

var sink int64

// BenchmarkCoverYear measures Of and the bare loop over the same slice in
// turns, in processor time, so that whatever else the machine does falls on both. The
// best round of each is what they take where nothing else is done.
func BenchmarkCoverYear(b *testing.B) {
	beats, w := minutes(year)
	bare, cover := newLap(), newLap()
	allocs := testing.AllocsPerRun(1, func() { sink += int64(coverage.Of(beats, w, time.Minute, w.To).Written) })
	for b.Loop() {
		bare.time(func() { sink += bareLoop(beats) })
		cover.time(func() { sink += int64(coverage.Of(beats, w, time.Minute, w.To).Written) })
	}
	b.ReportMetric(float64(cover.all)/float64(bare.all), "×bare")
	b.ReportMetric(float64(bare.best.Nanoseconds())/float64(len(beats)), "bare-ns/beat-best")
	b.ReportMetric(float64(cover.best.Nanoseconds())/float64(len(beats)), "ns/beat-best")
	b.ReportMetric(cover.best.Seconds()*1000, "cpu-ms-best")
	b.ReportMetric(cover.all.Seconds()*1000/float64(b.N), "cpu-ms")
	b.ReportMetric(allocs/float64(len(beats)), "allocs/beat")
}

// lap is the processor time that something took, again and again.
type lap struct{ all, best time.Duration }

func newLap() *lap { return &lap{best: math.MaxInt64} }

func (l *lap) time(do func()) {
	used := cputime.Used()
	do()
	took := cputime.Used() - used
	l.all += took
	l.best = min(l.best, took)
}

// BenchmarkTallyYear is the streaming form: each beat is handed over by value.
func BenchmarkTallyYear(b *testing.B) {
	beats, w := minutes(year)
	b.ReportAllocs()
	for b.Loop() {
		t := coverage.NewCounter(w, time.Minute, w.To)
		for i := range beats {
			t.Add(beats[i])
		}
		sink += int64(t.Coverage().Written)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(beats)), "ns/beat")
}

// BenchmarkTallyYearShuffled is the worst order: no beat follows the one before.
func BenchmarkTallyYearShuffled(b *testing.B) {
	beats, w := minutes(year)
	order := shuffled(len(beats), 1)
	b.ReportAllocs()
	for b.Loop() {
		t := coverage.NewCounter(w, time.Minute, w.To)
		for _, i := range order {
			t.Add(beats[i])
		}
		sink += int64(t.Coverage().Written)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(beats)), "ns/beat")
}

// BenchmarkBitmapYear is the same year from the bitmaps of its days.
func BenchmarkBitmapYear(b *testing.B) {
	beats, w := minutes(year)
	type day struct {
		start           time.Time
		filled, healthy *coverage.Bitmap
	}
	var days []day
	next := 0
	for from := w.From; from.Before(w.To); from = from.AddDate(0, 0, 1) {
		today := longrun.Window{From: from, To: from.AddDate(0, 0, 1)}
		t := coverage.NewCounter(today, time.Minute, w.To)
		for ; next < len(beats) && today.Contains(beats[next].TS); next++ {
			t.Add(beats[next])
		}
		filled, healthy, _ := t.Bitmaps()
		days = append(days, day{from, filled, healthy})
	}
	want := coverage.Of(beats, w, time.Minute, w.To)
	b.ReportAllocs()
	for b.Loop() {
		t := coverage.NewCounter(w, time.Minute, w.To)
		for _, d := range days {
			t.AddBitmap(d.start, d.filled, d.healthy, nil)
		}
		if c := t.Coverage(); c.Written != want.Written || len(c.Gaps) != len(want.Gaps) {
			b.Fatalf("%d written in %d gaps, want %d in %d", c.Written, len(c.Gaps), want.Written, len(want.Gaps))
		}
	}
}
