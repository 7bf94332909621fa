//go:build unix

package postgresstore_test

import (
	"errors"
	"fmt"
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

// pooler starts PgBouncer in transaction mode before a server, or skips the test
// where there is none, and returns what leads a pool to it.
func pooler(t *testing.T, dsn string) func(*pgxpool.Config) {
	t.Helper()
	to, err := pgx.ParseConfig(postgrestest.StartPooler(t, dsn).DSN())
	require.NoError(t, err)
	return func(c *pgxpool.Config) {
		c.ConnConfig.Host, c.ConnConfig.Port, c.ConnConfig.TLSConfig, c.ConnConfig.Fallbacks = to.Host, to.Port, nil, nil
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
		_, _, err = st.Hold(t.Context(), "A")
		require.ErrorIs(t, err, errors.ErrUnsupported, "no session is this process's own")
		past, err := postgresstore.New(postgrestest.Pool(t, dsn, by, described), &postgresstore.Options{
			Schema: schema, WatchPool: postgrestest.Pool(t, dsn),
		})
		require.NoError(t, err)
		defer past.Close()
		mark, end := hold(t, past, "A")
		defer end(true)
		_, err = st.Seize(t.Context(), "A", mark, false)
		require.ErrorIs(t, err, errors.ErrUnsupported)
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
