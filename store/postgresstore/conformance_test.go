package postgresstore_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/postgrestest"
	"github.com/seed-13dc028d/longwatch/lock/locktest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/postgresstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// open returns a store in a schema of the test's own.
func open(tb testing.TB, with ...func(*pgxpool.Config)) *postgresstore.Store {
	tb.Helper()
	return openAt(tb, postgrestest.DSN(tb), postgrestest.Schema(tb), with...)
}

func openAt(tb testing.TB, dsn, schema string, with ...func(*pgxpool.Config)) *postgresstore.Store {
	tb.Helper()
	st, err := postgresstore.New(postgrestest.Pool(tb, dsn, with...), &postgresstore.Options{Schema: schema})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, st.Close()) })
	require.NoError(tb, st.Migrate(tb.Context()))
	return st
}

// modes are the ways in which the driver may send a statement.
var modes = map[string]pgx.QueryExecMode{
	"prepared":        pgx.QueryExecModeCacheStatement,
	"described":       pgx.QueryExecModeCacheDescribe,
	"described anew":  pgx.QueryExecModeDescribeExec,
	"typed":           pgx.QueryExecModeExec,
	"simple protocol": pgx.QueryExecModeSimpleProtocol,
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, mode := range modes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := open(t, func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = mode })
			newStore := func(*testing.T) store.Store { return st }
			storetest.Run(t, newStore)
			locktest.Run(t, newStore)
		})
	}
}

// A host may have set a stricter isolation for its own transactions: then commits
// collide that otherwise wait for each other, and are tried again.
func TestConformanceUnderStricterIsolation(t *testing.T) {
	t.Parallel()
	for _, level := range []string{"repeatable read", "serializable"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			st := open(t, func(c *pgxpool.Config) { c.ConnConfig.RuntimeParams["default_transaction_isolation"] = level })
			newStore := func(*testing.T) store.Store { return st }
			storetest.Run(t, newStore)
			locktest.Run(t, newStore)
		})
	}
}
