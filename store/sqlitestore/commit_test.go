package sqlitestore_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// hold takes the write lock as another process would, until release.
func hold(t *testing.T, path string) (release func()) {
	t.Helper()
	conn := raw(t, path)
	run(t, conn, "BEGIN IMMEDIATE")
	return func() { run(t, conn, "ROLLBACK") }
}

func TestEveryCommitIsSynced(t *testing.T) {
	t.Parallel()
	st := open(t, filepath.Join(t.TempDir(), "a.db"), nil)
	for name, want := range map[string]string{"synchronous": "2", "journal_mode": "wal"} {
		values, err := st.Pragma(t.Context(), name)
		require.NoError(t, err)
		for _, value := range values {
			require.Equal(t, want, value, name)
		}
	}
}

// The wait for another process ends with the context, long before the busy
// timeout. In the bubble both are exact.
func TestACommitWaitsNoLongerThanItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	synctest.Test(t, func(t *testing.T) {
		st := open(t, path, &sqlitestore.Options{BusyTimeout: time.Hour})
		set(t, st, store.Set(key("a"), noteAt(1)))
		release := hold(t, path)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		_, err := st.Commit(ctx, store.Set(key("a"), noteAt(2)))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, path)
		require.Equal(t, 3*time.Second, time.Since(began))
		release()

		r, err := st.Get(t.Context(), key("a"))
		require.NoError(t, err)
		require.Equal(t, noteAt(1).TS, r.At, "nothing was applied")
		set(t, st, store.Set(key("a"), noteAt(3)))
	})
}

func TestACommitWaitsNoLongerThanTheBusyTimeout(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	synctest.Test(t, func(t *testing.T) {
		st := open(t, path, &sqlitestore.Options{BusyTimeout: 2 * time.Second})
		set(t, st, store.Set(key("a"), noteAt(1)))
		release := hold(t, path)
		_, err := st.Commit(t.Context(), store.Create(key("b"), noteAt(2)))
		require.ErrorContains(t, err, "locked")
		require.ErrorContains(t, err, path)
		require.NotErrorIs(t, err, store.ErrInvalid)
		require.NotErrorIs(t, err, store.ErrConflict)
		release()
		set(t, st, store.Create(key("b"), noteAt(2)))
	})
}

func TestReadersDoNotWaitForAWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	synctest.Test(t, func(t *testing.T) {
		st := open(t, path, nil)
		set(t, st, store.Set(key("a"), noteAt(1)))
		conn := raw(t, path)
		run(t, conn, "BEGIN IMMEDIATE")
		run(t, conn, "DELETE FROM documents")
		began := time.Now()
		_, err := st.Get(t.Context(), key("a"))
		require.NoError(t, err)
		for _, err := range st.Scan(t.Context(), store.Query{Collection: "notes"}) {
			require.NoError(t, err)
		}
		require.Zero(t, time.Since(began))
		run(t, conn, "ROLLBACK")
	})
}

// The time is taken when this process has the lock: what others wrote meanwhile
// is older.
func TestTheTimeIsTakenBehindTheLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	synctest.Test(t, func(t *testing.T) {
		st := open(t, path, &sqlitestore.Options{BusyTimeout: time.Hour})
		release := hold(t, path)
		var stamps []store.Stamp
		var err error
		var wg sync.WaitGroup
		wg.Go(func() { stamps, err = st.Commit(t.Context(), store.Set(key("a"), noteAt(1))) })
		time.Sleep(time.Minute)
		freed := time.Now()
		release()
		wg.Wait()
		require.NoError(t, err)
		require.False(t, stamps[0].UpdateTime.Before(freed.Truncate(time.Microsecond)))
	})
}

// hasty is a clock that ends a context when it is asked for the time: inside
// the transaction, that is.
type hasty struct {
	clock.Clock
	end func()
}

func (c hasty) Now() time.Time {
	c.end()
	return c.Clock.Now()
}

