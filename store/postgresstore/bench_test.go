package postgresstore_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/seed-13dc028d/longwatch/internal/document"
	"github.com/seed-13dc028d/longwatch/internal/postgrestest"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/postgresstore"
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

// synced is a server that syncs each commit, as one in production does.
func synced(b *testing.B, with ...func(*pgxpool.Config)) (*postgresstore.Store, *pgxpool.Pool) {
	b.Helper()
	s := postgrestest.Start(b, "fsync=on", "shared_buffers=128MB")
	pool := postgrestest.Pool(b, s.DSN(), with...)
	st, err := postgresstore.New(pool, nil)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, st.Close()) })
	require.NoError(b, st.Migrate(b.Context()))
	return st, pool
}

func p50(all []time.Duration) time.Duration { return percentile(all, 50) }

func percentile(all []time.Duration, p int) time.Duration {
	slices.Sort(all)
	return all[len(all)*p/100]
}

// BenchmarkBeat compares the commit that a monitor makes in each slot with the least
// that any program must do for it: two statements in a transaction of four round
// trips, and the same two sent together. All on one server, in turn. Targets: 1.0
// times the former, 1.6 times the latter.
func BenchmarkBeat(b *testing.B) {
	st, pool := synced(b)
	_, err := pool.Exec(b.Context(), `
		CREATE TABLE bare_lock (name text PRIMARY KEY, seq bigint NOT NULL, data json NOT NULL);
		CREATE TABLE bare_beat (id text PRIMARY KEY, ts timestamptz NOT NULL, data json NOT NULL);
		CREATE INDEX bare_beat_ts ON bare_beat (ts);
		INSERT INTO bare_lock VALUES ('l', -1, '{}')`)
	require.NoError(b, err)
	const renew, write = `UPDATE bare_lock SET seq = $1, data = $2 WHERE name = 'l' AND seq = $3`, `INSERT INTO bare_beat VALUES ($1, $2, $3)`
	key := store.Key{Collection: "wa_metrics/longrun/locks", ID: "heartbeat-scheduler"}
	version := commit(b, st, store.Create(key, leaseRow{TS: time.Unix(0, 0)}))[0].Version
	var ours, four, one []time.Duration
	seq := int64(-1)
	for i := 0; b.Loop(); i++ {
		h := beat(i)
		row := leaseRow{TS: h.TS, Owner: "instance-1", Epoch: 7, Seq: int64(i), LeaseS: 120}
		began := time.Now()
		stamps, err := st.Commit(b.Context(), store.Update(key, row, version), store.Create(store.Key{Collection: heartbeats, ID: h.BucketID}, h))
		ours = append(ours, time.Since(began))
		require.NoError(b, err)
		version = stamps[0].Version

		lease, data := encoded(b, row), encoded(b, h)
		began = time.Now()
		tx, err := pool.Begin(b.Context())
		require.NoError(b, err)
		_, err = tx.Exec(b.Context(), renew, seq+1, lease, seq)
		require.NoError(b, err)
		_, err = tx.Exec(b.Context(), write, h.BucketID+" 4", h.TS, data)
		require.NoError(b, err)
		require.NoError(b, tx.Commit(b.Context()))
		four = append(four, time.Since(began))
		seq++

		began = time.Now()
		batch := &pgx.Batch{}
		batch.Queue(renew, seq+1, lease, seq)
		batch.Queue(write, h.BucketID+" 1", h.TS, data)
		require.NoError(b, pool.SendBatch(b.Context(), batch).Close())
		one = append(one, time.Since(began))
		seq++
	}
	b.ReportMetric(float64(p50(ours).Microseconds()), "µs-p50")
	b.ReportMetric(float64(percentile(ours, 99).Microseconds()), "µs-p99")
	b.ReportMetric(float64(p50(ours))/float64(p50(four)), "ratio-four-trips")
	b.ReportMetric(float64(p50(ours))/float64(p50(one)), "ratio-pipelined")
}

func encoded(b *testing.B, v any) string {
	b.Helper()
	data, _, err := document.Encode(v)
	require.NoError(b, err)
	return string(data)
}

