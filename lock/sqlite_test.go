package lock_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// TestScenario37 is in real time, since SQLite waits in it.
func TestScenario37ABusyDatabaseIsNoLoss(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "busy.db")
	st, err := sqlitestore.Open(t.Context(), path, &sqlitestore.Options{BusyTimeout: time.Millisecond})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	net := storetest.Wrap(st)
	l, err := lock.New(net, lockKey, &lock.Options{Lease: time.Hour, RetryMin: time.Millisecond, RetryMax: time.Millisecond})
	require.NoError(t, err)
	held, err := l.TryAcquire(t.Context())
	require.NoError(t, err)

	other, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, other.Close()) })
	conn, err := other.Conn(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	_, err = conn.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)
	// It lets go once the lock was refused often enough to have given up on the
	// operations, had it taken that for their fault.
	var once sync.Once
	net.Inject(storetest.Fault{After: func(ctx context.Context, c storetest.Call) error {
		if c.Method == storetest.Commit && c.N > 5 {
			once.Do(func() { _, err = conn.ExecContext(ctx, "ROLLBACK") })
			return err
		}
		return nil
	}})
	require.NoError(t, held.Commit(t.Context(), store.Set(docKey("x"), doc{By: "a", Epoch: 1})))
	require.Greater(t, net.Calls(storetest.Commit), 5)
	require.EqualValues(t, 1, held.Token().Epoch)
	require.NoError(t, held.Release(t.Context()))
}