func TestAContextThatEndsInsideTheTransactionRollsItBack(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	st := open(t, filepath.Join(t.TempDir(), "a.db"), &sqlitestore.Options{Clock: hasty{clock.New(), cancel}})
	_, err := st.Commit(ctx, store.Create(key("a"), noteAt(1)), store.Create(key("b"), noteAt(1)))
	require.ErrorIs(t, err, context.Canceled)
	for _, id := range []string{"a", "b"} {
		_, err := st.Get(t.Context(), key(id))
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	set(t, st, store.Create(key("a"), noteAt(2)))
}

// Writers of one process queue in Go, in the order in which they came: SQLite's
// own wait is a lottery, and would spend the busy timeout.
func TestWritersOfOneProcessQueue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	synctest.Test(t, func(t *testing.T) {
		st := open(t, path, &sqlitestore.Options{BusyTimeout: time.Hour})
		release := hold(t, path)
		const writers = 20
		stamps := make([][]store.Stamp, writers)
		errs := make([]error, writers)
		var wg sync.WaitGroup
		for i := range writers {
			wg.Go(func() { stamps[i], errs[i] = st.Commit(t.Context(), store.Set(key("a"), noteAt(i))) })
			time.Sleep(time.Millisecond)
		}
		// One of them leaves the queue.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := st.Commit(ctx, store.Set(key("late"), noteAt(0)))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		release()
		wg.Wait()
		var versions []string
		for i := range writers {
			require.NoError(t, errs[i])
			versions = append(versions, stamps[i][0].Version)
		}
		require.Len(t, slices.Compact(slices.Clone(versions)), writers)
		require.True(t, slices.IsSortedFunc(versions, func(a, b string) int {
			if len(a) != len(b) {
				return len(a) - len(b)
			}
			return strings.Compare(a, b)
		}), "%v", versions)
		_, err = st.Get(t.Context(), key("late"))
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}

func TestAFullDiskIsAnErrorThatPasses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	st := open(t, path, nil)
	stamp := set(t, st, store.Set(key("small"), noteAt(1)))[0]
	require.NoError(t, st.OnWriter(t.Context(), "PRAGMA max_page_count = 20"))
	large := map[string]any{"ts": noon, "text": strings.Repeat("x", 500<<10)}
	_, err := st.Commit(t.Context(), store.Update(key("small"), noteAt(2), stamp.Version), store.Create(key("large"), large))
	require.ErrorContains(t, err, "full")
	require.ErrorContains(t, err, path)
	require.NotErrorIs(t, err, store.ErrInvalid)
	require.NotErrorIs(t, err, store.ErrConflict)

	r, err := st.Get(t.Context(), key("small"))
	require.NoError(t, err)
	require.Equal(t, stamp.Version, r.Version, "nothing was applied")
	_, err = st.Get(t.Context(), key("large"))
	require.ErrorIs(t, err, store.ErrNotFound)
	set(t, st, store.Update(key("small"), noteAt(2), stamp.Version)) // small writes still fit

	require.NoError(t, st.OnWriter(t.Context(), "PRAGMA max_page_count = 100000"))
	set(t, st, store.Create(key("large"), large))
}

// A scan whose loop body takes its time must not keep a transaction open: the
// -wal file could not be reused, and would grow.
func TestAScanHoldsNoTransactionWhileTheBodyRuns(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	st := open(t, path, nil)
	var ops []store.Op
	for i := range 400 {
		ops = append(ops, store.Set(key(noteAt(i).TS.Format("150405")), noteAt(i)))
	}
	set(t, st, ops...)
	conn := raw(t, path)
	for r, err := range st.Scan(t.Context(), store.Query{Collection: "notes", Limit: 20}) {
		require.NoError(t, err)
		set(t, st, store.Set(r.Key, noteAt(0)))
		var busy, pages, done int
		require.NoError(t, conn.QueryRowContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &done))
		require.Zero(t, busy, "a reader keeps the -wal file")
	}
}

// Large documents make small pages: a page is bounded in bytes too.
func TestScanOfLargeDocumentsGoesOnBehindShortPages(t *testing.T) {
	t.Parallel()
	st := open(t, filepath.Join(t.TempDir(), "a.db"), nil)
	const total = 12
	for i := range total {
		set(t, st, store.Set(key(noteAt(i).TS.Format("150405")), map[string]any{"ts": noteAt(i).TS, "text": strings.Repeat("x", 900<<10)}))
	}
	for _, limit := range []int{0, total, total - 1} {
		n := 0
		for r, err := range st.Scan(t.Context(), store.Query{Collection: "notes", Limit: limit}) {
			require.NoError(t, err)
			require.True(t, noteAt(n).TS.Equal(r.At))
			n++
		}
		require.Equal(t, map[int]int{0: total, total: total, total - 1: total - 1}[limit], n)
	}
}

func TestStampsAreTheInjectedClocks(t *testing.T) {
	t.Parallel()
	clk := clock.NewMock()
	clk.Set(noon.Add(123456789))
	st := open(t, filepath.Join(t.TempDir(), "a.db"), &sqlitestore.Options{Clock: clk})
	stamp := set(t, st, store.Set(key("a"), noteAt(1)))[0]
	require.Equal(t, noon.Add(123456*time.Microsecond), stamp.UpdateTime)
	clk.Add(time.Hour)
	r, err := st.Get(t.Context(), key("a"))
	require.NoError(t, err)
	require.Equal(t, time.Hour, r.Age())
}