// BenchmarkScanYear reads a year of heartbeats, and decodes none, beside one query for
// all of it. Target: 120,000 a second.
func BenchmarkScanYear(b *testing.B) {
	st, pool := synced(b)
	n := year
	if testing.Short() {
		n /= 10
	}
	_, err := pool.CopyFrom(b.Context(), pgx.Identifier{"longwatch", "documents"},
		[]string{"collection", "id", "ts", "version", "updated", "data"},
		pgx.CopyFromSlice(n, func(i int) ([]any, error) {
			h := beat(i)
			data, at, err := document.Encode(h)
			return []any{heartbeats, h.BucketID, at, [16]byte{byte(i), byte(i >> 8), byte(i >> 16)}, at, string(data)}, err
		}))
	require.NoError(b, err)
	_, err = pool.Exec(b.Context(), "VACUUM ANALYZE longwatch.documents")
	require.NoError(b, err)
	var ours, bare time.Duration
	for b.Loop() {
		read, began := 0, time.Now()
		for _, err := range st.Scan(b.Context(), store.Query{Collection: heartbeats}) {
			require.NoError(b, err)
			read++
		}
		require.Equal(b, n, read)
		ours += time.Since(began)

		began = time.Now()
		require.Equal(b, n, readAll(b, pool))
		bare += time.Since(began)
	}
	b.ReportMetric(float64(n)*float64(b.N)/ours.Seconds(), "records/s")
	b.ReportMetric(float64(ours)/float64(bare), "ratio-bare-query")
}

// readAll is one query for all that a Scan reads, in its order.
func readAll(b *testing.B, pool *pgxpool.Pool) (n int) {
	b.Helper()
	rows, err := pool.Query(b.Context(), `SELECT id, ts, version, updated, clock_timestamp(), data FROM longwatch.documents
		WHERE collection = $1 AND ts IS NOT NULL ORDER BY ts, id`, heartbeats)
	require.NoError(b, err)
	defer rows.Close()
	for rows.Next() {
		var id string
		var ts, updated, now time.Time
		var version [16]byte
		var data []byte
		require.NoError(b, rows.Scan(&id, &ts, &version, &updated, &now, &data))
		n++
	}
	require.NoError(b, rows.Err())
	return n
}

// BenchmarkHandover is from the release of a lease to its grant to another instance
// that waits for it, by notification, beside the least that any program must do for
// that: write and notify, hear it, read, write. Target: p50 5 ms.
func BenchmarkHandover(b *testing.B) {
	first, pool := synced(b)
	second, err := postgresstore.New(postgrestest.Pool(b, pool.Config().ConnString()), nil)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, second.Close()) })
	key := store.Key{Collection: "wa_metrics/longrun/locks", ID: "heartbeat-scheduler"}
	locks := make([]lock.Lock, 2)
	for i, st := range []store.Store{first, second} {
		locks[i], err = lock.New(st, key, &lock.Options{InstanceID: fmt.Sprint(i), Lease: time.Hour, Poll: time.Minute})
		require.NoError(b, err)
	}
	held, err := locks[0].TryAcquire(b.Context())
	require.NoError(b, err)
	var all, bare []time.Duration
	least := leastHandover(b, pool)
	for i := 1; b.Loop(); i++ {
		b.StopTimer()
		bare = append(bare, least())
		type grant struct {
			lease *lock.Lease
			at    time.Time
			err   error
		}
		granted := make(chan grant, 1)
		ctx, cancel := context.WithCancel(b.Context())
		go func() {
			l, err := locks[i%2].Acquire(ctx)
			granted <- grant{l, time.Now(), err}
		}()
		<-time.After(20 * time.Millisecond) // until it waits
		b.StartTimer()
		began := time.Now()
		require.NoError(b, held.Release(b.Context()))
		g := <-granted
		require.NoError(b, g.err)
		all = append(all, g.at.Sub(began))
		held = g.lease
		cancel()
	}
	b.ReportMetric(float64(p50(all).Microseconds())/1000, "ms-p50")
	b.ReportMetric(float64(percentile(all, 99).Microseconds())/1000, "ms-p99")
	b.ReportMetric(float64(p50(all))/float64(p50(bare)), "ratio-bare")
}

