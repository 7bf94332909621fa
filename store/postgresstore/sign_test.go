package postgresstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/seed-13dc028d/longwatch/internal/postgrestest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/postgresstore"
)

func hold(t *testing.T, st *postgresstore.Store, name string) (mark string, end func(bool)) {
	t.Helper()
	mark, end, err := st.Hold(t.Context(), name)
	require.NoError(t, err)
	return mark, end
}

func requireAlive(t *testing.T, st *postgresstore.Store, name, mark string) {
	t.Helper()
	_, err := st.Seize(t.Context(), name, mark, false)
	require.ErrorIs(t, err, store.ErrAlive)
}

func requireGone(t *testing.T, st *postgresstore.Store, name, mark string) (done func(bool)) {
	t.Helper()
	done, err := st.Seize(t.Context(), name, mark, true) // what a process gives back it gives in the background
	require.NoError(t, err)
	return done
}

func TestASignLastsUntilItsEndAndOneAloneIsToldOfIt(t *testing.T) {
	t.Parallel()
	dsn, schema := postgrestest.DSN(t), postgrestest.Schema(t)
	a, b, c := openAt(t, dsn, schema), openAt(t, dsn, schema), openAt(t, dsn, schema)
	mark, end := hold(t, a, "A")
	require.LessOrEqual(t, len(mark), 256)
	for _, st := range []*postgresstore.Store{a, b, c} {
		requireAlive(t, st, "A", mark)
	}
	end(false)
	end(false)
	done := requireGone(t, b, "A", mark)
	for _, st := range []*postgresstore.Store{a, b, c} {
		requireAlive(t, st, "A", mark)
	}
	done(false)
	requireGone(t, c, "A", mark)(true)
	// A new one is of a new session: nobody is told of it by the old.
	next, end := hold(t, a, "B")
	require.NotEqual(t, mark, next)
	requireAlive(t, b, "B", next)
	end(true)
}

// A sign that ends while another one of the Store lasts is told of late, and never the
// other way round.
func TestTheSignsOfOneStoreLastAsLongAsTheLastOfThem(t *testing.T) {
	t.Parallel()
	dsn, schema := postgrestest.DSN(t), postgrestest.Schema(t)
	a, b := openAt(t, dsn, schema), openAt(t, dsn, schema)
	first, endFirst := hold(t, a, "A")
	second, endSecond := hold(t, a, "B")
	_, _, err := a.Hold(t.Context(), "B")
	require.ErrorContains(t, err, "one of this name")
	endFirst(false)
	requireAlive(t, b, "A", first)
	requireAlive(t, b, "B", second)
	endSecond(false)
	requireGone(t, b, "A", first)(false)
	requireGone(t, b, "B", second)(false)
}

func TestWhoeverWaitsForASignIsToldOfItsEndAndOneAtATime(t *testing.T) {
	t.Parallel()
	dsn, schema := postgrestest.DSN(t), postgrestest.Schema(t)
	a := openAt(t, dsn, schema)
	marks, ends := map[string]string{}, map[string]func(bool){}
	const signs, waiting = 20, 3
	for i := range signs {
		name := fmt.Sprint("S", i)
		marks[name], ends[name] = hold(t, a, name)
	}
	var all errgroup.Group
	told := make([]chan struct{}, signs) // one token each
	stores := []*postgresstore.Store{openAt(t, dsn, schema), openAt(t, dsn, schema), a}
	for i := range signs {
		name := fmt.Sprint("S", i)
		told[i] = make(chan struct{}, 1)
		for n := range waiting {
			all.Go(func() error {
				done, err := stores[n].Seize(t.Context(), name, marks[name], true)
				if err != nil {
					return err
				}
				select {
				case told[i] <- struct{}{}:
				default:
					return errors.New("two were told at once")
				}
				<-told[i]
				done(false)
				return nil
			})
		}
	}
	for _, end := range ends {
		end(false)
	}
	require.NoError(t, all.Wait())
}

