package postgrestest_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/postgrestest"
)

// asChild makes this test binary start a server, say where, and hang.
const asChild = "POSTGRESTEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(asChild) == "" {
		os.Exit(m.Run())
	}
	os.Args = append(os.Args[:1], "-test.run=^TestHangsWithAServer$", "-test.v")
	os.Exit(m.Run())
}

func TestHangsWithAServer(t *testing.T) {
	if os.Getenv(asChild) == "" {
		t.Skip("for the child process only")
	}
	s := postgrestest.Start(t)
	fmt.Println("host", s.Host())
	fmt.Println("data", show(t, postgrestest.Pool(t, s.DSN()), "data_directory"))
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func show(t *testing.T, pool *pgxpool.Pool, setting string) (value string) {
	t.Helper()
	require.NoError(t, pool.QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&value))
	return value
}

func TestTheServerIsSharedWithinABinaryAndSchemasAreApart(t *testing.T) {
	t.Parallel()
	dsn := postgrestest.DSN(t)
	require.Equal(t, dsn, postgrestest.DSN(t))
	schema := postgrestest.Schema(t)
	require.NotEqual(t, schema, postgrestest.Schema(t))
}

func TestASchemaIsDroppedWithItsTest(t *testing.T) { //nolint:tparallel // what comes after the first looks at what it left
	t.Parallel()
	pool := postgrestest.Pool(t, postgrestest.DSN(t))
	var schema string
	exists := func() (yes bool) {
		require.NoError(t, pool.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", schema).Scan(&yes))
		return yes
	}
	t.Run("uses one", func(t *testing.T) {
		schema = postgrestest.Schema(t)
		_, err := pool.Exec(t.Context(), "CREATE SCHEMA "+schema)
		require.NoError(t, err)
		require.True(t, exists())
	})
	require.False(t, exists())
}

func TestRestartServesOnTheSamePortAndRemembers(t *testing.T) {
	t.Parallel()
	s := postgrestest.Start(t, "application_name=first")
	host := s.Host()
	postgrestest.Exec(t, s.DSN(), "CREATE TABLE t (n int); INSERT INTO t VALUES (7)")
	s.Stop()
	requireClosed(t, host)
	s.Stop() // twice is no error

	s.Restart(t, "log_lock_waits=on")
	require.Equal(t, host, s.Host())
	pool := postgrestest.Pool(t, s.DSN())
	var n int
	require.NoError(t, pool.QueryRow(t.Context(), "SELECT n FROM t").Scan(&n))
	require.Equal(t, 7, n)
	require.Equal(t, "on", show(t, pool, "log_lock_waits"))
}

func TestAReplicaFollowsAndTakesWritesOnceItIsPromoted(t *testing.T) {
	t.Parallel()
	s := postgrestest.Start(t)
	postgrestest.Exec(t, s.DSN(), "CREATE TABLE t (n int)")
	r := s.Replica(t, s.Host())
	postgrestest.Exec(t, s.DSN(), "INSERT INTO t VALUES (7)")
	pool := postgrestest.Pool(t, r.DSN())
	require.Eventually(t, func() bool {
		var n int
		return pool.QueryRow(t.Context(), "SELECT n FROM t").Scan(&n) == nil && n == 7
	}, time.Minute, 10*time.Millisecond)
	_, err := pool.Exec(t.Context(), "INSERT INTO t VALUES (8)")
	require.ErrorContains(t, err, "read-only")
	s.Stop()
	r.Promote(t)
	postgrestest.Exec(t, r.DSN(), "INSERT INTO t VALUES (8)")
}

func TestASettingThatTheServerRefusesIsInItsOwnWords(t *testing.T) {
	t.Parallel()
	postgrestest.DSN(t) // skips where there is none
	tb := &refused{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		postgrestest.Start(tb, "fsync=perhaps")
	}()
	<-done
	require.Contains(t, tb.said, "requires a Boolean value")
}

// refused is a test that notes why it failed.
type refused struct {
	testing.TB
	said string
}

func (r *refused) Fatalf(format string, args ...any) {
	r.said = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// The test binary may be killed by a time-out, an operator or the system. A server
// left behind each time would eat the machine's memory, and its data the disk.
func TestNoServerOutlivesAKilledTestBinary(t *testing.T) {
	t.Parallel()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), asChild+"=1")
	stdin, err := child.StdinPipe()
	require.NoError(t, err)
	defer stdin.Close()
	stdout, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	said := map[string]string{}
	for lines := bufio.NewScanner(stdout); said["data"] == "" && lines.Scan(); {
		for _, word := range []string{"host", "data"} {
			if _, value, ok := strings.Cut(lines.Text(), word+" "); ok {
				said[word] = value
			}
		}
	}
	if said["data"] == "" {
		_ = child.Wait()
		postgrestest.Start(t) // skips or fails for the child's reason
	}
	conn, err := pgx.Connect(t.Context(), "postgres://postgres@"+said["host"]+"/postgres?sslmode=disable")
	require.NoError(t, err, "the child's server serves")
	defer conn.Close(t.Context())

	require.NoError(t, child.Process.Kill())
	require.Error(t, child.Wait())
	requireClosed(t, said["host"])
	require.Eventually(t, func() bool {
		_, err := os.Stat(said["data"])
		return os.IsNotExist(err)
	}, time.Minute, 20*time.Millisecond, "its data is gone")
}

// requireClosed returns when nobody listens on host any more. Nothing is read: of whoever
// says nothing the server waits for the first word for a minute, also when it is to end.
func requireClosed(t *testing.T, host string) {
	t.Helper()
	require.Eventually(t, func() bool {
		var d net.Dialer
		conn, err := d.DialContext(t.Context(), "tcp", host)
		if err != nil {
			return true
		}
		_ = conn.Close()
		return false
	}, time.Minute, 20*time.Millisecond, "still served")
}
