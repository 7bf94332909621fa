package sqlitestore_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
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

type note struct {
	TS time.Time `json:"ts" firestore:"ts"`
	N  int64     `json:"n" firestore:"n"`
}

var noon = time.Date(2025, 12, 29, 12, 0, 0, 0, time.UTC)

func noteAt(n int) note { return note{TS: noon.Add(time.Duration(n) * time.Second), N: int64(n)} }

func key(id string) store.Key { return store.Key{Collection: "notes", ID: id} }

func open(t *testing.T, path string, opts *sqlitestore.Options) *sqlitestore.Store {
	t.Helper()
	st, err := sqlitestore.Open(t.Context(), path, opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	return st
}

func set(t *testing.T, st store.Store, ops ...store.Op) []store.Stamp {
	t.Helper()
	stamps, err := st.Commit(t.Context(), ops...)
	require.NoError(t, err)
	return stamps
}

// raw opens the same file past the store, as another program would.
func raw(t *testing.T, path string) *sql.Conn {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		require.NoError(t, db.Close())
	})
	return conn
}

func run(t *testing.T, conn *sql.Conn, text string) {
	t.Helper()
	_, err := conn.ExecContext(context.WithoutCancel(t.Context()), text)
	require.NoError(t, err)
}

func TestDocumentsOutliveTheStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	st, err := sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	stamp := set(t, st, store.Create(key("a"), noteAt(1)))[0]
	require.NoError(t, st.Close())

	again := open(t, path, nil)
	r, err := again.Get(t.Context(), key("a"))
	require.NoError(t, err)
	require.Equal(t, stamp.Version, r.Version)
	require.Equal(t, stamp.UpdateTime, r.UpdateTime)
}

func TestVersionsAreNotReusedAfterReopening(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	seen := map[string]bool{}
	for range 3 {
		st, err := sqlitestore.Open(t.Context(), path, nil)
		require.NoError(t, err)
		version := set(t, st, store.Create(key("a"), noteAt(1)))[0].Version
		require.False(t, seen[version], version)
		seen[version] = true
		set(t, st, store.Delete(key("a")))
		require.NoError(t, st.Close())
	}
}

func TestTheFileStaysReadableForPeople(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	st := open(t, path, nil)
	set(t, st, store.Set(key("a"), map[string]any{"ts": noon, "text": "a < b & ü"}))
	var text string
	require.NoError(t, raw(t, path).QueryRowContext(t.Context(), `SELECT data FROM documents WHERE id = 'a'`).Scan(&text))
	require.Equal(t, `{"text":"a < b & ü","ts":"2025-12-29T12:00:00Z"}`, text) //nolint:testifylint // the very text counts
}

func TestEveryPathIsJustAPath(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"plain.db", "with space.db", "what?mode=memory", "a#b", "100%.db", "%41", "ünïcode 👋.db", "a&b=c", "'quoted'", "file:x"} {
		path := filepath.Join(dir, name)
		st := open(t, path, nil)
		set(t, st, store.Set(key("a"), noteAt(1)))
		info, err := os.Stat(path)
		require.NoError(t, err, name)
		require.Positive(t, info.Size(), name)
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 10*3, "each is one file, its -wal and its -shm")
}

func TestARelativePathMeansTheDirectoryOfTheOpening(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	t.Chdir(first)
	st := open(t, "a.db", nil)
	t.Chdir(second)
	set(t, st, store.Set(key("a"), noteAt(1)))
	_, err := os.Stat(filepath.Join(first, "a.db"))
	require.NoError(t, err)
	entries, err := os.ReadDir(second)
	require.NoError(t, err)
	require.Empty(t, entries)
}

func TestOpenRefusesWhatIsNoStore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	foreign := filepath.Join(dir, "foreign.db")
	run(t, raw(t, foreign), `CREATE TABLE customers (name TEXT); INSERT INTO customers VALUES ('x')`)
	marked := filepath.Join(dir, "marked.db")
	run(t, raw(t, marked), `PRAGMA application_id = 4711; CREATE TABLE documents (x)`)
	newer := filepath.Join(dir, "newer.db")
	require.NoError(t, open(t, newer, nil).Close())
	run(t, raw(t, newer), `PRAGMA user_version = 99`)

	for name, c := range map[string]struct{ path, says string }{
		"no database":           {file("text.db", strings.Repeat("This is no database. ", 100)), "not a database"},
		"a short text":          {file("short.db", "hello"), "not a database"},
		"another application":   {foreign, "another application"},
		"another mark":          {marked, "another application"},
		"a newer schema":        {newer, "schema 99"},
		"a directory":           {dir, "no regular file"},
		"no directory":          {filepath.Join(dir, "missing", "a.db"), "no such file"},
		"below a file":          {filepath.Join(file("file", ""), "a.db"), "is no directory"},
		"no path":               {"", "no file"},
		"the driver's memory":   {":memory:", "memstore"},
		"a device":              {os.DevNull, "no regular file"},
		"a name that is toobig": {filepath.Join(dir, strings.Repeat("x", 300)), "open"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, _ := os.ReadFile(c.path)
			_, err := sqlitestore.Open(t.Context(), c.path, nil)
			require.ErrorContains(t, err, c.says)
			require.ErrorContains(t, err, "sqlitestore: ")
			require.ErrorContains(t, err, c.path, "the error names the file")
			require.NotErrorIs(t, err, store.ErrInvalid)
			after, _ := os.ReadFile(c.path)
			require.Equal(t, before, after, "a refused file is not touched")
		})
	}
}

