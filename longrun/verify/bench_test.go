package verify_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/cputime"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/internal/logtest"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// loggedYear is a year of minutes, each day logged and signed; with -short a month.
func loggedYear(b *testing.B, open func(testing.TB) store.Store) (*history, *ledger.Ledger) {
	b.Helper()
	days := 365
	if testing.Short() {
		days = 30
	}
	h := newHistory(1)
	h.run(days*perDay + 100)
	h.key = testKey(1)
	st := open(b)
	l := h.write(b, st)
	lease := &logtest.Lease{Store: st}
	lease.Grant(evidence.Note{Head: h.head}.Sign(logRoot, h.key).String())
	log := logbook.New(l, lease, logbook.Options{By: "i1", Key: h.key})
	for day := range days {
		at := day0.AddDate(0, 0, day)
		_, err := logtest.Close(b.Context(), l, log, at, at.AddDate(0, 0, 1).Add(time.Hour), time.Minute, "i1")
		require.NoError(b, err)
	}
	row := h.row()
	row.Note = lease.Note()
	commit(b, st, store.Set(l.LockKey(), row))
	b.Logf("%d beats in %d days", len(h.beats), days)
	return h, l
}

// BenchmarkEvidenceOfALog checks a year with its log. Beside it, in turns, the same beats
// are read once and nothing is looked at, and as much text as they have is hashed, which is
// the same on every store: by the ratios to these machines may be compared, and hours in
// which others use this one. cpu-ns/beat is what all processors together spent.
func BenchmarkEvidenceOfALog(b *testing.B) {
	for name, open := range map[string]func(testing.TB) store.Store{
		"memory": func(testing.TB) store.Store { return memstore.New(nil) },
		"sqlite": sqlite,
	} {
		b.Run(name, func(b *testing.B) {
			h, l := loggedYear(b, open)
			o := verify.EvidenceOptions{Keys: []ed25519.PublicKey{publicOf(h.key)}, Now: h.now()}
			var check, cpu, bare, hashing time.Duration
			text := evidence.BeatEntry(h.beats[0])
			for b.Loop() {
				at, used := time.Now(), cputime.Used()
				got := evidenceOf(b, l, o)
				check += time.Since(at)
				cpu += cputime.Used() - used
				if got.Verdict != verify.Pass || got.Counts["beats"] != int64(len(h.beats)) || got.Counts["logged"] < int64(len(h.beats)-100) {
					b.Fatal(got)
				}
				used = cputime.Used()
				n := 0
				for e, err := range l.Heartbeats(b.Context(), ledger.Page{}) {
					if err != nil || e.Value.ChainSeq == 0 {
						b.Fatal(err)
					}
					n++
				}
				bare += cputime.Used() - used
				used = cputime.Used()
				for range h.beats {
					text[0] = sha256.Sum256(text)[0]
				}
				hashing += cputime.Used() - used
			}
			beats := float64(len(h.beats)) * float64(b.N)
			b.ReportMetric(float64(cpu)/float64(bare), "×reading")
			b.ReportMetric(float64(cpu)/float64(hashing), "×sha256")
			b.ReportMetric(float64(cpu.Nanoseconds())/beats, "cpu-ns/beat")
			b.ReportMetric(beats/check.Seconds(), "beats/s")
		})
	}
}

// BenchmarkProve proves beats anywhere in a year, and holds the worst of them and their
// size to what is promised.
func BenchmarkProve(b *testing.B) {
	h, l := loggedYear(b, func(testing.TB) store.Store { return memstore.New(nil) })
	rng := rand.New(rand.NewPCG(1, 1))
	worst, least, size := time.Duration(0), time.Duration(math.MaxInt64), 0
	keys := []ed25519.PublicKey{publicOf(h.key)}
	for b.Loop() {
		one := h.beats[rng.IntN(len(h.beats)-100)]
		at := time.Now()
		p, err := logbook.Prove(b.Context(), l, ledger.Heartbeats, one.BucketID)
		took := time.Since(at)
		require.NoError(b, err)
		worst, least, size = max(worst, took), min(least, took), max(size, len(p.Proof.String()))
		_, err = p.Proof.Check(p.Entry, keys...)
		require.NoError(b, err)
	}
	if size >= 2048 {
		b.Errorf("a proof has %d bytes", size)
	}
	b.ReportMetric(worst.Seconds()*1000, "ms-worst")
	b.ReportMetric(least.Seconds()*1000, "ms-least")
	b.ReportMetric(float64(size), "bytes")
}
