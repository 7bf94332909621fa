package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

func TestCopySaysWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	path, change := watched(t)
	to := filepath.Join(t.TempDir(), "copy.db")
	got := ctl(t, "copy", "sqlite:"+path, "sqlite:"+to)
	require.Equal(t, 0, got.code, "%v", got)
	require.Regexp(t, `^\d+ documents copied, 0 were there, 0 brought up to date, 0 removed\n$`, got.out)
	require.Equal(t, ctl(t, "verify", "evidence", "--store=sqlite:"+path).out, ctl(t, "verify", "evidence", "--store=sqlite:"+to).out)

	got = ctl(t, "copy", "--archive", "--format=json", "sqlite:"+path, "sqlite:"+to)
	require.Equal(t, 0, got.code, "%v", got)
	var c copied
	require.NoError(t, json.Unmarshal([]byte(got.out), &c))
	require.Zero(t, c.Copied+c.Changed+c.Removed)
	require.Positive(t, c.Same)

	change(func(st store.Store, l *ledger.Ledger) {
		_, err := st.Commit(t.Context(), store.Set(l.Key(ledger.Probes, "P"), map[string]any{"ts": time.Now()}))
		require.NoError(t, err)
	})
	got = ctl(t, "copy", "sqlite:"+path, "sqlite:"+to)
	require.Equal(t, 1, got.code)
	require.Contains(t, got.err, "TO is not what is copied: it holds another history")

	for _, args := range [][]string{{"sqlite:" + path, "memory:"}, {"memory:", "sqlite:" + path}, {"sqlite:" + path, "sqlite:" + path}, {"sqlite:" + to + ".none", "sqlite:" + to}, {"sqlite:" + path}, {"nothing", "sqlite:" + to}} {
		require.Equal(t, 2, ctl(t, append([]string{"copy"}, args...)...).code, args)
	}
}

// A copy of the files while a server writes, with docs/backup.md's words: by VACUUM INTO,
// and file by file with the WAL. What is restored from either is a sound history that
// ends sooner, and an anchor of later shows that it does.
func TestABackupIsASoundHistoryThatEndsSooner(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "longrun.db")
	st, err := sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	closed := false
	t.Cleanup(func() {
		if !closed {
			_ = st.Close()
		}
	})
	vacuumed, copied, alone := filepath.Join(dir, "vacuumed.db"), filepath.Join(dir, "copied.db"), filepath.Join(dir, "alone.db")
	beats := 0
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	m, err := monitor.New(monitor.Config{Store: st, Interval: time.Second, InstanceID: "a", AfterBeat: func(ctx context.Context, _ longrun.Heartbeat) {
		switch beats++; beats {
		case 2: // while it leads
			db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
			require.NoError(t, err)
			_, err = db.ExecContext(ctx, "VACUUM INTO ?", vacuumed)
			require.NoError(t, err)
			require.NoError(t, db.Close())
			copyFile(t, path+"-wal", copied+"-wal")
			copyFile(t, path, copied)
			copyFile(t, path, alone)
		case 4:
			stop()
		}
	}})
	require.NoError(t, err)
	require.NoError(t, m.Run(ctx))
	head := filepath.Join(dir, "anchors.txt")
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	row, _, err := holder(t.Context(), l)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(head, []byte(row.Note), 0o600))
	require.NoError(t, st.Close())
	closed = true

	for _, backup := range []string{vacuumed, copied} {
		at := "--store=sqlite:" + backup
		got := ctl(t, "verify", "evidence", at)
		require.Equal(t, 0, got.code, "%v", got)
		require.Contains(t, got.out, "PASS")
		got = ctl(t, "verify", "evidence", at, "--anchor", head)
		require.Equal(t, 1, got.code, "what came after the backup is missing: %v", got)
		t.Log(got.out)
	}
	require.NotEqual(t, 0, ctl(t, "verify", "evidence", "--store=sqlite:"+alone).code, "without its WAL it has lost what was not in the file yet")
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	require.NoError(t, err)
	defer in.Close()
	out, err := os.Create(to)
	require.NoError(t, err)
	_, err = io.Copy(out, in)
	require.NoError(t, err)
	require.NoError(t, out.Close())
}

// What retention deletes leaves free pages, which later documents fill; VACUUM gives them
// back, and changes no document.
func TestVacuumGivesTheSpaceBack(t *testing.T) {
	t.Parallel()
	path, change := watched(t)
	big := make([]byte, 100_000)
	for i := range big {
		big[i] = 'x'
	}
	change(func(st store.Store, l *ledger.Ledger) {
		for _, id := range []string{"1", "2", "3", "4", "5"} {
			_, err := st.Commit(t.Context(), store.Set(l.Key(ledger.Outbox, id), map[string]any{"ts": time.Now(), "text": string(big)}))
			require.NoError(t, err)
		}
		for _, id := range []string{"1", "2", "3", "4", "5"} {
			_, err := st.Commit(t.Context(), store.Delete(l.Key(ledger.Outbox, id)))
			require.NoError(t, err)
		}
	})
	before, err := os.Stat(path)
	require.NoError(t, err)
	require.Greater(t, before.Size(), int64(400_000))
	said := ctl(t, "verify", "evidence", "--store=sqlite:"+path).out
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "VACUUM")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	after, err := os.Stat(path)
	require.NoError(t, err)
	require.Less(t, after.Size(), int64(200_000))
	require.Equal(t, said, ctl(t, "verify", "evidence", "--store=sqlite:"+path).out)
}
