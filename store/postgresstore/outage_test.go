package postgresstore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/seed-13dc028d/longwatch/internal/faultnet"
	"github.com/seed-13dc028d/longwatch/internal/postgrestest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/postgresstore"
)

// tally is a document that counts, and each count is a document of its own.
type tally struct {
	N int64 `json:"n" firestore:"n"`
}

// counter counts under a condition, as the lock does, and finds out by reading
// whether a commit whose reply was lost has happened.
type counter struct {
	st      store.Store
	name    string
	n       int64
	version string
}

func (c *counter) key() store.Key { return store.Key{Collection: "tallies", ID: c.name} }

func (c *counter) entry(n int64) store.Key {
	return store.Key{Collection: "entries", ID: fmt.Sprintf("%s %d", c.name, n)}
}

// step tries to count one further. An error leaves open whether it did.
func (c *counter) step(ctx context.Context) error {
	write := store.Update(c.key(), tally{c.n + 1}, c.version)
	if c.version == "" {
		write = store.Create(c.key(), tally{c.n + 1})
	}
	stamps, err := c.st.Commit(ctx, write, store.Create(c.entry(c.n+1), tally{c.n + 1}))
	if err != nil {
		return err
	}
	c.n, c.version = c.n+1, stamps[0].Version
	return nil
}

// look reads how far it has come.
func (c *counter) look(ctx context.Context) error {
	r, err := c.st.Get(ctx, c.key())
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var t tally
	if err := r.Decode(&t); err != nil {
		return err
	}
	c.n, c.version = t.N, r.Version
	return nil
}

// entries counts the documents beside the tally.
func (c *counter) entries(t *testing.T) (n int64) {
	t.Helper()
	for i := int64(1); ; i++ {
		_, err := c.st.Get(t.Context(), c.entry(i))
		if errors.Is(err, store.ErrNotFound) {
			return i - 1
		}
		require.NoError(t, err)
	}
}

// through makes a pool reach the server by a proxy.
func through(p *faultnet.Proxy) func(*pgxpool.Config) {
	return func(c *pgxpool.Config) {
		host, port, _ := strings.Cut(p.Addr(), ":")
		c.ConnConfig.Host = host
		_, _ = fmt.Sscan(port, &c.ConnConfig.Port)
		c.MaxConns = 1
	}
}

// A request or its reply is lost at any place: the commit has happened as a whole
// or not at all, the error says that it is not known, and reading tells.
func TestALostReplyIsAnUnknownOutcomeAndNothingIsDoubled(t *testing.T) {
	t.Parallel()
	postgres := postgrestest.Start(t)
	proxy := faultnet.New(t, postgres.Host())
	st := openAt(t, postgres.DSN(), "longwatch", through(proxy))
	c := &counter{st: st, name: "c"}
	happened, random := map[bool]int{}, rand.New(rand.NewPCG(1, 2))
	for range 40 {
		require.NoError(t, c.step(t.Context())) // the statements are prepared on a connection that is whole
		lose := proxy.LoseReplies
		if random.IntN(2) == 0 {
			lose = proxy.LoseRequests
		}
		lose()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		before := c.n
		err := c.step(ctx)
		cancel()
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotErrorIs(t, err, store.ErrConflict)
		require.NotErrorIs(t, err, store.ErrInvalid)
		proxy.Heal()
		require.NoError(t, c.look(t.Context()))
		require.Contains(t, []int64{before, before + 1}, c.n)
		require.Equal(t, c.n, c.entries(t))
		happened[c.n > before]++
	}
	require.Positive(t, happened[true], "a reply was lost")
	require.Positive(t, happened[false], "a request was lost")
}

// The server crashes again and again under those who count: whatever was
// acknowledged is there, and nothing is there twice.
func TestACrashOfTheServerLosesNothingThatWasAcknowledged(t *testing.T) {
	t.Parallel()
	postgres := postgrestest.Start(t)
	st := openAt(t, postgres.DSN(), "longwatch")
	ctx, end := context.WithCancel(t.Context())
	defer end()
	var acknowledged, unknown atomic.Int64
	var all errgroup.Group
	counters := make([]*counter, 4)
	for i := range counters {
		c := &counter{st: st, name: fmt.Sprint(i)}
		counters[i] = c
		all.Go(func() error {
			again := time.NewTicker(10 * time.Millisecond)
			defer again.Stop()
			for ctx.Err() == nil {
				before := c.n
				err := c.step(t.Context())
				if err == nil {
					acknowledged.Add(1)
					continue
				}
				if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrInvalid) {
					return err
				}
				unknown.Add(1)
				for c.look(t.Context()) != nil {
					<-again.C
				}
				if c.n != before && c.n != before+1 {
					return fmt.Errorf("counted from %d to %d", before, c.n)
				}
			}
			return nil
		})
	}
	for range 3 {
		target := acknowledged.Load() + 50
		require.Eventually(t, func() bool { return acknowledged.Load() >= target }, time.Minute, 5*time.Millisecond)
		postgres.Restart(t)
	}
	end()
	require.NoError(t, all.Wait())
	var sum int64
	for _, c := range counters {
		n := c.n
		require.NoError(t, c.look(t.Context()))
		require.Equal(t, n, c.n)
		require.Equal(t, n, c.entries(t))
		sum += n
	}
	require.GreaterOrEqual(t, sum, acknowledged.Load())
	require.LessOrEqual(t, sum, acknowledged.Load()+unknown.Load())
}

