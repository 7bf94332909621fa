package postgresstore_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/seed-13dc028d/longwatch/internal/postgrestest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/postgresstore"
)

var key = store.Key{Collection: "a/b/c", ID: "i"}

func bare(tb testing.TB, dsn, schema string) *postgresstore.Store {
	tb.Helper()
	st, err := postgresstore.New(postgrestest.Pool(tb, dsn), &postgresstore.Options{Schema: schema})
	require.NoError(tb, err)
	return st
}

func commit(tb testing.TB, st store.Store, ops ...store.Op) []store.Stamp {
	tb.Helper()
	stamps, err := st.Commit(tb.Context(), ops...)
	require.NoError(tb, err)
	return stamps
}

func TestInstancesMayMigrateAtOnceAndAgain(t *testing.T) {
	t.Parallel()
	dsn, schema := postgrestest.DSN(t), postgrestest.Schema(t)
	var all errgroup.Group
	for range 5 {
		st := bare(t, dsn, schema)
		all.Go(func() error { return st.Migrate(t.Context()) })
	}
	require.NoError(t, all.Wait())
	st := bare(t, dsn, schema)
	commit(t, st, store.Create(key, map[string]any{"n": 1}))
	require.NoError(t, st.Migrate(t.Context()))
	_, err := st.Get(t.Context(), key)
	require.NoError(t, err, "what is there stays")
}

func TestWhatSchemaSaysIsWhatMigrateMakes(t *testing.T) {
	t.Parallel()
	dsn, schema := postgrestest.DSN(t), postgrestest.Schema(t)
	st := bare(t, dsn, schema)
	require.ErrorContains(t, st.Check(t.Context()), "run Migrate")
	postgrestest.Exec(t, dsn, st.Schema())
	postgrestest.Exec(t, dsn, st.Schema())
	require.NoError(t, st.Check(t.Context()))
	commit(t, st, store.Create(key, map[string]any{"n": 1}))
}

func TestTwoTablesOfASchemaAreTwoStores(t *testing.T) {
	t.Parallel()
	pool, schema := postgrestest.Pool(t, postgrestest.DSN(t)), postgrestest.Schema(t)
	for _, table := range []string{"one", "two"} {
		st, err := postgresstore.New(pool, &postgresstore.Options{Schema: schema, Table: table})
		require.NoError(t, err)
		require.NoError(t, st.Migrate(t.Context()))
		_, err = st.Get(t.Context(), key)
		require.ErrorIs(t, err, store.ErrNotFound)
		commit(t, st, store.Create(key, map[string]any{"n": 1}))
	}
}

func TestATableThatIsNotOursIsRefusedAndLeftAlone(t *testing.T) {
	t.Parallel()
	dsn, schema := postgrestest.DSN(t), postgrestest.Schema(t)
	st := bare(t, dsn, schema)
	postgrestest.Exec(t, dsn, fmt.Sprintf("CREATE SCHEMA %s; CREATE TABLE %s.documents (title text)", schema, schema))
	require.ErrorContains(t, st.Migrate(t.Context()), "belongs to something else")
	var comment *string
	require.NoError(t, postgrestest.Pool(t, dsn).QueryRow(t.Context(), "SELECT obj_description(($1 || '.documents')::regclass, 'pg_class')", schema).Scan(&comment))
	require.Nil(t, comment)
}

func TestATableOfALaterVersionIsRefused(t *testing.T) {
	t.Parallel()
	dsn, schema := postgrestest.DSN(t), postgrestest.Schema(t)
	st := bare(t, dsn, schema)
	require.NoError(t, st.Migrate(t.Context()))
	postgrestest.Exec(t, dsn, "COMMENT ON TABLE "+schema+".documents IS 'longwatch, schema 2'")
	require.ErrorContains(t, st.Migrate(t.Context()), "schema 2")
	require.ErrorContains(t, st.Check(t.Context()), "no later one than 1")
}

// user makes a role that may log in and nothing else.
func user(t *testing.T, dsn string) (name string) {
	t.Helper()
	name = "role_" + postgrestest.Schema(t)[5:20]
	postgrestest.Exec(t, dsn, "CREATE ROLE "+name+" LOGIN PASSWORD 's3cr3t'")
	t.Cleanup(func() { postgrestest.Exec(t, dsn, "DROP OWNED BY "+name+"; DROP ROLE "+name) })
	return name
}

