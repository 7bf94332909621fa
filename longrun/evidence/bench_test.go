package evidence_test

import (
	"testing"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
)

// BenchmarkChain links and checks: what a verification of a year does for each
// beat.
func BenchmarkChain(b *testing.B) {
	h := longrun.Beat(time.Date(2025, 12, 29, 23, 7, 0, 12_345_000, time.UTC), time.Minute)
	h.InstanceID, h.CommitHash, h.MemoryRSS, h.UptimeSec = "bcfe891c-59b1-4364-999f-4399e47e613a", "b05469d7", 113_700_864, 1330
	h, head := evidence.Head{ChainSeq: 41, Hash: evidence.Hash((longrun.Heartbeat{}))}.Next(h)
	before := evidence.Head{ChainSeq: 41, Hash: h.PrevHash}
	b.ReportAllocs()
	for b.Loop() {
		if got, err := before.Check(h); err != nil || got != head {
			b.Fatal(got, err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "beats/s")
}
