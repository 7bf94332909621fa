// Package postgrestest gives tests a Postgres server. It shows nothing of what
// production adds: no TLS, no latency, and its server does not sync
// what it writes unless Start is asked to.
//
// The server starts with the first test that asks for it, once in each test
// binary, and ends with the binary, however that ends: no TestMain is needed.
// Every test takes a schema of its own, so that tests run in parallel.
//
//	func TestSomething(t *testing.T) {
//		t.Parallel()
//		pool := postgrestest.Pool(t, postgrestest.DSN(t)) // skips where there is no Postgres
//		schema := postgrestest.Schema(t)
//
// The server that LONGRUN_TEST_POSTGRES names, by an address or in keywords, is
// used, and never stopped. Else the programs initdb and postgres are looked for:
// in the PATH, where pg_config says, and where packages put them. Where they are
// not found tests are skipped, unless LONGRUN_REQUIRE_POSTGRES=1 makes that a
// failure. Only on Unix is a server started; elsewhere a running one is needed.
// The programs refuse to run as root: for root they run as the user postgres.
package postgrestest

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/seed-13dc028d/longwatch/internal/servertest"
)

var need = servertest.Need{ //nolint:gochecknoglobals // what this package gives
	What: "postgrestest: no Postgres", Required: "LONGRUN_REQUIRE_POSTGRES",
	HowTo: `to get one: "apt-get install postgresql" or its like; or set LONGRUN_TEST_POSTGRES to the address of a running server, ` +
		`such as postgres://user:password@localhost/test`,
}

// shared is the server of this test binary. It is never stopped: it ends with
// the process.
var shared = sync.OnceValues(func() (string, error) { //nolint:gochecknoglobals // one server for all tests of a binary
	if dsn := os.Getenv("LONGRUN_TEST_POSTGRES"); dsn != "" {
		return dsn, nil
	}
	s, err := start(nil)
	if err != nil {
		return "", err
	}
	return s.DSN(), nil
})

// DSN returns the address of the server that all tests of this binary share. It
// skips the test where there is none.
func DSN(tb testing.TB) string {
	tb.Helper()
	dsn, err := shared()
	need.OrSkip(tb, err)
	return dsn
}

// Schema returns the name of a schema of the shared server that nobody else
// uses and that is not made yet. It is dropped with all that is in it when the
// test ends.
func Schema(tb testing.TB) string {
	tb.Helper()
	dsn, schema := DSN(tb), "test_"+strings.ToLower(rand.Text())
	tb.Cleanup(func() {
		Exec(tb, dsn, "DROP SCHEMA IF EXISTS "+schema+" CASCADE")
	})
	return schema
}

// Pool returns connections to the server at dsn, which may be a proxy in front of
// one, as configured by each of with. It is closed when the test ends.
func Pool(tb testing.TB, dsn string, with ...func(*pgxpool.Config)) *pgxpool.Pool {
	tb.Helper()
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		tb.Fatalf("postgrestest: %v", err)
	}
	for _, change := range with {
		change(config)
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		tb.Fatalf("postgrestest: %v", err)
	}
	tb.Cleanup(pool.Close)
	return pool
}

// Exec runs statements on a connection of their own.
func Exec(tb testing.TB, dsn, sql string) {
	tb.Helper()
	ctx := context.Background() // tests end with it, too
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		tb.Fatalf("postgrestest: %v", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
		tb.Fatalf("postgrestest: %s: %v", sql, err)
	}
}
