package sqlitestore_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// contents are all regular files below dir.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		files[path] = string(data)
		return err
	}))
	return files
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	require.NoError(t, os.Rename(from, to))
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, data, 0o600))
}

// requireMoved asks in every way there is.
func requireMoved(t *testing.T, st *sqlitestore.Store) {
	t.Helper()
	_, err := st.Get(t.Context(), key("a"))
	require.ErrorIs(t, err, store.ErrMoved)
	require.ErrorContains(t, err, "sqlitestore: ")
	_, err = st.Get(t.Context(), key("none"))
	require.ErrorIs(t, err, store.ErrMoved, "nothing can be said of what is not there either")
	require.NotErrorIs(t, err, store.ErrNotFound)
	n := 0
	for r, err := range st.Scan(t.Context(), store.Query{Collection: "notes"}) {
		require.ErrorIs(t, err, store.ErrMoved)
		require.Zero(t, r)
		n++
	}
	require.Equal(t, 1, n)
	for _, op := range []store.Op{store.Set(key("b"), noteAt(2)), store.Create(key("a"), noteAt(2)), store.Update(key("a"), noteAt(2), "999"), store.Delete(key("a"))} {
		_, err = st.Commit(t.Context(), op)
		require.ErrorIs(t, err, store.ErrMoved)
		require.NotErrorIs(t, err, store.ErrConflict, "a conflict is an answer too")
		require.NotErrorIs(t, err, store.ErrInvalid)
	}
	_, err = st.Watch(t.Context(), key("a"))
	require.ErrorIs(t, err, store.ErrMoved)
	_, err = st.Pragma(t.Context(), "user_version") // on connections that are yet to be opened
	if err != nil {
		require.ErrorIs(t, err, store.ErrMoved)
	}
}

// Whatever becomes of the name, nothing is read from or written to a file that
// does not bear it, and all goes on when it does again.
func TestAFileThatWasMovedIsNeitherReadNorWritten(t *testing.T) {
	all := []string{"", "-wal", "-shm"}
	cases := map[string]struct {
		away func(t *testing.T, path, aside string)
		back func(t *testing.T, path, aside string)
	}{
		"all moved away": {
			func(t *testing.T, path, aside string) {
				for _, part := range all {
					rename(t, path+part, aside+part)
				}
			}, func(t *testing.T, path, aside string) {
				for _, part := range all {
					rename(t, aside+part, path+part)
				}
			},
		},
		"moved away": {
			func(t *testing.T, path, aside string) { rename(t, path, aside) },
			func(t *testing.T, path, aside string) { rename(t, aside, path) },
		},
		"a backup moved over it": {
			func(t *testing.T, path, aside string) {
				require.NoError(t, os.Link(path, aside))
				copyFile(t, path, aside+".backup")
				rename(t, aside+".backup", path)
			}, func(t *testing.T, path, aside string) { rename(t, aside, path) },
		},
		"an empty file in its place": {
			func(t *testing.T, path, aside string) {
				rename(t, path, aside)
				require.NoError(t, os.WriteFile(path, nil, 0o600))
			}, func(t *testing.T, path, aside string) { rename(t, aside, path) },
		},
		"a directory in its place": {
			func(t *testing.T, path, aside string) {
				rename(t, path, aside)
				require.NoError(t, os.Mkdir(path, 0o700))
			}, func(t *testing.T, path, aside string) {
				require.NoError(t, os.Remove(path))
				rename(t, aside, path)
			},
		},
		"its directory moved": {
			func(t *testing.T, path, aside string) { rename(t, filepath.Dir(path), aside) },
			func(t *testing.T, path, aside string) { rename(t, aside, filepath.Dir(path)) },
		},
		"its -wal moved away": {
			func(t *testing.T, path, aside string) { rename(t, path+"-wal", aside) },
			func(t *testing.T, path, aside string) { rename(t, aside, path+"-wal") },
		},
		"its -shm moved away": {
			func(t *testing.T, path, aside string) { rename(t, path+"-shm", aside) },
			func(t *testing.T, path, aside string) { rename(t, aside, path+"-shm") },
		},
		"another -wal in its place": {
			func(t *testing.T, path, aside string) {
				rename(t, path+"-wal", aside)
				copyFile(t, aside, path+"-wal")
			}, func(t *testing.T, path, aside string) { rename(t, aside, path+"-wal") },
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			dir := filepath.Join(root, "data")
			require.NoError(t, os.Mkdir(dir, 0o700))
			path, aside := filepath.Join(dir, "a.db"), filepath.Join(root, "aside")
			synctest.Test(t, func(t *testing.T) {
				st := open(t, path, nil)
				stamp := set(t, st, store.Set(key("a"), noteAt(1)))[0]
				ch := watch(t, t.Context(), st, "a")
				time.Sleep(time.Minute)
				c.away(t, path, aside)
				requireSignal(t, ch, 5*time.Millisecond)
				before := contents(t, root)
				requireMoved(t, st)
				time.Sleep(time.Minute)
				requireMoved(t, st)
				require.Empty(t, ch, "once is enough")
				after := contents(t, root)
				for _, shm := range []string{path + "-shm", aside + "-shm", aside} {
					delete(before, shm) // it holds the marks of readers
					delete(after, shm)
				}
				require.Equal(t, before, after, "a file was made or written")

				c.back(t, path, aside)
				requireSignal(t, ch, 5*time.Millisecond)
				r, err := st.Get(t.Context(), key("a"))
				require.NoError(t, err)
				require.Equal(t, stamp.Version, r.Version)
				set(t, st, store.Update(key("a"), noteAt(2), stamp.Version))
				requireSignal(t, ch, 0)
				_, err = st.Get(t.Context(), key("b"))
				require.ErrorIs(t, err, store.ErrNotFound, "what was refused was not written")
			})
			st := open(t, path, nil)
			r, err := st.Get(t.Context(), key("a"))
			require.NoError(t, err)
			require.Equal(t, noteAt(2).TS, r.At)
		})
	}
}