// leastHandover is one by hand, from one connection to another.
func leastHandover(b *testing.B, pool *pgxpool.Pool) func() time.Duration {
	b.Helper()
	_, err := pool.Exec(b.Context(), `CREATE TABLE bare_lock (name text PRIMARY KEY, seq bigint NOT NULL); INSERT INTO bare_lock VALUES ('l', 0)`)
	require.NoError(b, err)
	pooled, err := pool.Acquire(b.Context())
	require.NoError(b, err)
	waits := pooled.Hijack()
	b.Cleanup(func() { _ = waits.Close(context.Background()) })
	_, err = waits.Exec(b.Context(), "LISTEN bare")
	require.NoError(b, err)
	const write = `UPDATE bare_lock SET seq = seq + 1 WHERE name = 'l'`
	return func() time.Duration {
		taken := make(chan error, 1)
		go func() {
			_, err := waits.WaitForNotification(b.Context())
			if err == nil {
				var seq int64
				err = pool.QueryRow(b.Context(), "SELECT seq FROM bare_lock WHERE name = 'l'").Scan(&seq)
			}
			if err == nil {
				_, err = pool.Exec(b.Context(), write)
			}
			taken <- err
		}()
		<-time.After(20 * time.Millisecond) // until it waits
		began := time.Now()
		batch := &pgx.Batch{}
		batch.Queue(write)
		batch.Queue("NOTIFY bare")
		require.NoError(b, pool.SendBatch(b.Context(), batch).Close())
		require.NoError(b, <-taken)
		return time.Since(began)
	}
}

// BenchmarkCrowd is a thousand monitors on one database that beat at the same
// instant: slots of 30 s begin together. A slot is late when its beat is not stored
// before the next one begins.
func BenchmarkCrowd(b *testing.B) {
	const monitors = 1000
	st, _ := synced(b, func(c *pgxpool.Config) { c.MaxConns = 4 })
	versions := make([]string, monitors)
	lockOf := func(m int) store.Key { return store.Key{Collection: fmt.Sprintf("hosts/%d/locks", m), ID: "scheduler"} }
	for m := range monitors {
		versions[m] = commit(b, st, store.Create(lockOf(m), leaseRow{}))[0].Version
	}
	late := 0
	for i := 0; b.Loop(); i++ {
		var all errgroup.Group
		took := make([]time.Duration, monitors)
		began := time.Now()
		for m := range monitors {
			all.Go(func() error {
				h := beat(i)
				stamps, err := st.Commit(b.Context(), store.Update(lockOf(m), leaseRow{Seq: int64(i)}, versions[m]),
					store.Create(store.Key{Collection: fmt.Sprintf("hosts/%d/heartbeats", m), ID: h.BucketID}, h))
				if err == nil {
					versions[m] = stamps[0].Version
				}
				took[m] = time.Since(began)
				return err
			})
		}
		require.NoError(b, all.Wait())
		for _, d := range took {
			if d > 30*time.Second {
				late++
			}
		}
		b.ReportMetric(slices.Max(took).Seconds(), "s-worst-beat")
	}
	b.ReportMetric(float64(late), "late-slots")
}

// BenchmarkAfterCancel is the first read after one whose context ended while it
// waited: it pays for a new connection.
func BenchmarkAfterCancel(b *testing.B) {
	st, pool := synced(b, func(c *pgxpool.Config) { c.MaxConns = 4 })
	commit(b, st, store.Set(key, tally{1}))
	tx, err := pool.Begin(b.Context())
	require.NoError(b, err)
	defer func() { _ = tx.Rollback(context.WithoutCancel(b.Context())) }()
	_, err = tx.Exec(b.Context(), "UPDATE longwatch.documents SET updated = updated")
	require.NoError(b, err)
	var back, after []time.Duration
	for b.Loop() {
		ctx, cancel := context.WithTimeout(b.Context(), 5*time.Millisecond)
		began := time.Now()
		_, err := st.Commit(ctx, store.Set(key, tally{2}))
		back = append(back, time.Since(began)-5*time.Millisecond)
		cancel()
		require.ErrorIs(b, err, context.DeadlineExceeded)
		began = time.Now()
		_, err = st.Get(b.Context(), key)
		require.NoError(b, err)
		after = append(after, time.Since(began))
	}
	b.ReportMetric(float64(p50(back).Microseconds())/1000, "ms-p50-late")
	b.ReportMetric(float64(p50(after).Microseconds())/1000, "ms-p50-next-call")
}
