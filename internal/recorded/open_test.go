package recorded

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/firestoretest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/firestorestore"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// readGolden reads what the recording version said.
func readGolden(t *testing.T) golden {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "golden.json"))
	require.NoError(t, err)
	var g golden
	require.NoError(t, json.Unmarshal(text, &g))
	return g
}

// unpack writes what was packed at from, a file or a folder, below a folder of the
// test's own, and returns that.
func unpack(t *testing.T, from string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		packed, err := os.Open(path)
		if err != nil {
			return err
		}
		defer packed.Close()
		r, err := gzip.NewReader(packed)
		if err != nil {
			return err
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(filepath.Dir(from), path)
		if err != nil {
			return err
		}
		to := filepath.Join(dir, strings.TrimSuffix(name, ".gz"))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		return os.WriteFile(to, data, 0o600)
	}))
	return dir
}

// databaseFile is a copy of the recorded one.
func databaseFile(t *testing.T) string {
	t.Helper()
	return filepath.Join(unpack(t, filepath.Join("testdata", "longrun.db.gz")), "longrun.db")
}

// openFile opens the file until the test ends; clk is the store's clock.
func openFile(t *testing.T, path string, clk clock.Clock) *sqlitestore.Store {
	t.Helper()
	st, err := sqlitestore.Open(t.Context(), path, &sqlitestore.Options{Clock: clk, WatchEvery: -1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	return st
}

// openExport imports the recorded export into a project of its own. Its documents
// were last written when they were imported, by the emulator's clock; inWorld says
// what that means.
func openExport(t *testing.T) (*firestorestore.Store, *firestore.Client) {
	t.Helper()
	host, project := firestoretest.Host(t), firestoretest.Project()
	dir := unpack(t, filepath.Join("testdata", "firestore"))
	firestoretest.Import(t, host, project, filepath.Join(dir, "firestore", "recorded", "recorded.overall_export_metadata"))
	client := firestoretest.Connect(t, host, project)
	st, err := firestorestore.New(client, &firestorestore.Options{Timeout: time.Minute}) // a busy machine
	require.NoError(t, err)
	return st, client
}

// inWorld is a store over a network as a world with a time of its own sees it, such
// as a bubble: every call is made outside, and time in the bubble stands still
// meanwhile. The store's clock is the world's: what was recorded was last written at
// its end.
type inWorld struct {
	real  store.Store
	clock clock.Clock
	end   time.Time
	idle  chan *caller

	mu      sync.Mutex
	written map[store.Key]time.Time
}

// caller makes calls outside the bubble, one at a time.
type caller struct {
	calls chan func(context.Context)
	done  chan struct{}
}

// newInWorld is called outside the bubble: whoever waits for a channel that was
// made there holds up the time inside.
func newInWorld(t *testing.T, real store.Store, end time.Time) *inWorld {
	t.Helper()
	const callers = 8
	w := &inWorld{real: real, end: end, idle: make(chan *caller, callers), written: map[store.Key]time.Time{}}
	ctx := t.Context() // one of the bubble must not get out
	var group sync.WaitGroup
	for range callers {
		c := &caller{calls: make(chan func(context.Context)), done: make(chan struct{})}
		group.Go(func() {
			for call := range c.calls {
				call(ctx)
				c.done <- struct{}{}
			}
		})
		w.idle <- c
	}
	t.Cleanup(func() {
		for range callers {
			close((<-w.idle).calls)
		}
		group.Wait()
	})
	return w
}

func (w *inWorld) outside(call func(context.Context)) {
	c := <-w.idle
	c.calls <- call
	<-c.done
	w.idle <- c
}

// timed is a record with the times of the world.
func (w *inWorld) timed(rec store.Record) store.Record {
	w.mu.Lock()
	defer w.mu.Unlock()
	update, ok := w.written[rec.Key]
	if !ok {
		update = w.end
	}
	return store.NewRecord(rec.Key, rec.At, rec.Version, update, w.clock.Now().UTC(), rec.Decode)
}

func (w *inWorld) Get(ctx context.Context, key store.Key) (rec store.Record, err error) {
	if err := ctx.Err(); err != nil {
		return store.Record{}, err
	}
	w.outside(func(ctx context.Context) { rec, err = w.real.Get(ctx, key) })
	if err != nil {
		return store.Record{}, err
	}
	return w.timed(rec), nil
}

func (w *inWorld) Scan(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(store.Record{}, err)
			return
		}
		var records []store.Record
		var end error
		w.outside(func(ctx context.Context) {
			for rec, err := range w.real.Scan(ctx, q) {
				if err != nil {
					end = err
					return
				}
				records = append(records, rec)
			}
		})
		for _, rec := range records {
			if !yield(w.timed(rec), nil) {
				return
			}
		}
		if end != nil {
			yield(store.Record{}, end)
		}
	}
}

func (w *inWorld) Commit(ctx context.Context, ops ...store.Op) (stamps []store.Stamp, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	now := w.clock.Now().UTC()
	w.outside(func(ctx context.Context) { stamps, err = w.real.Commit(ctx, ops...) })
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, op := range ops {
		w.written[op.Key] = now
		if op.Value != nil {
			stamps[i].UpdateTime = now
		}
	}
	return stamps, nil
}