// Whoever is the last to close a database that was opened to be written writes
// its -wal file into it, and deletes that. It must not happen to another
// application's database by looking whose it is.
func TestAnothersDatabaseIsRefusedUnchangedWithItsWAL(t *testing.T) {
	t.Parallel()
	from, dir := filepath.Join(t.TempDir(), "foreign.db"), t.TempDir()
	conn := raw(t, from)
	run(t, conn, "PRAGMA journal_mode = WAL")
	run(t, conn, "CREATE TABLE customers (name TEXT); INSERT INTO customers VALUES ('x')")
	path := filepath.Join(dir, "a.db")
	for _, part := range []string{"", "-wal", "-shm"} {
		copyFile(t, from+part, path+part)
	}
	before := contents(t, dir)
	for _, opts := range []*sqlitestore.Options{nil, toRead} {
		_, err := sqlitestore.Open(t.Context(), path, opts)
		require.ErrorContains(t, err, "another application")
		after := contents(t, dir)
		require.Equal(t, before[path], after[path])
		require.Equal(t, before[path+"-wal"], after[path+"-wal"])
	}
	// As a database that is closed.
	require.NoError(t, os.Remove(path+"-wal"))
	require.NoError(t, os.Remove(path+"-shm"))
	run(t, conn, "PRAGMA wal_checkpoint(TRUNCATE)")
	copyFile(t, from, path)
	before = contents(t, dir)
	for _, opts := range []*sqlitestore.Options{nil, toRead} {
		_, err := sqlitestore.Open(t.Context(), path, opts)
		require.ErrorContains(t, err, "another application")
		require.Equal(t, before, contents(t, dir))
	}
}

func TestOpenValidatesItsOptions(t *testing.T) {
	t.Parallel()
	_, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "a.db"), &sqlitestore.Options{BusyTimeout: -1})
	require.ErrorContains(t, err, "BusyTimeout")
}

func TestOpenHonoursItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := sqlitestore.Open(ctx, filepath.Join(t.TempDir(), "a.db"), nil)
	require.ErrorIs(t, err, context.Canceled)
}

// Opening a store that exists writes nothing, so it waits for no writer.
func TestOpenDoesNotWaitForAWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	synctest.Test(t, func(t *testing.T) {
		set(t, open(t, path, nil), store.Set(key("a"), noteAt(1)))
		release := hold(t, path)
		began := time.Now()
		st := open(t, path, nil)
		_, err := st.Get(t.Context(), key("a"))
		require.NoError(t, err)
		require.Zero(t, time.Since(began))
		release()
	})
}

// A new file that another process keeps locked costs the busy timeout, twice at
// the most, and the clock that the host gave has no part in it.
func TestOpenOfALockedNewFileGivesUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	synctest.Test(t, func(t *testing.T) {
		release := hold(t, path)
		began := time.Now()
		_, err := sqlitestore.Open(t.Context(), path, &sqlitestore.Options{BusyTimeout: 2 * time.Second, Clock: clock.NewMock()})
		require.ErrorContains(t, err, "locked")
		require.ErrorContains(t, err, path)
		require.LessOrEqual(t, time.Since(began), 4*time.Second+time.Millisecond)

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began = time.Now()
		_, err = sqlitestore.Open(ctx, path, &sqlitestore.Options{BusyTimeout: time.Hour})
		require.Error(t, err)
		require.LessOrEqual(t, time.Since(began), time.Second)
		release()
		set(t, open(t, path, nil), store.Set(key("a"), noteAt(1)))
	})
}

func TestAnEmptyFileBecomesAStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	set(t, open(t, path, nil), store.Set(key("a"), noteAt(1)))
}

func TestManyMayOpenTheSameNewFileAtOnce(t *testing.T) {
	t.Parallel()
	for range 5 {
		path := filepath.Join(t.TempDir(), "a.db")
		const openers = 8
		errs := make([]error, openers)
		var wg sync.WaitGroup
		for i := range openers {
			wg.Go(func() {
				st, err := sqlitestore.Open(t.Context(), path, nil)
				if err == nil {
					_, err = st.Commit(t.Context(), store.Create(key(string(rune('a'+i))), noteAt(i)))
					defer st.Close()
				}
				errs[i] = err
			})
		}
		wg.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		n := 0
		for _, err := range open(t, path, nil).Scan(t.Context(), store.Query{Collection: "notes"}) {
			require.NoError(t, err)
			n++
		}
		require.Equal(t, openers, n)
	}
}

func isConflict(err error) bool { return errors.Is(err, store.ErrConflict) }
