package sqlitestore_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

var toRead = &sqlitestore.Options{ReadOnly: true}

// Evidence stays as it is, byte by byte, and nothing is left beside it.
func TestAFileOpenedToBeReadIsNotChanged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.db")
	writer := open(t, path, nil)
	stamp := set(t, writer, store.Set(key("a"), noteAt(1)))[0]
	require.NoError(t, writer.Close())
	before := contents(t, dir)

	st := open(t, path, toRead)
	r, err := st.Get(t.Context(), key("a"))
	require.NoError(t, err)
	require.Equal(t, stamp.Version, r.Version)
	_, err = st.Commit(t.Context(), store.Set(key("a"), noteAt(2)))
	require.ErrorIs(t, err, store.ErrInvalid)
	require.ErrorContains(t, err, "ReadOnly")
	require.ErrorContains(t, err, path)
	ch := watch(t, t.Context(), st, "a")
	require.NoError(t, st.Close())
	for range ch {
		require.Fail(t, "nothing has changed")
	}
	require.Equal(t, before, contents(t, dir))
}

// What is committed and lies in the -wal file only is read too, and not written
// into the database.
func TestALeftOverWALIsReadToo(t *testing.T) {
	t.Parallel()
	live := filepath.Join(t.TempDir(), "a.db")
	writer := open(t, live, nil)
	stamp := set(t, writer, store.Set(key("a"), noteAt(1)))[0]
	for _, parts := range [][]string{{"", "-wal"}, {"", "-wal", "-shm"}} {
		dir := t.TempDir()
		path := filepath.Join(dir, "a.db")
		for _, part := range parts {
			copyFile(t, live+part, path+part)
		}
		before := contents(t, dir)
		st := open(t, path, toRead)
		r, err := st.Get(t.Context(), key("a"))
		require.NoError(t, err)
		require.Equal(t, stamp.Version, r.Version)
		require.NoError(t, st.Close())
		after := contents(t, dir)
		delete(before, path+"-shm")
		delete(after, path+"-shm")
		require.Equal(t, before, after)
	}
}

func TestALiveFileIsReadBesideItsWriter(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	writer := open(t, path, nil)
	st := open(t, path, toRead)
	for n := range 3 {
		stamp := set(t, writer, store.Set(key("a"), noteAt(n)))[0]
		r, err := st.Get(t.Context(), key("a"))
		require.NoError(t, err)
		require.Equal(t, stamp.Version, r.Version)
	}
	require.NoError(t, writer.Close())
	_, err := st.Get(t.Context(), key("a"))
	require.NoError(t, err, "the reader goes on")
}

// Where nobody has the file open, it is read without a lock. That must not go
// on unseen when somebody writes it.
func TestAFileThatIsWrittenAgainIsNotReadAsItWas(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	require.NoError(t, open(t, path, nil).Close())
	st := open(t, path, toRead)
	_, err := st.Get(t.Context(), key("a"))
	require.ErrorIs(t, err, store.ErrNotFound)

	writer := open(t, path, nil)
	set(t, writer, store.Set(key("a"), noteAt(1)))
	requireMovedForReader(t, st)
	require.NoError(t, writer.Close())
	requireMovedForReader(t, st)
	_, err = open(t, path, toRead).Get(t.Context(), key("a"))
	require.NoError(t, err)
}

func requireMovedForReader(t *testing.T, st *sqlitestore.Store) {
	t.Helper()
	_, err := st.Get(t.Context(), key("a"))
	require.ErrorIs(t, err, store.ErrMoved)
	for _, err := range st.Scan(t.Context(), store.Query{Collection: "notes"}) {
		require.ErrorIs(t, err, store.ErrMoved)
	}
}

func TestOpenToReadMakesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.db")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	text := filepath.Join(dir, "text.db")
	require.NoError(t, os.WriteFile(text, []byte("This is no database."), 0o600))
	foreign := filepath.Join(dir, "foreign.db")
	run(t, raw(t, foreign), `CREATE TABLE customers (name TEXT)`)
	before := contents(t, dir)
	for path, says := range map[string]string{
		filepath.Join(dir, "none.db"): "no such file",
		empty:                         "is empty",
		text:                          "not a database",
		foreign:                       "another application",
		dir:                           "no regular file",
	} {
		_, err := sqlitestore.Open(t.Context(), path, toRead)
		require.ErrorContains(t, err, says)
		require.ErrorContains(t, err, path)
	}
	require.Equal(t, before, contents(t, dir))
}

// A copy by other means is no longer in WAL mode, and may have a journal with
// what takes a half-done write back.
func TestACopyWithAJournalIsNotReadHalfWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	live, vacuumed := filepath.Join(dir, "a.db"), filepath.Join(dir, "copy.db")
	set(t, open(t, live, nil), store.Set(key("a"), noteAt(1)))
	run(t, raw(t, live), "VACUUM INTO '"+vacuumed+"'")
	_, err := open(t, vacuumed, toRead).Get(t.Context(), key("a"))
	require.NoError(t, err)

	conn := raw(t, vacuumed)
	run(t, conn, "PRAGMA cache_size = 1")
	run(t, conn, "PRAGMA cache_spill = 1")
	run(t, conn, "BEGIN IMMEDIATE")
	run(t, conn, "CREATE TABLE big AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 3000) SELECT i, hex(randomblob(100)) AS x FROM n")
	torn := filepath.Join(dir, "torn.db")
	for _, part := range []string{"", "-journal"} {
		copyFile(t, vacuumed+part, torn+part)
	}
	run(t, conn, "ROLLBACK")
	_, err = sqlitestore.Open(t.Context(), torn, toRead)
	require.ErrorContains(t, err, torn)
}
