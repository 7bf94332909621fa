//go:build unix

package sqlitestore_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

func modes(t *testing.T, path string) (found []os.FileMode) {
	t.Helper()
	for _, part := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + part)
		require.NoError(t, err)
		found = append(found, info.Mode().Perm())
	}
	return found
}

// The umask is the process's, so this test runs beside no other.
func TestANewFileIsItsOwnersAlone(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o077, 0o777} {
		dir := t.TempDir()
		link := filepath.Join(dir, "link.db")
		require.NoError(t, os.Symlink("target.db", link))
		before := syscall.Umask(umask)
		var errs []error
		for _, path := range []string{filepath.Join(dir, "a.db"), link} {
			st, err := sqlitestore.Open(t.Context(), path, nil)
			errs = append(errs, err)
			if err == nil {
				_, err = st.Commit(t.Context(), store.Set(key("a"), noteAt(1)))
				errs = append(errs, err)
				t.Cleanup(func() { require.NoError(t, st.Close()) })
			}
		}
		syscall.Umask(before)
		for _, err := range errs {
			require.NoError(t, err)
		}
		for _, name := range []string{"a.db", "target.db"} {
			require.Equal(t, []os.FileMode{0o600, 0o600, 0o600}, modes(t, filepath.Join(dir, name)), "umask %o", umask)
		}
	}
}

// Who may read a file that exists is its owner's affair, and who may enter a
// directory too.
func TestAFileThatExistsKeepsItsMode(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o750)) //nolint:gosec // it is what counts here
	path := filepath.Join(dir, "a.db")
	require.NoError(t, open(t, path, nil).Close())
	require.NoError(t, os.Chmod(path, 0o640)) //nolint:gosec // it is what counts here
	st := open(t, path, nil)
	set(t, st, store.Set(key("a"), noteAt(1)))
	require.Equal(t, []os.FileMode{0o640, 0o640, 0o640}, modes(t, path))
	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o750), info.Mode().Perm())
}
