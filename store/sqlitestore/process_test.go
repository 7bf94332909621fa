package sqlitestore_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// The test binary runs itself again as another process: its arguments are then
// a role and a path, and its output is what the role has to say.
const roleVariable = "SQLITESTORE_TEST_ROLE"

var roles = map[string]func(ctx context.Context, path string) error{
	"write":     writeForEver,
	"increment": func(ctx context.Context, path string) error { return incrementMany(ctx, path, 40) },
	"open":      openOnly,
	"ten":       writeTen,
	"count":     countAll,
	"read":      readOnly,
}

func TestMain(m *testing.M) {
	role, path, ok := strings.Cut(os.Getenv(roleVariable), " ")
	if !ok {
		os.Exit(m.Run())
	}
	if err := roles[role](context.Background(), path); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func child(t *testing.T, role, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+role+" "+path)
	return cmd
}

// writeForEver commits pairs of documents, and says so only when it is done.
func writeForEver(ctx context.Context, path string) error {
	st, err := sqlitestore.Open(ctx, path, nil)
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		_, err := st.Commit(ctx, store.Set(key("last"), noteAt(n)), store.Create(key(strconv.Itoa(n)), noteAt(n)))
		if err != nil {
			return err
		}
		fmt.Println(n)
	}
}

func openOnly(ctx context.Context, path string) error {
	st, err := sqlitestore.Open(ctx, path, nil)
	if err != nil {
		return err
	}
	return st.Close()
}

// countAll says how many documents there are, and what SQLite thinks of the file.
func countAll(ctx context.Context, path string) error {
	st, err := sqlitestore.Open(ctx, path, nil)
	if err != nil {
		return err
	}
	defer st.Close()
	n := 0
	for _, err := range st.Scan(ctx, store.Query{Collection: "notes"}) {
		if err != nil {
			return err
		}
		n++
	}
	integrity, err := st.Pragma(ctx, "integrity_check")
	if err != nil {
		return err
	}
	fmt.Println(n, integrity[0])
	return nil
}

// readOnly reads what is there, and tries to write.
func readOnly(ctx context.Context, path string) error {
	st, err := sqlitestore.Open(ctx, path, &sqlitestore.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer st.Close()
	for r, err := range st.Scan(ctx, store.Query{Collection: "notes"}) {
		if err != nil {
			return err
		}
		fmt.Print(r.Key.ID, " ")
	}
	if _, err := st.Commit(ctx, store.Set(key("b"), noteAt(2))); !errors.Is(err, store.ErrInvalid) {
		return fmt.Errorf("a commit says: %w", err)
	}
	return nil
}

// incrementMany counts by compare-and-set, in a document that others count in.
func incrementMany(ctx context.Context, path string, times int) error {
	st, err := sqlitestore.Open(ctx, path, nil)
	if err != nil {
		return err
	}
	defer st.Close()
	for times > 0 {
		r, err := st.Get(ctx, key("counter"))
		if err != nil {
			return err
		}
		var n note
		if err := r.Decode(&n); err != nil {
			return err
		}
		n.N++
		switch _, err := st.Commit(ctx, store.Update(r.Key, n, r.Version)); {
		case err == nil:
			times--
		case !isConflict(err):
			return err
		}
	}
	return nil
}

// What was acknowledged is there, what was not is there whole or not at all,
// whatever the moment at which the process is killed.
func TestAKilledWriterLeavesAConsistentFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	for _, acknowledged := range []int{1, 7, 50} {
		cmd := child(t, "write", path)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		last := -1
		for lines := bufio.NewScanner(out); last < acknowledged && lines.Scan(); {
			last, err = strconv.Atoi(lines.Text())
			require.NoError(t, err, lines.Text())
		}
		require.Equal(t, acknowledged, last)
		require.NoError(t, cmd.Process.Kill())
		require.Error(t, cmd.Wait(), "it was killed")

		st := open(t, path, nil)
		var integrity string
		require.NoError(t, raw(t, path).QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&integrity))
		require.Equal(t, "ok", integrity)
		r, err := st.Get(t.Context(), key("last"))
		require.NoError(t, err)
		var n note
		require.NoError(t, r.Decode(&n))
		require.GreaterOrEqual(t, n.N, int64(last))
		for i := range n.N + 1 {
			pair, err := st.Get(t.Context(), key(strconv.FormatInt(i, 10)))
			require.NoError(t, err, "document %d of %d", i, n.N)
			require.NotEmpty(t, pair.Version)
		}
		_, err = st.Get(t.Context(), key(strconv.FormatInt(n.N+1, 10)))
		require.ErrorIs(t, err, store.ErrNotFound, "half a commit")
		for i := range n.N + 1 {
			set(t, st, store.Delete(key(strconv.FormatInt(i, 10)))) // for the next round
		}
	}
}

func TestProcessesLoseNoUpdateOfEachOther(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	st := open(t, path, nil)
	set(t, st, store.Create(key("counter"), note{TS: noon}))
	const processes, each = 3, 40
	errs := make([]error, processes)
	var wg sync.WaitGroup
	for i := range processes {
		wg.Go(func() {
			if out, err := child(t, "increment", path).CombinedOutput(); err != nil {
				errs[i] = fmt.Errorf("%w: %s", err, out)
			}
		})
	}
	require.NoError(t, incrementMany(t.Context(), path, each))
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	r, err := st.Get(t.Context(), key("counter"))
	require.NoError(t, err)
	var n note
	require.NoError(t, r.Decode(&n))
	require.Equal(t, int64((processes+1)*each), n.N)
}

func TestProcessesMayOpenTheSameNewFileAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	errs := make([]error, 6)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			if out, err := child(t, "open", path).CombinedOutput(); err != nil {
				errs[i] = fmt.Errorf("%w: %s", err, out)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
}
