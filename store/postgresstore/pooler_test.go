package postgresstore_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/postgrestest"
	"github.com/seed-13dc028d/longwatch/lock/locktest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/postgresstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// pooler starts PgBouncer in transaction mode before a server, or skips the test
// where there is none, and returns what leads a pool to it.
func pooler(t *testing.T, dsn string) func(*pgxpool.Config) {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		t.Skip("no pgbouncer: its Debian package is called so")
	}
	behind, err := pgx.ParseConfig(dsn)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	_, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	require.NoError(t, l.Close())
	dir, err := os.MkdirTemp("", "pooler-") //nolint:usetesting // it runs as somebody else, whom t.TempDir keeps out
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755)) // it runs as somebody else
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	password := ""
	if behind.Password != "" {
		password = " password=" + behind.Password
	}
	config := filepath.Join(dir, "pgbouncer.ini")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `[databases]
* = host=%s port=%d user=%s%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 5
`, behind.Host, behind.Port, behind.User, password, port), 0o644))
	args := []string{config}
	if os.Geteuid() == 0 {
		args = []string{"-u", "postgres", config}
	}
	cmd := exec.Command(program, args...)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	}, time.Minute, 10*time.Millisecond)
	return func(c *pgxpool.Config) {
		c.ConnConfig.Host = "127.0.0.1"
		n, _ := strconv.Atoi(port)
		c.ConnConfig.Port, c.ConnConfig.TLSConfig, c.ConnConfig.Fallbacks = uint16(n), nil, nil
	}
}

func TestBehindAPoolerInTransactionMode(t *testing.T) {
	t.Parallel()
	dsn, schema := postgrestest.DSN(t), postgrestest.Schema(t)
	by := pooler(t, dsn)
	described := func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe }
	st := openAt(t, dsn, schema, by, described)

	t.Run("the rules hold", func(t *testing.T) {
		t.Parallel()
		newStore := func(*testing.T) store.Store { return st }
		storetest.Run(t, newStore)
		locktest.Run(t, newStore)
	})
	t.Run("nothing is watched through it, and past it all", func(t *testing.T) {
		t.Parallel()
		_, err := st.Watch(t.Context(), key)
		require.ErrorIs(t, err, errors.ErrUnsupported)
		require.ErrorContains(t, err, "Options.WatchPool")
		past, err := postgresstore.New(postgrestest.Pool(t, dsn, by, described), &postgresstore.Options{
			Schema: schema, WatchPool: postgrestest.Pool(t, dsn),
		})
		require.NoError(t, err)
		defer past.Close()
		changed := watch(t, past, key)
		commit(t, st, store.Set(key, tally{1}))
		<-changed
	})
	t.Run("prepared statements say what to set", func(t *testing.T) {
		t.Parallel()
		wrong, err := postgresstore.New(postgrestest.Pool(t, dsn, by), &postgresstore.Options{Schema: schema})
		require.NoError(t, err)
		// Whoever holds the server's connection that the first commit prepared its
		// statements on, has the second one go to another.
		held := postgrestest.Pool(t, dsn, by, described)
		for n := 0; err == nil; n++ {
			require.Less(t, n, 1000, "prepared statements survived a pooler")
			_, err = wrong.Commit(t.Context(), store.Set(store.Key{Collection: "w", ID: fmt.Sprint(n)}, tally{1}))
			if n%2 == 0 && err == nil {
				tx, begun := held.Begin(t.Context())
				require.NoError(t, begun)
				_, begun = tx.Exec(t.Context(), "SELECT")
				require.NoError(t, begun)
				_, err = wrong.Commit(t.Context(), store.Set(store.Key{Collection: "w", ID: "held"}, tally{1}))
				require.NoError(t, tx.Rollback(t.Context()))
			}
		}
		require.ErrorContains(t, err, "default_query_exec_mode=cache_describe")
	})
}
