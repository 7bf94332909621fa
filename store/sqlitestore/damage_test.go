package sqlitestore_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// files are a database as it lies on a disk: the -wal file is nil where there is none.
type files struct{ db, wal []byte }

func filesAt(t *testing.T, path string) (f files) {
	t.Helper()
	var err error
	f.db, err = os.ReadFile(path)
	require.NoError(t, err)
	f.wal, err = os.ReadFile(path + "-wal")
	if !errors.Is(err, os.ErrNotExist) {
		require.NoError(t, err)
	}
	return f
}

// write puts them into a directory of their own, without a -shm file, as they are
// found after a crash of the machine.
func (f files) write(t *testing.T, dir string) (path string) {
	t.Helper()
	path = filepath.Join(dir, "a.db")
	require.NoError(t, os.WriteFile(path, f.db, 0o600))
	if f.wal != nil {
		require.NoError(t, os.WriteFile(path+"-wal", f.wal, 0o600))
	}
	return path
}

const numbered = 40

// recorded are a database whose documents 0 to numbered-1 are all in its -wal file,
// one that was closed in good order, and one with the first half in each.
func recorded(t *testing.T) (fresh, closed, mixed files) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.db")
	fill := func(st store.Store, from, to int) {
		for n := from; n < to; n++ {
			set(t, st, store.Create(key(strconv.Itoa(n)), noteAt(n)))
		}
	}
	st, err := sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	fill(st, 0, numbered)
	fresh = filesAt(t, path)
	require.NoError(t, st.Close())
	closed = filesAt(t, path)

	path = filepath.Join(t.TempDir(), "b.db")
	st, err = sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	fill(st, 0, numbered/2)
	require.NoError(t, st.Close())
	st, err = sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	fill(st, numbered/2, numbered)
	mixed = filesAt(t, path)
	require.NoError(t, st.Close())
	require.Nil(t, closed.wal)
	return fresh, closed, mixed
}

// documents are those of which the bytes are somewhere in the files.
func (f files) documents() map[int]bool {
	out := map[int]bool{}
	for n := range numbered {
		text := fmt.Appendf(nil, `"n":%d}`, n)
		if bytes.Contains(f.db, text) || bytes.Contains(f.wal, text) {
			out[n] = true
		}
	}
	return out
}

// found opens a database and counts the documents from 0 on without a gap. The error
// is the first thing that the store says against it.
func found(t *testing.T, path string) (n int, err error) {
	t.Helper()
	st, err := sqlitestore.Open(t.Context(), path, nil)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	for r, err := range st.Scan(t.Context(), store.Query{Collection: "notes"}) {
		if err != nil {
			return n, err
		}
		if r.Key.ID != strconv.Itoa(n) {
			return n, fmt.Errorf("%s comes after %d others", r.Key.ID, n)
		}
		n++
	}
	if _, err := st.Commit(t.Context(), store.Set(key("next"), noteAt(numbered))); err != nil {
		return n, err
	}
	integrity, err := st.Pragma(t.Context(), "integrity_check")
	if err == nil && integrity[0] != "ok" {
		err = errors.New(integrity[0])
	}
	return n, err
}

func TestAWALWithoutItsSHMIsReadToTheEnd(t *testing.T) {
	t.Parallel()
	fresh, closed, mixed := recorded(t)
	for name, f := range map[string]files{"fresh": fresh, "closed": closed, "mixed": mixed} {
		n, err := found(t, f.write(t, t.TempDir()))
		require.NoError(t, err, name)
		require.Equal(t, numbered, n, name)
	}
}