// A standby, and a primary that was demoted, say so. Such a connection is not kept:
// the next one may find the server that takes writes.
func TestAServerThatTakesNoWritesSaysSo(t *testing.T) {
	t.Parallel()
	postgres := postgrestest.Start(t)
	commit(t, openAt(t, postgres.DSN(), "longwatch"), store.Create(key, tally{1}))
	postgres.Follow(t)
	pool := postgrestest.Pool(t, postgres.DSN(), func(c *pgxpool.Config) { c.MaxConns = 1 })
	st, err := postgresstore.New(pool, nil)
	require.NoError(t, err)
	require.NoError(t, st.Migrate(t.Context()), "nothing is missing")
	_, err = st.Get(t.Context(), key)
	require.NoError(t, err)
	made := pool.Stat().NewConnsCount()
	for i := range int64(2) {
		_, err = st.Commit(t.Context(), store.Set(key, tally{2}))
		require.ErrorContains(t, err, "it takes no writes")
		require.NotErrorIs(t, err, store.ErrInvalid)
		_, err = st.Get(t.Context(), key)
		require.NoError(t, err)
		require.Equal(t, made+i+1, pool.Stat().NewConnsCount())
	}
	_, err = st.Watch(t.Context(), key)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.ErrorContains(t, err, "standby")
}

// What ends before the server has answered is what the context says, also where the
// server waits for somebody else.
func TestACommitThatWaitsEndsWithItsContext(t *testing.T) {
	t.Parallel()
	dsn, schema := postgrestest.DSN(t), postgrestest.Schema(t)
	st := openAt(t, dsn, schema)
	commit(t, st, store.Set(key, tally{1}))
	tx, err := postgrestest.Pool(t, dsn).Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "UPDATE "+schema+".documents SET updated = updated")
	require.NoError(t, err)
	ctx, end := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer end()
	_, err = st.Commit(ctx, store.Set(key, tally{2}))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NotErrorIs(t, err, store.ErrInvalid)
	require.NoError(t, tx.Rollback(t.Context()))
	commit(t, st, store.Set(key, tally{3}))
}

func TestAServersOwnTimeoutIsARefusal(t *testing.T) {
	t.Parallel()
	dsn, schema := postgrestest.DSN(t), postgrestest.Schema(t)
	st := openAt(t, dsn, schema, func(c *pgxpool.Config) { c.ConnConfig.RuntimeParams["statement_timeout"] = "1s" })
	commit(t, openAt(t, dsn, schema), store.Set(key, tally{1}))
	tx, err := postgrestest.Pool(t, dsn).Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "UPDATE "+schema+".documents SET updated = updated")
	require.NoError(t, err)
	_, err = st.Commit(t.Context(), store.Set(key, tally{2}))
	require.ErrorContains(t, err, "a timeout that the server has")
	require.NoError(t, tx.Rollback(t.Context()))
}

// What a server that was started again leaves in the pool is dead, and the first to use
// it is told so. A read asks again.
func TestAReadMeetsDeadConnectionsAndGoesOn(t *testing.T) {
	t.Parallel()
	dsn, schema := postgrestest.DSN(t), postgrestest.Schema(t)
	commit(t, openAt(t, dsn, schema), store.Set(key, tally{1}))
	pool := postgrestest.Pool(t, dsn, called(schema), func(c *pgxpool.Config) { c.MaxConns = 4 })
	st, err := postgresstore.New(pool, &postgresstore.Options{Schema: schema})
	require.NoError(t, err)
	for range 3 { // reads, each over dead connections alone
		var held []*pgxpool.Conn
		for range 4 {
			conn, err := pool.Acquire(t.Context())
			require.NoError(t, err)
			require.NoError(t, conn.Ping(t.Context()))
			held = append(held, conn)
		}
		kill(t, dsn, schema)
		for _, conn := range held {
			conn.Release()
		}
		_, err := st.Get(t.Context(), key)
		require.NoError(t, err)
	}
}