// After rm l.db* somebody else begins anew under the name. The old Store stays
// out of it, also when it is closed.
func TestANewFileUnderTheNameBelongsToWhoeverMadeIt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	old := open(t, path, nil)
	set(t, old, store.Set(key("a"), noteAt(1)))
	for _, part := range []string{"", "-wal", "-shm"} {
		require.NoError(t, os.Remove(path+part))
	}
	requireMoved(t, old)
	require.Empty(t, contents(t, filepath.Dir(path)))

	other := open(t, path, nil)
	set(t, other, store.Set(key("b"), noteAt(2)))
	requireMoved(t, old)
	before := contents(t, filepath.Dir(path))
	require.Len(t, before, 3)
	require.NoError(t, old.Close())
	require.Equal(t, before, contents(t, filepath.Dir(path)))
	_, err := other.Get(t.Context(), key("a"))
	require.ErrorIs(t, err, store.ErrNotFound)
	set(t, other, store.Set(key("b"), noteAt(3)))
	var integrity string
	require.NoError(t, raw(t, path).QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&integrity))
	require.Equal(t, "ok", integrity)
}

// Without its -wal file a crash would lose what was committed, so no more is.
// A clean end loses nothing: what lies in the file without a name is written
// into the database.
func TestADeletedWALLosesNothingAtAProperEnd(t *testing.T) {
	t.Parallel()
	for _, parts := range [][]string{{"-wal"}, {"-shm"}, {"-wal", "-shm"}} {
		path := filepath.Join(t.TempDir(), "a.db")
		st := open(t, path, nil)
		stamp := set(t, st, store.Set(key("a"), noteAt(1)))[0]
		for _, part := range parts {
			require.NoError(t, os.Remove(path+part))
		}
		requireMoved(t, st)
		require.NoError(t, st.Close())
		r, err := open(t, path, nil).Get(t.Context(), key("a"))
		require.NoError(t, err)
		require.Equal(t, stamp.Version, r.Version)
	}
}

