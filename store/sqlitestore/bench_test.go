package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/document"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/store"
)

const (
	heartbeats = "wa_metrics/longrun/heartbeats"
	year       = 365 * 24 * 60
)

// leaseRow has the shape of a lock's row.
type leaseRow struct {
	TS     time.Time `json:"ts" firestore:"ts"`
	Owner  string    `json:"owner" firestore:"owner"`
	Epoch  int64     `json:"epoch" firestore:"epoch"`
	Seq    int64     `json:"seq" firestore:"seq"`
	LeaseS int64     `json:"leaseSec" firestore:"leaseSec"`
}

func beat(i int) longrun.Heartbeat {
	h := longrun.Beat(time.Date(2025, 1, 1, 0, 0, 0, 123456000, time.UTC).Add(time.Duration(i)*time.Minute), time.Minute)
	h.CommitHash, h.InstanceID, h.UptimeSec, h.MemoryRSS = "0123456789abcdef", "instance-1", int64(i)*60, 123_456_789
	h.ConnectedCount, h.Healthy, h.Epoch, h.ChainSeq = 3, true, 7, int64(i)
	h.PrevHash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	return h
}

func openBench(b *testing.B) *Store {
	st, err := Open(b.Context(), filepath.Join(b.TempDir(), "bench.db"), nil)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, st.Close()) })
	return st
}

// BenchmarkLeaseAndHeartbeat compares the commit that a monitor makes each
// minute with the least that any program must do for it: two statements in one
// transaction, on the same file, in turn. Target: p50-ratio under 1.3.
func BenchmarkLeaseAndHeartbeat(b *testing.B) {
	st := openBench(b)
	bare := openBare(b, st)
	lock := store.Key{Collection: "wa_metrics/longrun/locks", ID: "heartbeat-scheduler"}
	stamps, err := st.Commit(b.Context(), store.Create(lock, leaseRow{TS: time.Unix(0, 0)}))
	require.NoError(b, err)
	version := stamps[0].Version
	var ours, theirs []time.Duration
	for i := 0; b.Loop(); i++ {
		h := beat(i)
		row := leaseRow{TS: h.TS, Owner: "instance-1", Epoch: 7, Seq: int64(i), LeaseS: 120}
		began := time.Now()
		stamps, err := st.Commit(b.Context(), store.Update(lock, row, version),
			store.Set(store.Key{Collection: heartbeats, ID: h.BucketID}, h))
		ours = append(ours, time.Since(began))
		require.NoError(b, err)
		version = stamps[0].Version

		lease, _, err := document.Encode(row)
		require.NoError(b, err)
		data, at, err := document.Encode(h)
		require.NoError(b, err)
		began = time.Now()
		require.NoError(b, bare.commit(b.Context(), i, string(lease), at.UnixMicro(), h.BucketID, string(data)))
		theirs = append(theirs, time.Since(began))
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	p50, bare50 := ours[len(ours)/2], theirs[len(theirs)/2]
	b.ReportMetric(float64(p50.Microseconds()), "µs-p50")
	b.ReportMetric(float64(bare50.Microseconds()), "µs-p50-bare")
	b.ReportMetric(float64(p50)/float64(bare50), "p50-ratio")
	b.ReportMetric(float64(ours[len(ours)*99/100])/float64(theirs[len(theirs)*99/100]), "p99-ratio")
}

// bareTables are what a program would make that had only this one job.
type bareTables struct {
	conn         *sql.Conn
	renew, write *sql.Stmt
}

func openBare(b *testing.B, st *Store) *bareTables {
	conn, err := st.db.Conn(b.Context())
	require.NoError(b, err)
	_, err = conn.ExecContext(b.Context(), `
		CREATE TABLE bare_lock (name TEXT PRIMARY KEY, seq INTEGER NOT NULL, data TEXT NOT NULL) STRICT, WITHOUT ROWID;
		CREATE TABLE bare_beat (id TEXT PRIMARY KEY, ts INTEGER NOT NULL, data TEXT NOT NULL) STRICT, WITHOUT ROWID;
		CREATE INDEX bare_beat_ts ON bare_beat (ts);
		INSERT INTO bare_lock VALUES ('l', -1, '')`)
	require.NoError(b, err)
	t := &bareTables{conn: conn}
	t.renew, err = conn.PrepareContext(b.Context(), `UPDATE bare_lock SET seq = ?1, data = ?2 WHERE name = 'l' AND seq = ?1 - 1`)
	require.NoError(b, err)
	t.write, err = conn.PrepareContext(b.Context(), `INSERT INTO bare_beat VALUES (?1, ?2, ?3)`)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, conn.Close()) })
	return t
}

