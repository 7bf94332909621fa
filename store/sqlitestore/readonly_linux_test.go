package sqlitestore_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
)

// asNobody runs a role as somebody whom file modes bind: they mean nothing to
// root, so as root it is nobody.
func asNobody(t *testing.T, role, path string) *exec.Cmd {
	t.Helper()
	cmd := child(t, role, path)
	if os.Geteuid() == 0 {
		const nobody = 65534
		dir := t.TempDir()
		letIn(t, dir)
		cmd.Path = copyOfTheTest(t, dir)
		cmd.Dir = dir
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return cmd
}

// letIn lets everybody into a directory of the test's.
func letIn(t *testing.T, dir string) {
	t.Helper()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755)) //nolint:gosec // nobody must get in
	require.NoError(t, os.Chmod(dir, 0o755))               //nolint:gosec // nobody must get in
}

// sealed is a directory that can be read and not written, with such files: the
// parts of what lies at from.
func sealed(t *testing.T, from string, parts ...string) (path string) {
	t.Helper()
	dir := t.TempDir()
	letIn(t, dir)
	path = filepath.Join(dir, "a.db")
	for _, part := range parts {
		copyFile(t, from+part, path+part)
		require.NoError(t, os.Chmod(path+part, 0o444)) //nolint:gosec // nobody must read it
	}
	require.NoError(t, os.Chmod(dir, 0o555))                       //nolint:gosec // nobody must get in
	t.Cleanup(func() { require.NoError(t, os.Chmod(dir, 0o700)) }) //nolint:gosec // to clean up
	return path
}

func TestAReadOnlyFileIsAnErrorThatNamesItAndTheWayToReadIt(t *testing.T) {
	t.Parallel()
	closed := filepath.Join(t.TempDir(), "a.db")
	require.NoError(t, open(t, closed, nil).Close())
	path := sealed(t, closed, "")
	writableDir := t.TempDir()
	letIn(t, writableDir)
	require.NoError(t, os.Chmod(writableDir, 0o777)) //nolint:gosec // nobody must write there
	alone := filepath.Join(writableDir, "a.db")
	copyFile(t, closed, alone)
	require.NoError(t, os.Chmod(alone, 0o444)) //nolint:gosec // nobody must read it

	for _, path := range []string{path, alone} {
		out, err := asNobody(t, "open", path).Output()
		require.Error(t, err, "a read-only file was opened to be written")
		require.Contains(t, string(out), "sqlitestore: "+path)
		require.Contains(t, string(out), "readonly")
		require.Contains(t, string(out), "Options.ReadOnly")
		out, err = asNobody(t, "read", path).Output()
		require.NoError(t, err, "%s", out)
	}
	entries, err := os.ReadDir(writableDir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "%v", entries)
}

func TestEvidenceOnAReadOnlyMediumCanBeRead(t *testing.T) {
	t.Parallel()
	live := filepath.Join(t.TempDir(), "a.db")
	st := open(t, live, nil)
	set(t, st, store.Set(key("inside"), noteAt(1)))
	require.NoError(t, st.Close())
	closed := sealed(t, live, "")
	st = open(t, live, nil)
	set(t, st, store.Set(key("wal"), noteAt(2)))

	for name, c := range map[string]struct{ path, want string }{
		"closed":             {closed, "inside "},
		"with -wal and -shm": {sealed(t, live, "", "-wal", "-shm"), "inside wal "},
	} {
		out, err := asNobody(t, "read", c.path).Output()
		require.NoError(t, err, "%s: %s", name, out)
		require.Equal(t, c.want, string(out), name)
	}
	// Without the -shm file and a place for it the commits in the -wal cannot be
	// read: that is said, instead of leaving them out.
	path := sealed(t, live, "", "-wal")
	out, err := asNobody(t, "read", path).Output()
	require.Error(t, err, "%s", out)
	require.Contains(t, string(out), path+"-shm can be made")
	require.NotContains(t, string(out), "inside ")
}

// Somebody who may only read looks on while the server runs.
func TestALiveFileIsReadByWhoeverMayOnlyRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	letIn(t, dir)
	path := filepath.Join(dir, "a.db")
	st := open(t, path, nil)
	set(t, st, store.Set(key("live"), noteAt(1)))
	for _, part := range []string{"", "-wal", "-shm"} {
		require.NoError(t, os.Chmod(path+part, 0o644)) //nolint:gosec // nobody must read it
	}
	out, err := asNobody(t, "read", path).Output()
	require.NoError(t, err, "%s", out)
	require.Equal(t, "live ", string(out))
	set(t, st, store.Set(key("more"), noteAt(2)))
}

// copyOfTheTest puts the test binary where nobody may run it.
func copyOfTheTest(t *testing.T, dir string) string {
	t.Helper()
	from, err := os.Open(os.Args[0])
	require.NoError(t, err)
	defer from.Close()
	path := filepath.Join(dir, "test")
	// A process forked meanwhile would keep it open to be written, and then it
	// cannot be run.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	to, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755) //nolint:gosec // it is run by nobody
	require.NoError(t, err)
	_, err = io.Copy(to, from)
	require.NoError(t, err)
	require.NoError(t, to.Close())
	return path
}
