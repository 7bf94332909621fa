package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/disktest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// A full disk is one line in the log, costs no beat, and is over by itself when there is
// room again: what could not be stored waited.
func TestAServerOutlivesAFullDisk(t *testing.T) {
	seedtest.Long(t)
	t.Parallel()
	disktest.On(t, 4<<20, func(t *testing.T, disk disktest.Disk) {
		path := filepath.Join(disk.Dir, "longrun.db")
		p := launch(t, "one", "LONGRUN_STORE=sqlite:"+path)
		p.says("leading")
		st, err := sqlitestore.Open(t.Context(), path, nil)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, st.Close()) })
		b := openBook(t, st)
		b.await("one", 3)
		for range seedtest.Histories(3) {
			before := len(b.beats())
			told := strings.Count(p.said(), "store unreachable")
			disk.Fill(0)
			require.Eventually(t, func() bool { return strings.Count(p.said(), "store unreachable") > told }, patience, 50*time.Millisecond)
			require.GreaterOrEqual(t, len(b.beats()), before, "what was acknowledged is there")
			disk.Free()
			b.awaitWithin(patience, "one", before+6)
			require.Equal(t, told+1, strings.Count(p.said(), "store unreachable"), "it is said once")
		}
		p.signal(syscall.SIGTERM)
		require.Zero(t, p.ended())
		require.NotContains(t, p.said(), "panic")
		require.NotContains(t, p.said(), "level=ERROR")
		require.Contains(t, p.said(), "disk is full")
		c := b.coverage()
		require.Empty(t, c.Gaps)
		require.Equal(t, c.Expected, c.Written)
		b.requireFenced()
		require.Equal(t, longrun.Stopped, b.runs()[0].Ended)
	})
}

// A file that is no database any more ends the start with one line that names it.
func TestADamagedFileEndsTheStartAndIsNamed(t *testing.T) {
	t.Parallel()
	whole := filepath.Join(t.TempDir(), "longrun.db")
	st, err := sqlitestore.Open(t.Context(), whole, nil)
	require.NoError(t, err)
	require.NoError(t, st.Close())
	good, err := os.ReadFile(whole)
	require.NoError(t, err)
	for name, damaged := range map[string][]byte{
		"garbage": append([]byte("garbage garbage "), good[16:]...),
		"cut off": good[:len(good)-4096],
	} {
		path := filepath.Join(t.TempDir(), "longrun.db")
		require.NoError(t, os.WriteFile(path, damaged, 0o600))
		var out bytes.Buffer
		code := run(t.Context(), nil, map[string]string{"LONGRUN_STORE": "sqlite:" + path, "LONGRUN_ADDR": "127.0.0.1:0"}, nil, &out)
		require.Equal(t, 2, code, name)
		require.Equal(t, 1, strings.Count(out.String(), path), out.String())
		require.Contains(t, out.String(), "database")
		require.Equal(t, 3, strings.Count(out.String(), "\n"), "one line, and the two around it: %s", out.String())
	}
}
