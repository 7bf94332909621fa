package sqlitestore_test

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// A limit on the size of files fails a write as a broken or a full disk does: in
// the middle of the -wal file, and for real.
func TestAFailedWriteIsAnErrorThatPasses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	out, err := child(t, "limited", path).CombinedOutput()
	require.NoError(t, err, "%s", out)
	st := open(t, path, nil)
	n := 0
	for _, err := range st.Scan(t.Context(), store.Query{Collection: "notes"}) {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, 3, n)
}

func writeLimited(ctx context.Context, path string) error {
	signal.Ignore(syscall.SIGXFSZ)
	st, err := sqlitestore.Open(ctx, path, nil)
	if err != nil {
		return err
	}
	large := map[string]any{"ts": noon, "text": strings.Repeat("x", 500<<10)}
	if _, err := st.Commit(ctx, store.Create(key("a"), noteAt(1))); err != nil {
		return err
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	small := syscall.Rlimit{Cur: 100 << 10, Max: limit.Max}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &small); err != nil {
		return err
	}
	for range 3 {
		_, err = st.Commit(ctx, store.Set(key("a"), noteAt(2)), store.Create(key("large"), large))
		if err == nil || errors.Is(err, store.ErrInvalid) || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrMoved) {
			return fmt.Errorf("a commit beyond the limit says: %w", err)
		}
		if r, err := st.Get(ctx, key("a")); err != nil || !r.At.Equal(noteAt(1).TS) {
			return fmt.Errorf("%v after a failed commit: %w", r.At, err)
		}
	}
	if _, err := st.Commit(ctx, store.Create(key("small"), noteAt(1))); err != nil {
		return fmt.Errorf("what still fits: %w", err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	if _, err := st.Commit(ctx, store.Create(key("large"), large)); err != nil {
		return fmt.Errorf("with room again: %w", err)
	}
	return st.Close()
}

func init() { roles["limited"] = writeLimited } //nolint:gochecknoinits // the role is Linux's
