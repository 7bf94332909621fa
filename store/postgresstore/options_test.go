package postgresstore_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/postgresstore"
)

// nowhere is a pool of a server that does not exist: a pool connects when it must.
func nowhere(tb testing.TB) *pgxpool.Pool {
	tb.Helper()
	pool, err := pgxpool.New(tb.Context(), "postgres://nobody:s3cr3t@127.0.0.1:1/none?sslmode=disable")
	require.NoError(tb, err)
	tb.Cleanup(pool.Close)
	return pool
}

func TestEveryWrongOptionIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := postgresstore.New(nil, &postgresstore.Options{
		Schema: `a"b`, Table: strings.Repeat("x", 56), WatchPool: nowhere(t), NoWatch: true,
	})
	for _, says := range []string{"pool is nil", `Schema "a\"b" is not made of`, `is longer than 55 characters`, "WatchPool is given although NoWatch"} {
		require.ErrorContains(t, err, says)
	}
	for _, schema := range []string{"", "a", "_1", strings.Repeat("x", 63)} {
		_, err := postgresstore.New(nowhere(t), &postgresstore.Options{Schema: schema, Table: "t"})
		require.NoError(t, err, schema)
	}
	for _, schema := range []string{"A", "1a", "a.b", "a b", "ü", "a;", "a\x00", strings.Repeat("x", 64)} {
		_, err := postgresstore.New(nowhere(t), &postgresstore.Options{Schema: schema})
		require.ErrorContains(t, err, "Schema", schema)
	}
}

// Whatever is done with a server that nobody reaches says so, tells no password,
// and is no reason to give up.
func TestAServerThatIsNotThereIsNoInvalidRequest(t *testing.T) {
	t.Parallel()
	st, err := postgresstore.New(nowhere(t), nil)
	require.NoError(t, err)
	key := store.Key{Collection: "c", ID: "i"}
	_, get := st.Get(t.Context(), key)
	_, commit := st.Commit(t.Context(), store.Create(key, map[string]any{"a": 1}))
	_, watch := st.Watch(t.Context(), key)
	scan := errors.New("nothing came")
	for _, scan = range st.Scan(t.Context(), store.Query{Collection: "c"}) {
	}
	for what, err := range map[string]error{
		"get": get, "commit": commit, "watch": watch, "scan": scan, "migrate": st.Migrate(t.Context()), "check": st.Check(t.Context()),
	} {
		require.ErrorContains(t, err, "127.0.0.1:1", what)
		require.ErrorContains(t, err, "postgresstore: ", what)
		require.NotContains(t, err.Error(), "s3cr3t", what)
		for _, class := range []error{store.ErrInvalid, store.ErrNotFound, store.ErrConflict, errors.ErrUnsupported} {
			require.NotErrorIs(t, err, class, what)
		}
	}
	require.NoError(t, st.Close())
	require.NoError(t, st.Close(), "twice is no error")
	_, err = st.Watch(t.Context(), key)
	require.ErrorContains(t, err, "closed")
}

// The driver tries an address with TLS and without, and has a line for each.
func TestThatNobodyAnswersIsOneLine(t *testing.T) {
	t.Parallel()
	pool, err := pgxpool.New(t.Context(), "postgres://nobody:s3cr3t@127.0.0.1:1,127.0.0.1:2/none")
	require.NoError(t, err)
	defer pool.Close()
	st, err := postgresstore.New(pool, nil)
	require.NoError(t, err)
	_, err = st.Get(t.Context(), store.Key{Collection: "c", ID: "i"})
	_, ok := errors.AsType[*pgconn.ConnectError](err)
	require.True(t, ok, "what the driver has is kept")
	require.NotContains(t, err.Error(), "\n")
	for _, address := range []string{"127.0.0.1:1 (", "127.0.0.1:2 ("} {
		require.Equal(t, 1, strings.Count(err.Error(), address), "%v", err)
	}
}

func TestNobodyWatchesWithoutWatch(t *testing.T) {
	t.Parallel()
	st, err := postgresstore.New(nowhere(t), &postgresstore.Options{NoWatch: true})
	require.NoError(t, err)
	_, err = st.Watch(t.Context(), store.Key{Collection: "c", ID: "i"})
	require.ErrorIs(t, err, errors.ErrUnsupported)
}