func TestAWaitForASignEndsWithItsContextAndWithTheStore(t *testing.T) {
	t.Parallel()
	dsn, schema := postgrestest.DSN(t), postgrestest.Schema(t)
	a, b := openAt(t, dsn, schema), openAt(t, dsn, schema)
	mark, end := hold(t, a, "A")
	defer end(true)
	ctx, cancel := context.WithCancel(t.Context())
	var all errgroup.Group
	for _, st := range []*postgresstore.Store{a, b} {
		all.Go(func() error {
			_, err := st.Seize(ctx, "A", mark, true)
			if !errors.Is(err, context.Canceled) {
				return fmt.Errorf("not cancelled: %w", err)
			}
			return nil
		})
	}
	cancel()
	require.NoError(t, all.Wait())
	left := make(chan error, 1)
	go func() {
		_, err := b.Seize(t.Context(), "A", mark, true)
		left <- err
	}()
	require.NoError(t, b.Close())
	require.Error(t, <-left)
	_, _, err := b.Hold(t.Context(), "B")
	require.ErrorContains(t, err, "closed")
}

// A session that the server ends takes the signs with it, though the process lives:
// that is told at once, to whoever asks and to the process itself.
func TestASignLapsesWithItsConnection(t *testing.T) {
	t.Parallel()
	dsn, schema := postgrestest.DSN(t), postgrestest.Schema(t)
	a, b := openAt(t, dsn, schema, called(schema)), openAt(t, dsn, schema)
	for range 3 {
		mark, end := hold(t, a, "A")
		lapsed := a.Lapsed("A")
		require.NotNil(t, lapsed)
		requireAlive(t, b, "A", mark)
		kill(t, dsn, schema)
		<-lapsed
		requireGone(t, b, "A", mark)(false)
		requireAlive(t, a, "A", mark) // who knows better
		end(true)
		require.Nil(t, a.Lapsed("A"))
	}
	mark, end := hold(t, a, "A")
	requireAlive(t, b, "A", mark)
	end(true)
}

func TestASignOfAnotherServerOrFromBeforeItsStartTellsNothing(t *testing.T) {
	t.Parallel()
	postgres := postgrestest.Start(t)
	a, b := openAt(t, postgres.DSN(), "longwatch"), openAt(t, postgres.DSN(), "longwatch")
	mark, end := hold(t, a, "A")
	defer end(true)
	fails := func(st *postgresstore.Store, mark string, wait bool) {
		t.Helper()
		_, err := st.Seize(t.Context(), "A", mark, wait)
		require.Error(t, err)
		require.NotErrorIs(t, err, store.ErrAlive)
		require.NotErrorIs(t, err, errors.ErrUnsupported)
	}
	for _, wrong := range []string{"", "stars", "file 1 2:3", mark + " ", mark + "1", "session 1 2 4", strings.Replace(mark, "session ", "session 0", 1), mark + strings.Repeat(" ", 5000)} {
		fails(b, wrong, true)
	}
	fails(open(t), mark, true) // the server that all tests share
	requireAlive(t, b, "A", mark)
	postgres.Restart(t)
	<-a.Lapsed("A")
	fails(b, mark, false)
	fails(b, mark, true)
}

func TestNoSignIsHeldWhereNothingIsWatched(t *testing.T) {
	t.Parallel()
	st, err := postgresstore.New(postgrestest.Pool(t, postgrestest.DSN(t)), &postgresstore.Options{NoWatch: true})
	require.NoError(t, err)
	_, _, err = st.Hold(t.Context(), "A")
	require.ErrorIs(t, err, errors.ErrUnsupported)
	_, err = st.Seize(t.Context(), "A", "session 2 2 2", true)
	require.ErrorIs(t, err, errors.ErrUnsupported)
}

// A process that leads and stands by at once has one connection beside its pool.
func TestSignsAndWatchesShareOneConnection(t *testing.T) {
	t.Parallel()
	dsn, schema := postgrestest.DSN(t), postgrestest.Schema(t)
	a, b := openAt(t, dsn, schema, called(schema), func(c *pgxpool.Config) { c.MaxConns = 1 }), openAt(t, dsn, schema)
	mark, end := hold(t, b, "B")
	defer end(true)
	watch(t, a, key)
	_, own := hold(t, a, "A")
	defer own(true)
	requireAlive(t, a, "B", mark)
	commit(t, a, store.Set(key, tally{1}))
	var n int
	require.NoError(t, postgrestest.Pool(t, dsn).QueryRow(t.Context(),
		"SELECT count(*) FROM pg_stat_activity WHERE application_name = $1", schema).Scan(&n))
	require.Equal(t, 2, n)
}
