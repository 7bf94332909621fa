package locktest_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/firestoretest"
	"github.com/seed-13dc028d/longwatch/lock/locktest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/firestorestore"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

func TestTheLockOnMemory(t *testing.T) {
	t.Parallel()
	locktest.Run(t, func(*testing.T) store.Store { return memstore.New(nil) })
}

func TestTheLockOnSQLite(t *testing.T) {
	t.Parallel()
	locktest.Run(t, func(t *testing.T) store.Store {
		st, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "lock.db"), nil)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, st.Close()) })
		return st
	})
}

func TestTheLockOnFirestoreByPolling(t *testing.T) {
	t.Parallel()
	st, err := firestorestore.New(firestoretest.Client(t), nil)
	require.NoError(t, err)
	locktest.Run(t, func(*testing.T) store.Store { return st })
}

func TestTheLockOnFirestoreByWatching(t *testing.T) {
	t.Parallel()
	host, project := firestoretest.Host(t), firestoretest.Project()
	st, err := firestorestore.New(firestoretest.Connect(t, host, project), &firestorestore.Options{
		WatchClient: firestoretest.Connect(t, host, project),
	})
	require.NoError(t, err)
	locktest.Run(t, func(*testing.T) store.Store { return st })
}