func (t *bareTables) commit(ctx context.Context, seq int, lease string, ts int64, id, data string) error {
	if _, err := t.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if _, err := t.renew.ExecContext(ctx, seq, lease); err != nil {
		return err
	}
	if _, err := t.write.ExecContext(ctx, id, ts, data); err != nil {
		return err
	}
	_, err := t.conn.ExecContext(ctx, "COMMIT")
	return err
}

// openYear fills a store with a year of heartbeats, past the contract to be
// quick.
func openYear(b *testing.B) *Store {
	st := openBench(b)
	conn, err := st.db.Conn(b.Context())
	require.NoError(b, err)
	tx, err := conn.BeginTx(b.Context(), nil)
	require.NoError(b, err)
	set, err := tx.Prepare(sqlSet)
	require.NoError(b, err)
	for i := range year {
		h := beat(i)
		data, at, err := document.Encode(h)
		require.NoError(b, err)
		_, err = set.Exec(heartbeats, h.BucketID, at.UnixMicro(), i, at.UnixMicro(), string(data))
		require.NoError(b, err)
	}
	require.NoError(b, tx.Commit())
	require.NoError(b, conn.Close())
	return st
}

// BenchmarkScanYear streams a year of heartbeats. Target: 500,000 records a
// second, or what the bare driver gives, and under 32 MB of heap.
func BenchmarkScanYear(b *testing.B) {
	st := openYear(b)
	rate := func(b *testing.B) {
		b.ReportMetric(float64(year)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
	}
	b.Run("driver", func(b *testing.B) {
		for b.Loop() {
			rows, err := st.db.QueryContext(context.Background(), `SELECT id, ts, version, updated, data FROM documents WHERE collection = ? ORDER BY ts, id`, heartbeats)
			require.NoError(b, err)
			n := 0
			for rows.Next() {
				var r row
				require.NoError(b, rows.Scan(&r.id, &r.ts, &r.version, &r.updated, &r.data))
				n++
			}
			require.NoError(b, rows.Close())
			require.Equal(b, year, n)
		}
		rate(b)
	})
	for _, decode := range []bool{false, true} {
		b.Run(fmt.Sprintf("decode=%v", decode), func(b *testing.B) {
			for b.Loop() {
				n := 0
				for r, err := range st.Scan(b.Context(), store.Query{Collection: heartbeats}) {
					require.NoError(b, err)
					if decode {
						var h longrun.Heartbeat
						if err := r.Decode(&h); err != nil {
							b.Fatal(err)
						}
					}
					n++
				}
				require.Equal(b, year, n)
			}
			rate(b)
		})
	}
	b.Run("heap", func(b *testing.B) {
		for b.Loop() {
			b.ReportMetric(heapGrowth(b, st), "MB-peak-heap")
		}
	})
}

// heapGrowth is how much the heap grows at most while a year streams by.
func heapGrowth(b *testing.B, st *Store) float64 {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	peak, n := before.HeapInuse, 0
	for r, err := range st.Scan(b.Context(), store.Query{Collection: heartbeats}) {
		require.NoError(b, err)
		var h longrun.Heartbeat
		require.NoError(b, r.Decode(&h))
		if n++; n%2000 == 0 {
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapInuse)
		}
	}
	return float64(peak-before.HeapInuse) / (1 << 20)
}
