package guardstore_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/guardstore"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/store"
)

// beatAt is a document as large as most are.
func beatAt(n int) longrun.Heartbeat {
	at := time.Unix(int64(60*n), 0).UTC()
	return longrun.Heartbeat{
		BucketID: longrun.SlotAt(at, time.Minute).ID(time.Minute), TS: at, TSISO: longrun.ISO(at), CommitHash: "0123456789abcdef",
		InstanceID: "instance-a", UptimeSec: int64(60 * n), MemoryRSS: 123456789, ConnectedCount: 3, ExpectedIntervalSec: 60, ChainSeq: int64(n),
	}
}

// fill writes n documents.
func fill(b *testing.B, st store.Store, n int) {
	b.Helper()
	for i := 0; i < n; i += store.MaxOps {
		var ops []store.Op
		for j := i; j < min(i+store.MaxOps, n); j++ {
			ops = append(ops, store.Set(key(strconv.Itoa(j)), beatAt(j)))
		}
		_, err := st.Commit(context.Background(), ops...)
		require.NoError(b, err)
	}
}

// BenchmarkScan reads a month of beats and decodes each, as every reader does:
// bare, and behind the guard.
func BenchmarkScan(b *testing.B) {
	const beats = 30 * 24 * 60
	mem := memstoreOf(b, 0)
	sqlite := openSQLite(b)
	for name, st := range map[string]store.Store{"memstore": mem, "sqlite": sqlite} {
		fill(b, st, beats)
		for how, st := range map[string]store.Store{"bare": st, "guarded": guardstore.Of(st, nil)} {
			b.Run(name+"/"+how, func(b *testing.B) {
				for b.Loop() {
					n := 0
					for rec, err := range st.Scan(context.Background(), all()) {
						var v longrun.Heartbeat
						if err != nil || rec.Decode(&v) != nil || v.ChainSeq != int64(n) {
							b.Fatal(err, v)
						}
						n++
					}
					if n != beats {
						b.Fatal(n)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*beats), "ns/record")
			})
		}
	}
}

func BenchmarkGet(b *testing.B) {
	mem := memstoreOf(b, 1)
	sqlite := openSQLite(b)
	fill(b, sqlite, 1)
	for name, st := range map[string]store.Store{"memstore": mem, "sqlite": sqlite} {
		for how, st := range map[string]store.Store{"bare": st, "guarded": guardstore.Of(st, nil)} {
			b.Run(name+"/"+how, func(b *testing.B) {
				for b.Loop() {
					if _, err := st.Get(context.Background(), key("0")); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