// When another process has made a -wal file of its own meanwhile, ours must not
// be written over what that one wrote, nor may its file be deleted.
func TestAnotherProcesssWALIsNotDeleted(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	st := open(t, path, nil)
	set(t, st, store.Set(key("a"), noteAt(1)))
	require.NoError(t, st.Close())
	st = open(t, path, nil)
	set(t, st, store.Set(key("a"), noteAt(2)))
	for _, part := range []string{"-wal", "-shm"} {
		require.NoError(t, os.Remove(path+part))
	}
	out, err := child(t, "ten", path).CombinedOutput()
	require.NoError(t, err, "%s", out)
	requireMoved(t, st)
	require.NoError(t, st.Close())

	out, err = child(t, "count", path).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Equal(t, "11 ok\n", string(out), "what the other process wrote, and what was there before")
}

// writeTen commits ten documents, and ends in good order.
func writeTen(ctx context.Context, path string) error {
	st, err := sqlitestore.Open(ctx, path, nil)
	if err != nil {
		return err
	}
	for n := range 10 {
		if _, err := st.Commit(ctx, store.Create(key("ten-"+strconv.Itoa(n)), noteAt(n))); err != nil {
			return err
		}
	}
	return st.Close()
}

// meddler is a clock whose owner does something while the time is asked for:
// inside the transaction, that is.
type meddler struct {
	clock.Clock
	meddle func()
}

func (c *meddler) Now() time.Time {
	if c.meddle != nil {
		c.meddle()
	}
	return c.Clock.Now()
}

// What is acknowledged is in the file that bears the name, even where that went
// while it was written.
func TestNoCommitIsAcknowledgedIntoAFileWithoutAName(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	clk := &meddler{Clock: clock.New()}
	st := open(t, path, &sqlitestore.Options{Clock: clk})
	set(t, st, store.Set(key("a"), noteAt(1)))
	clk.meddle = func() { _ = os.Remove(path) }
	_, err := st.Commit(t.Context(), store.Set(key("a"), noteAt(2)))
	require.ErrorIs(t, err, store.ErrMoved)
}

// A link may come to lead elsewhere, and its target may move.
func TestALinkIsFollowedToWhereItLeadsWhenItWasOpened(t *testing.T) {
	t.Parallel()
	dir, at := t.TempDir(), t.TempDir()
	target, link := filepath.Join(at, "target.db"), filepath.Join(dir, "link.db")
	require.NoError(t, os.Symlink(target, link))
	st := open(t, link, nil) // which makes the target
	stamp := set(t, st, store.Set(key("a"), noteAt(1)))[0]
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "the files beside it lie beside the target")
	require.Len(t, contents(t, at), 3)

	other := filepath.Join(at, "other.db")
	require.NoError(t, open(t, other, nil).Close())
	relink := func(to string) {
		require.NoError(t, os.Symlink(to, link+".new"))
		rename(t, link+".new", link)
	}
	relink(other)
	requireMoved(t, st)
	relink(target)
	r, err := st.Get(t.Context(), key("a"))
	require.NoError(t, err)
	require.Equal(t, stamp.Version, r.Version)

	rename(t, target, target+".away") // without its -wal
	relink(target + ".away")
	requireMoved(t, st)
	rename(t, target+".away", target)
	relink(target)
	set(t, st, store.Set(key("a"), noteAt(2)))
}

// A watch through a link sees what others do: the -wal file is not beside it.
func TestAChangeIsSignalledThroughALink(t *testing.T) {
	dir, at := t.TempDir(), t.TempDir()
	target, link := filepath.Join(at, "target.db"), filepath.Join(dir, "link.db")
	require.NoError(t, os.Symlink(target, link))
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := open(t, link, nil), open(t, target, nil)
		ch := watch(t, t.Context(), ours, "a")
		time.Sleep(time.Minute)
		set(t, theirs, store.Set(key("a"), noteAt(1)))
		requireSignal(t, ch, 5*time.Millisecond)
	})
}
