package lock_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/firestoretest"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/firestorestore"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// stores runs a benchmark on each store. Firestore is the emulator, where there
// is one: without the network between, it shows the number of calls at most.
func stores(b *testing.B, bench func(b *testing.B, st store.Store)) {
	b.Run("memory", func(b *testing.B) { bench(b, memstore.New(nil)) })
	b.Run("sqlite", func(b *testing.B) {
		st, err := sqlitestore.Open(b.Context(), filepath.Join(b.TempDir(), "bench.db"), nil)
		require.NoError(b, err)
		b.Cleanup(func() { require.NoError(b, st.Close()) })
		bench(b, st)
	})
	b.Run("firestore", func(b *testing.B) {
		host, project := firestoretest.Host(b), firestoretest.Project()
		st, err := firestorestore.New(firestoretest.Connect(b, host, project), &firestorestore.Options{
			WatchClient: firestoretest.Connect(b, host, project),
		})
		require.NoError(b, err)
		bench(b, st)
	})
}

func newLock(b *testing.B, st store.Store) lock.Lock {
	l, err := lock.New(st, lockKey, nil)
	require.NoError(b, err)
	return l
}

func BenchmarkAcquireAndRelease(b *testing.B) {
	stores(b, func(b *testing.B, st store.Store) {
		l := newLock(b, st)
		for b.Loop() {
			held, err := l.TryAcquire(b.Context())
			require.NoError(b, err)
			require.NoError(b, held.Release(b.Context()))
		}
	})
}

func BenchmarkCommit(b *testing.B) {
	for _, ops := range []int{0, 1} {
		b.Run(fmt.Sprintf("%d_ops", ops), func(b *testing.B) {
			stores(b, func(b *testing.B, st store.Store) {
				held, err := newLock(b, st).TryAcquire(b.Context())
				require.NoError(b, err)
				op := []store.Op{put(held, "x", "bench")}[:ops]
				for b.Loop() {
					require.NoError(b, held.Commit(b.Context(), op...))
				}
				b.StopTimer()
				require.NoError(b, held.Release(b.Context()))
			})
		})
	}
}

// BenchmarkCommitBesideTheBareOne compares a commit under the lease, with all that
// guards it, with one of the same two documents by the store alone, on one SQLite
// file, in turn. Target: p50-ratio at most 1.2.
func BenchmarkCommitBesideTheBareOne(b *testing.B) {
	st, err := sqlitestore.Open(b.Context(), filepath.Join(b.TempDir(), "bench.db"), nil)
	require.NoError(b, err)
	defer func() { require.NoError(b, st.Close()) }()
	held, err := newLock(b, st).TryAcquire(b.Context())
	require.NoError(b, err)
	rowKey := store.Key{Collection: lockKey.Collection, ID: "bare"}
	row := lock.Row{TS: time.Now(), Owner: "x", HolderInstanceID: "a", Epoch: 1, LeaseSec: 120}
	stamps, err := st.Commit(b.Context(), store.Create(rowKey, row))
	require.NoError(b, err)
	var leased, bare []time.Duration
	for b.Loop() {
		began := time.Now()
		err = held.Commit(b.Context(), put(held, "x", "bench"))
		leased = append(leased, time.Since(began))
		require.NoError(b, err)

		row.Seq++
		began = time.Now()
		stamps, err = st.Commit(b.Context(), store.Update(rowKey, row, stamps[0].Version), put(held, "y", "bench"))
		bare = append(bare, time.Since(began))
		require.NoError(b, err)
	}
	b.StopTimer()
	slices.Sort(leased)
	slices.Sort(bare)
	p50, bare50 := leased[len(leased)/2], bare[len(bare)/2]
	b.ReportMetric(float64(p50.Microseconds()), "µs-p50")
	b.ReportMetric(float64(bare50.Microseconds()), "µs-p50-bare")
	b.ReportMetric(float64(p50)/float64(bare50), "p50-ratio")
	require.NoError(b, held.Release(b.Context()))
}

// BenchmarkHandover measures from a release to the next holder's grant: two
// instances pass the lock to and fro, and each round is one handover.
func BenchmarkHandover(b *testing.B) {
	stores(b, func(b *testing.B, st store.Store) {
		locks := []lock.Lock{newLock(b, st), newLock(b, st)}
		held, err := locks[0].Acquire(b.Context())
		require.NoError(b, err)
		var total time.Duration
		rounds := 0
		for b.Loop() {
			rounds++
			waiting := locks[rounds%2]
			granted := make(chan *lock.Lease)
			go func() {
				l, err := waiting.Acquire(context.WithoutCancel(b.Context()))
				if err != nil {
					b.Error(err)
				}
				granted <- l
			}()
			for waiting.View().At.IsZero() || waiting.View().Row.Epoch != held.Token().Epoch {
				time.Sleep(100 * time.Microsecond) // until it waits
			}
			time.Sleep(time.Millisecond)
			start := time.Now()
			require.NoError(b, held.Release(b.Context()))
			held = <-granted
			total += time.Since(start)
		}
		b.ReportMetric(float64(total.Microseconds())/float64(rounds), "µs/handover")
		b.StopTimer()
		require.NoError(b, held.Release(b.Context()))
	})
}
