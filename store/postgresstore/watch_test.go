package postgresstore_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/postgrestest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/postgresstore"
)

func watch(t *testing.T, st *postgresstore.Store, key store.Key) <-chan struct{} {
	t.Helper()
	changed, err := st.Watch(t.Context(), key)
	require.NoError(t, err)
	return changed
}

// requireEnds waits until a watch is closed.
func requireEnds(t *testing.T, changed <-chan struct{}) {
	t.Helper()
	for range changed { // signals that came before
		continue
	}
}

func TestAWatchHearsOfWhatOthersCommit(t *testing.T) {
	t.Parallel()
	dsn, schema := postgrestest.DSN(t), postgrestest.Schema(t)
	here, there := openAt(t, dsn, schema), openAt(t, dsn, schema)
	changed := watch(t, here, key)
	commit(t, there, store.Set(key, map[string]any{"n": 1}))
	<-changed
	// More documents than a commit asks about.
	var ops []store.Op
	for i := range 40 {
		ops = append(ops, store.Set(store.Key{Collection: "a", ID: fmt.Sprint(i)}, map[string]any{}))
	}
	commit(t, there, append(ops, store.Delete(key))...)
	<-changed
}

// What nobody watches is not notified of: commits that notify wait for each other,
// the host's own as well.
func TestACommitNotifiesOnlyOfWhatIsWatched(t *testing.T) {
	t.Parallel()
	dsn, schema := postgrestest.DSN(t), postgrestest.Schema(t)
	st := openAt(t, dsn, schema)
	heard := make(chan struct{}, 100)
	ctx, end := context.WithCancel(t.Context())
	ended := watchAll(ctx, t, dsn, st, heard)

	other := store.Key{Collection: "a", ID: "other"}
	commit(t, st, store.Set(key, map[string]any{"n": 1}), store.Set(other, map[string]any{}))
	watched, stop := context.WithCancel(t.Context())
	changed, err := st.Watch(watched, key)
	require.NoError(t, err)
	commit(t, st, store.Set(other, map[string]any{}))
	require.Empty(t, heard)
	commit(t, st, store.Set(key, map[string]any{"n": 2}))
	<-heard
	<-changed
	stop()
	requireEnds(t, changed)
	// The lock is given back on the connection that the next Watch waits for.
	watch(t, st, other)
	commit(t, st, store.Set(key, map[string]any{"n": 3}))
	commit(t, st, store.Set(other, map[string]any{}))
	<-heard
	require.Empty(t, heard)
	end()
	<-ended
}

// watchAll counts the notifications on a store's channel.
func watchAll(ctx context.Context, t *testing.T, dsn string, st *postgresstore.Store, heard chan<- struct{}) (ended chan struct{}) {
	t.Helper()
	pooled, err := postgrestest.Pool(t, dsn).Acquire(t.Context())
	require.NoError(t, err)
	conn := pooled.Hijack()
	_, err = conn.Exec(t.Context(), "LISTEN "+st.Channel())
	require.NoError(t, err)
	ended = make(chan struct{})
	go func() {
		defer close(ended)
		defer conn.Close(context.Background())
		for {
			if _, err := conn.WaitForNotification(ctx); err != nil {
				return
			}
			heard <- struct{}{}
		}
	}()
	return ended
}

// kill ends the connections of a store's pool and its listener.
func kill(t *testing.T, dsn, name string) {
	t.Helper()
	var n int
	require.NoError(t, postgrestest.Pool(t, dsn).QueryRow(t.Context(),
		"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1", name).Scan(&n))
	require.Positive(t, n)
}

// called gives a pool's connections a name.
func called(name string) func(*pgxpool.Config) {
	return func(c *pgxpool.Config) { c.ConnConfig.RuntimeParams["application_name"] = name }
}

func TestAWatchThatBreaksIsClosedAndTheNextOneWorks(t *testing.T) {
	t.Parallel()
	dsn, schema := postgrestest.DSN(t), postgrestest.Schema(t)
	st := openAt(t, dsn, schema, called(schema))
	for range 3 {
		first, second := watch(t, st, key), watch(t, st, store.Key{Collection: "a", ID: "other"})
		kill(t, dsn, schema)
		requireEnds(t, first)
		requireEnds(t, second)
	}
	changed := watch(t, st, key)
	commit(t, openAt(t, dsn, schema), store.Set(key, map[string]any{"n": 1}))
	<-changed
}

func TestCloseEndsEveryWatchAndNothingElse(t *testing.T) {
	t.Parallel()
	st := open(t)
	changed := watch(t, st, key)
	require.NoError(t, st.Close())
	requireEnds(t, changed)
	_, err := st.Watch(t.Context(), key)
	require.ErrorContains(t, err, "closed")
	commit(t, st, store.Set(key, map[string]any{"n": 1}))
}

func TestAWatchNeverTakesOneOfThePoolsConnections(t *testing.T) {
	t.Parallel()
	st := open(t, func(c *pgxpool.Config) { c.MaxConns = 1 })
	changed := watch(t, st, key)
	commit(t, st, store.Set(key, map[string]any{"n": 1}))
	<-changed
}

// A host that reads notifications itself hears ours as well; then any of them may be
// of any document.
func TestAWatchWorksWhereTheHostReadsNotifications(t *testing.T) {
	t.Parallel()
	st := open(t, func(c *pgxpool.Config) { c.ConnConfig.OnNotification = postgresstore.Ignore })
	changed := watch(t, st, key)
	commit(t, st, store.Set(key, map[string]any{"n": 1}))
	<-changed
}

func TestAWatchUnderAnEndedContextIsNotMade(t *testing.T) {
	t.Parallel()
	st := open(t)
	ctx, end := context.WithCancel(t.Context())
	end()
	_, err := st.Watch(ctx, key)
	require.ErrorIs(t, err, context.Canceled)
	_, err = st.Watch(t.Context(), store.Key{})
	require.ErrorIs(t, err, store.ErrInvalid)
}

// A commit that is under way when a watch begins either is over before it, or is
// signalled. Somebody who keeps it open keeps that watch waiting, and no other one.
func TestAWatchWaitsForACommitThatIsUnderWay(t *testing.T) {
	t.Parallel()
	dsn, schema := postgrestest.DSN(t), postgrestest.Schema(t)
	st := openAt(t, dsn, schema)
	other := watch(t, st, store.Key{Collection: "a", ID: "other"})
	tx, err := postgrestest.Pool(t, dsn).Begin(t.Context())
	require.NoError(t, err)
	class, number := st.LockOf(key)
	_, err = tx.Exec(t.Context(), "SELECT pg_advisory_xact_lock($1::int, $2::int)", class, number)
	require.NoError(t, err)
	_, err = st.Watch(t.Context(), key)
	require.ErrorContains(t, err, "lock timeout")
	require.NotErrorIs(t, err, errors.ErrUnsupported)
	require.NoError(t, tx.Rollback(t.Context()))
	changed := watch(t, st, key)
	commit(t, st, store.Set(key, map[string]any{"n": 1}), store.Set(store.Key{Collection: "a", ID: "other"}, map[string]any{}))
	<-changed
	<-other
}
