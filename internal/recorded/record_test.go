package recorded

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/firestoretest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/firestorestore"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

var record = flag.Bool("record", false, "write testdata, where there is none")

// written is a store that remembers what was last written into each document, as
// the engine gave it: another store gets the same values.
type written struct {
	*sqlitestore.Store
	mu   sync.Mutex
	last map[store.Key]any
}

func (w *written) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	w.mu.Lock() // in the order of the commits
	defer w.mu.Unlock()
	stamps, err := w.Store.Commit(ctx, ops...)
	if err == nil {
		for _, op := range ops {
			if op.Value == nil {
				delete(w.last, op.Key)
			} else {
				w.last[op.Key] = op.Value
			}
		}
	}
	return stamps, err
}

// TestRecord tells the story and writes it down. It is how testdata was made, and
// does nothing in an ordinary run.
func TestRecord(t *testing.T) {
	if !*record {
		t.Skip("the history is recorded once; see the package comment")
	}
	_, err := os.Stat("testdata")
	require.ErrorIs(t, err, fs.ErrNotExist, "there is a recording: it is never made anew")

	path := filepath.Join(t.TempDir(), "longrun.db")
	last := map[store.Key]any{}
	var said bytes.Buffer
	var g golden
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(on(20, 0, 0, 0)))
		st, err := sqlitestore.Open(t.Context(), path, &sqlitestore.Options{WatchEvery: -1})
		require.NoError(t, err)
		s := &story{t: t, store: &written{Store: st, last: last}, actors: map[string]*actor{}, log: slog.New(slog.NewTextHandler(&said, nil))}
		s.tell()
		g = take(t, st, time.Now().UTC().Truncate(time.Second).Add(time.Second))
		require.NoError(t, st.Close()) // what is packed is the whole of it
	})
	t.Logf("%s", said.Bytes())

	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	for _, statement := range []string{"PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		_, err = db.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	require.NoError(t, db.Close())
	pack(t, path, filepath.Join("testdata", "longrun.db.gz"))

	host, project := firestoretest.Host(t), firestoretest.Project()
	fire, err := firestorestore.New(firestoretest.Connect(t, host, project), &firestorestore.Options{Timeout: time.Minute}) // a busy machine
	require.NoError(t, err)
	var ops []store.Op
	for key, value := range last {
		if ops = append(ops, store.Create(key, value)); len(ops) == store.MaxOps {
			_, err = fire.Commit(t.Context(), ops...)
			require.NoError(t, err)
			ops = nil
		}
	}
	_, err = fire.Commit(t.Context(), ops...)
	require.NoError(t, err)
	dir := t.TempDir()
	firestoretest.Export(t, host, project, dir)
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		pack(t, path, filepath.Join("testdata", "firestore", name+".gz"))
		return err
	}))

	text, err := json.MarshalIndent(g, "", "\t")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join("testdata", "golden.json"), append(text, '\n'), 0o644))
}

// pack compresses a file.
func pack(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o755))
	f, err := os.Create(to)
	require.NoError(t, err)
	w, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	require.NoError(t, err)
	_, err = w.Write(data)
	require.NoError(t, errors.Join(err, w.Close(), f.Close()))
	t.Logf("%s: %d bytes", to, len(data))
}
