package sqlitestore_test

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
)

// A file mode means nothing to root: as root the test looks through the eyes of
// nobody.
func TestAReadOnlyFileIsAnErrorThatNamesIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755)) //nolint:gosec // nobody must get in
	require.NoError(t, os.Chmod(dir, 0o755))               //nolint:gosec // nobody must get in
	path := filepath.Join(dir, "a.db")
	st := open(t, path, nil)
	set(t, st, store.Set(key("a"), noteAt(1)))
	require.NoError(t, st.Close())
	require.NoError(t, os.Chmod(path, 0o444)) //nolint:gosec // nobody must read it

	cmd := child(t, "open", path)
	if os.Geteuid() == 0 {
		const nobody = 65534
		cmd.Path = copyOfTheTest(t, dir)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	out, err := cmd.Output()
	require.Error(t, err, "a read-only file was opened")
	require.Contains(t, string(out), "sqlitestore: "+path)
	require.Contains(t, string(out), "readonly")
}

// copyOfTheTest puts the test binary where nobody may run it.
func copyOfTheTest(t *testing.T, dir string) string {
	t.Helper()
	from, err := os.Open(os.Args[0])
	require.NoError(t, err)
	defer from.Close()
	path := filepath.Join(dir, "test")
	to, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755) //nolint:gosec // it is run by nobody
	require.NoError(t, err)
	_, err = io.Copy(to, from)
	require.NoError(t, err)
	require.NoError(t, to.Close())
	return path
}
