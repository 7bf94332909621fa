package monitor_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// A file that is deleted, or replaced by a backup, under a running monitor: it
// says so, leads no longer, is told as unreachable, and writes into no orphan. It
// goes on when the file is back.
func TestAStoreThatIsMovedIsLost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "l.db")
	st, err := sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = st.Close() })
	n := start(t, st, "a", func(c *monitor.Config) {
		c.Interval, c.Lease = time.Second, 4*time.Second
	})
	setting(t, st, func(s *longrun.Settings) { s.AlertThresholds.StoreUnreachableSec = 2 })
	n.log.await(t, "leading")
	aside := filepath.Join(dir, "aside")
	require.NoError(t, os.Mkdir(aside, 0o700))
	moved, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	for _, f := range moved {
		require.NoError(t, os.Rename(f, filepath.Join(aside, filepath.Base(f))))
	}
	n.log.await(t, "the store was moved, replaced or deleted")
	n.log.await(t, "lease lost")
	s := n.Status()
	require.True(t, s.StoreMoved)
	require.False(t, s.StoreReachable)
	require.NotEqual(t, monitor.Leading, s.State)
	require.Contains(t, s.StoreError, "not what the name shows")

	other, err := sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	require.NoError(t, other.Close(), "a store of its own may lie there meanwhile")
	for _, f := range []string{path, path + "-wal", path + "-shm"} {
		_ = os.Remove(f)
	}
	n.log.await(t, "kind=firing")
	for _, f := range moved {
		require.NoError(t, os.Rename(filepath.Join(aside, filepath.Base(f)), f))
	}
	n.log.await(t, "store reachable again")
	n.log.await(t, "late beats stored")
	n.end()
	require.False(t, n.Status().StoreMoved)
	require.NotEmpty(t, documents[longrun.Heartbeat](t, st, ledger.Heartbeats))
}
