package sqlitestore_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

func TestASignLiesBesideTheFileForAllWhoHaveItOpen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "l.db")
	a, err := sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	link := filepath.Join(t.TempDir(), "link.db") // by another name, the same place
	require.NoError(t, os.Symlink(path, link))
	b, err := sqlitestore.Open(t.Context(), link, nil)
	require.NoError(t, err)

	mark, end, err := a.Hold(t.Context(), "A")
	require.NoError(t, err)
	require.FileExists(t, path+"-A.alive")
	require.NoError(t, a.Close())
	_, err = storetest.Wrap(b).Seize(t.Context(), "A", mark, false)
	require.ErrorIs(t, err, store.ErrAlive, "the process lives, if not the Store")
	_, _, err = a.Hold(t.Context(), "B")
	require.Error(t, err, "it is closed")

	end(false)
	done, err := storetest.Wrap(b).Seize(t.Context(), "A", mark, true)
	require.NoError(t, err)
	done(true)
	require.NoFileExists(t, path+"-A.alive")

	_, end, err = storetest.Wrap(b).Hold(t.Context(), "C")
	require.NoError(t, err)
	end(true)
	require.NoError(t, b.Close())
}

func TestWhatCrashesLeftLongAgoIsRemovedByWhoeverOpensTheFileToWrite(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "l.db")
	st, err := sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	require.NoError(t, st.Close())
	left := path + "-DEAD.alive"
	require.NoError(t, os.WriteFile(left, nil, 0o600))
	old := time.Now().Add(-26 * time.Hour)
	require.NoError(t, os.Chtimes(left, old, old))

	reader, err := sqlitestore.Open(t.Context(), path, &sqlitestore.Options{ReadOnly: true})
	require.NoError(t, err)
	require.FileExists(t, left)
	_, _, err = reader.Hold(t.Context(), "A")
	require.Error(t, err)
	require.NoFileExists(t, path+"-A.alive")
	require.NoError(t, reader.Close())

	st, err = sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	require.NoFileExists(t, left)
	require.NoError(t, st.Close())
}
