package lock_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/lock/filewitness"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// hour is a lease that no test of this file waits for: whoever leads in it was told.
const hour = "1h"

// kill ends a process as nothing in it can prevent, and waits until it is gone.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	_ = p.cmd.Wait()
}

func TestAStandbyLeadsAtOnceWhenTheHoldersProcessIsGone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "chain.db")
	holder := start(t, path, "0", hour)
	holder.until("leading")
	for n := range seedtest.Histories(4) {
		next := start(t, path, fmt.Sprint(n+1), hour)
		holder.until("wrote")
		holder.kill()
		next.until("leading")
		require.Equal(t, string(lock.Died), next.how)
		holder = next
	}
	holder.kill()
	require.Len(t, signs(t, path), 1, "each holder removes what the one before has left")
}

func TestAProcessThatIsStartedAgainDoesNotWaitForItsOwnLease(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "chain.db")
	for n := range seedtest.Histories(3) {
		only := start(t, path, "only", hour)
		only.until("leading")
		if n > 0 {
			require.Equal(t, string(lock.Died), only.how)
		}
		only.until("wrote")
		only.kill()
	}
}

func TestWhatAProcessHasStartedDoesNotKeepItsLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "chain.db")
	holder := start(t, path, "a", hour, "with a child")
	holder.until("leading")
	next := start(t, path, "b", hour)
	holder.kill()
	require.NoError(t, syscall.Kill(holder.child, 0), "the child lives")
	next.until("leading")
	require.Equal(t, string(lock.Died), next.how)
}

// signs are the files that tell who lives, beside a database.
func signs(t *testing.T, path string) []string {
	t.Helper()
	found, err := filepath.Glob(path + "-*.alive")
	require.NoError(t, err)
	return found
}

// lines are those of a log.
func lines(b *bytes.Buffer) int { return strings.Count(b.String(), "no proof of death") }

func TestAProofThatIsNotTheHoldersOwnLeavesItToTheLease(t *testing.T) {
	t.Parallel()
	edit := func(proof func(string) string) func(*testing.T, store.Store, lock.Row, string) {
		return func(t *testing.T, st store.Store, row lock.Row, _ string) {
			row.Proof = proof(row.Proof)
			_, err := st.Commit(t.Context(), store.Set(lockKey, row))
			require.NoError(t, err)
		}
	}
	for name, tamper := range map[string]func(t *testing.T, st store.Store, row lock.Row, sign string){
		"it is deleted": func(t *testing.T, _ store.Store, _ lock.Row, sign string) { require.NoError(t, os.Remove(sign)) },
		"it is another file": func(t *testing.T, _ store.Store, _ lock.Row, sign string) {
			require.NoError(t, os.Rename(sign, sign+".kept"))
			require.NoError(t, os.WriteFile(sign, nil, 0o600))
		},
		"it is a link to the file": func(t *testing.T, _ store.Store, _ lock.Row, sign string) {
			require.NoError(t, os.Rename(sign, sign+".kept"))
			require.NoError(t, os.Symlink(sign+".kept", sign))
		},
		"it is a directory": func(t *testing.T, _ store.Store, _ lock.Row, sign string) {
			require.NoError(t, os.Remove(sign))
			require.NoError(t, os.Mkdir(sign, 0o700))
		},
		"it is of another boot": edit(func(proof string) string {
			parts := strings.Fields(proof)
			return parts[0] + " 00000000-0000-0000-0000-000000000000 " + parts[2]
		}),
		"it is of a kind that nobody knows": edit(func(string) string { return "stars" }),
		"it is long":                        edit(func(proof string) string { return proof + strings.Repeat(" ", 5000) }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "chain.db")
			holder := start(t, path, "a", hour)
			holder.until("leading")
			holder.kill()
			st := openStore(t, path)
			found := signs(t, path)
			require.Len(t, found, 1)
			tamper(t, st, readRow(t, st), found[0])

			var log bytes.Buffer
			l, err := lock.New(st, lockKey, &lock.Options{Lease: time.Hour, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			require.NoError(t, err)
			for range 3 {
				_, err = l.TryAcquire(t.Context())
				require.ErrorIs(t, err, lock.ErrHeld)
				require.Error(t, l.View().Unproven)
			}
			require.Equal(t, 1, lines(&log), log.String())
		})
	}
}

func openStore(t *testing.T, path string) *sqlitestore.Store {
	t.Helper()
	st, err := sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	return st
}

func readRow(t *testing.T, st store.Store) lock.Row {
	t.Helper()
	rec, err := st.Get(t.Context(), lockKey)
	require.NoError(t, err)
	row, err := lock.ReadRow(rec)
	require.NoError(t, err)
	return row
}

// A directory that cannot be used costs nothing but the time of the lease.
func TestADirectoryThatIsGoneIsSaidOnceAndTheLockWorksAsWithout(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "signs")
	require.NoError(t, os.Mkdir(dir, 0o700))
	w, err := filewitness.New(dir, nil)
	require.NoError(t, err)
	require.NoError(t, os.Remove(dir))
	var log bytes.Buffer
	l, err := lock.New(memstore.New(nil), lockKey, &lock.Options{Witness: w, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	for range 3 {
		held, err := l.TryAcquire(t.Context())
		require.NoError(t, err)
		require.ErrorContains(t, l.View().Unproven, "no such file")
		require.NoError(t, held.Release(t.Context()))
	}
	require.Equal(t, 1, lines(&log), log.String())

	require.NoError(t, os.Mkdir(dir, 0o700))
	held, err := l.TryAcquire(t.Context())
	require.NoError(t, err)
	require.NoError(t, l.View().Unproven)
	require.NoError(t, held.Release(t.Context()))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "a holder that goes leaves nothing")
}

// BenchmarkTakeOver kills holders with a standby beside them, and starts one again
// that was killed alone. Run it with -benchtime=50x.
func BenchmarkTakeOver(b *testing.B) {
	percentiles := func(b *testing.B, took []time.Duration) {
		slices.Sort(took)
		at := func(p float64) float64 {
			return float64(took[int(p*float64(len(took)-1)+0.5)].Microseconds()) / 1000
		}
		b.ReportMetric(at(0.5), "p50-ms")
		b.ReportMetric(at(0.99), "p99-ms")
		b.ReportMetric(at(1), "max-ms")
	}
	b.Run("standby", func(b *testing.B) {
		path := filepath.Join(b.TempDir(), "chain.db")
		holder := start(b, path, "0", hour)
		holder.until("leading")
		var took []time.Duration
		for n := 0; b.Loop(); n++ {
			next := start(b, path, fmt.Sprint(n+1), hour)
			holder.until("wrote")
			killed := time.Now()
			holder.signal(syscall.SIGKILL)
			next.until("leading")
			took = append(took, time.Since(killed))
			require.Equal(b, string(lock.Died), next.how)
			_ = holder.cmd.Wait()
			holder = next
		}
		percentiles(b, took)
	})
	b.Run("alone", func(b *testing.B) {
		path := filepath.Join(b.TempDir(), "chain.db")
		var took []time.Duration
		for n := 0; b.Loop(); n++ {
			began := time.Now()
			only := start(b, path, "only", hour)
			only.until("leading")
			if n > 0 {
				took = append(took, time.Since(began))
				require.Equal(b, string(lock.Died), only.how)
			}
			only.until("wrote")
			only.kill()
		}
		if len(took) > 0 {
			percentiles(b, took)
		}
	})
}