// as makes a pool's connections those of another role.
func as(role string) func(*pgxpool.Config) {
	return func(c *pgxpool.Config) { c.ConnConfig.User, c.ConnConfig.Password = role, "s3cr3t" }
}

func TestARoleNeedsNoMoreThanToUseTheTable(t *testing.T) {
	t.Parallel()
	dsn, schema := postgrestest.DSN(t), postgrestest.Schema(t)
	role := user(t, dsn)
	st, err := postgresstore.New(postgrestest.Pool(t, dsn, as(role)), &postgresstore.Options{Schema: schema})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })

	require.ErrorContains(t, st.Migrate(t.Context()), "CREATE on the database", "it may not make one")
	require.NoError(t, bare(t, dsn, schema).Migrate(t.Context()))
	require.NoError(t, st.Migrate(t.Context()), "nothing is missing")
	_, err = st.Get(t.Context(), key)
	require.ErrorContains(t, err, "USAGE on the schema "+schema)
	postgrestest.Exec(t, dsn, "GRANT USAGE ON SCHEMA "+schema+" TO "+role)
	_, err = st.Commit(t.Context(), store.Create(key, map[string]any{"n": 1}))
	require.ErrorContains(t, err, "SELECT, INSERT, UPDATE, DELETE")
	require.NotErrorIs(t, err, store.ErrInvalid)
	require.NotContains(t, err.Error(), "s3cr3t")

	postgrestest.Exec(t, dsn, "GRANT SELECT, INSERT, UPDATE, DELETE ON "+schema+".documents TO "+role)
	stamps := commit(t, st, store.Create(key, map[string]any{"n": 1}))
	stamps = commit(t, st, store.Update(key, map[string]any{"n": 2}, stamps[0].Version))
	changed, err := st.Watch(t.Context(), key)
	require.NoError(t, err)
	commit(t, st, store.DeleteVersion(key, stamps[0].Version))
	<-changed
}

func TestATableThatIsGoneSaysWhatToDo(t *testing.T) {
	t.Parallel()
	dsn, schema := postgrestest.DSN(t), postgrestest.Schema(t)
	st := bare(t, dsn, schema)
	_, err := st.Get(t.Context(), key)
	require.ErrorContains(t, err, "run Migrate")
	require.NotErrorIs(t, err, store.ErrNotFound)
	_, err = st.Commit(t.Context(), store.Create(key, map[string]any{"n": 1}))
	require.ErrorContains(t, err, "run Migrate")
	require.NotErrorIs(t, err, store.ErrInvalid)
	require.NoError(t, st.Migrate(t.Context()))
	commit(t, st, store.Create(key, map[string]any{"n": 1}))
}

func TestADatabaseOfAnotherEncodingIsRefused(t *testing.T) {
	t.Parallel()
	dsn := postgrestest.DSN(t)
	name := "db_" + postgrestest.Schema(t)
	postgrestest.Exec(t, dsn, "CREATE DATABASE "+name+" ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
	t.Cleanup(func() { postgrestest.Exec(t, dsn, "DROP DATABASE "+name+" WITH (FORCE)") })
	st, err := postgresstore.New(postgrestest.Pool(t, dsn, func(c *pgxpool.Config) { c.ConnConfig.Database = name }), nil)
	require.NoError(t, err)
	require.ErrorContains(t, st.Migrate(t.Context()), "LATIN1, and must be UTF8")
}

func TestAHostIsToldOfCommitsThatAreNotSynced(t *testing.T) {
	t.Parallel()
	for setting, warned := range map[string]bool{"off": true, "on": false} {
		var log bytes.Buffer
		pool := postgrestest.Pool(t, postgrestest.DSN(t), func(c *pgxpool.Config) { c.ConnConfig.RuntimeParams["synchronous_commit"] = setting })
		st, err := postgresstore.New(pool, &postgresstore.Options{Schema: postgrestest.Schema(t), Logger: slog.New(slog.NewTextHandler(&log, nil))})
		require.NoError(t, err)
		require.NoError(t, st.Migrate(t.Context()))
		require.Equal(t, warned, log.Len() > 0, log.String())
	}
}