// A -wal file that ends early is what a crash leaves behind, and SQLite cannot tell one
// from the other: what is there is the commits up to some, each whole.
func TestATruncatedWALIsThePastAsAWhole(t *testing.T) {
	t.Parallel()
	fresh, _, mixed := recorded(t)
	for least, f := range map[int]files{0: fresh, numbered / 2: mixed} {
		last, lengths := -1, 0
		for length := 0; length <= len(f.wal); length += 1777 {
			cut := files{f.db, f.wal[:length]}
			n, err := found(t, cut.write(t, t.TempDir()))
			require.NoError(t, err, "%d of %d bytes", length, len(f.wal))
			require.GreaterOrEqual(t, n, max(least, last), "%d of %d bytes", length, len(f.wal))
			if n > last {
				last, lengths = n, lengths+1
			}
		}
		require.Greater(t, lengths, 10, "the lengths met different commits")
	}
}

// damages are what may have become of the file itself.
func damages(f files) map[string]files {
	out := map[string]files{}
	for _, part := range []int{0, 1, 15, 16, 99, 100, 1000, 4095, 4096, 4097, len(f.db) / 2, len(f.db) - 4096, len(f.db) - 1} {
		if part < len(f.db) {
			out[fmt.Sprintf("ends at %d of %d", part, len(f.db))] = files{f.db[:part], f.wal}
		}
	}
	for name, garbage := range map[string][]byte{
		"zeros": make([]byte, 100), "ones": bytes.Repeat([]byte{0xff}, 100), "text": bytes.Repeat([]byte("garbage "), 13)[:100],
	} {
		out[name+" for a header"] = files{append(bytes.Clone(garbage), f.db[100:]...), f.wal}
		out[name+" for the name"] = files{append(bytes.Clone(garbage[:16]), f.db[16:]...), f.wal}
		out[name+" for all but the name"] = files{append(append(bytes.Clone(f.db[:16]), garbage[:84]...), f.db[100:]...), f.wal}
		out[name+" for the first page"] = files{append(bytes.Repeat(garbage[:64], 64), f.db[4096:]...), f.wal}
	}
	return out
}

// Either all that was acknowledged is there, or the store says in one error what is the
// matter, names the file, and takes nothing from it that somebody may still read there.
func TestADamagedDatabaseIsSaidAndLosesNoMore(t *testing.T) {
	t.Parallel()
	fresh, closed, mixed := recorded(t)
	for kind, whole := range map[string]files{"fresh": fresh, "closed": closed, "mixed": mixed} {
		for name, f := range damages(whole) {
			if len(f.db) <= 1 && f.wal == nil {
				continue // an empty file is a new database
			}
			t.Run(kind+" "+name, func(t *testing.T) {
				t.Parallel()
				path := f.write(t, t.TempDir())
				if st, err := sqlitestore.Open(t.Context(), path, toRead); err != nil { // who only looks destroys nothing either
					require.ErrorContains(t, err, path)
				} else {
					require.NoError(t, st.Close())
				}
				n, err := found(t, path)
				t.Logf("%d documents: %v", n, err)
				if err == nil {
					require.Equal(t, numbered, n, "documents are gone and nobody says so")
					return
				}
				require.ErrorContains(t, err, path)
				require.NotErrorIs(t, err, store.ErrNotFound)
				require.NotErrorIs(t, err, store.ErrConflict)
				for n := range f.documents() {
					require.True(t, filesAt(t, path).documents()[n], "document %d could still be read from the damaged file, and is gone from it", n)
				}
			})
		}
	}
}

func TestADatabaseThatIsGoneIsNotMadeAnewBesideItsCommits(t *testing.T) {
	t.Parallel()
	fresh, _, _ := recorded(t)
	dir := t.TempDir()
	path := fresh.write(t, dir)
	require.NoError(t, os.Rename(path, path+".away"))
	for _, opts := range []*sqlitestore.Options{nil, toRead} {
		_, err := sqlitestore.Open(t.Context(), path, opts)
		require.ErrorContains(t, err, path)
	}
	require.NoError(t, os.Rename(path+".away", path))
	n, err := found(t, path)
	require.NoError(t, err)
	require.Equal(t, numbered, n)
}
