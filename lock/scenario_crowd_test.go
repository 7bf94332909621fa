package lock_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/postgrestest"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/postgresstore"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// This file has the scenarios of others who want the database at the same time. They
// are in real time, since databases wait in them, and measure none.

func TestScenario37ALockedDatabaseIsNoLoss(t *testing.T) {
	t.Parallel()
	onEach(t, 37, func(t *testing.T, g *ground) {
		st, seize := g.contended(t)
		net := storetest.Wrap(st)
		l, err := lock.New(net, lockKey, &lock.Options{Lease: time.Hour, RetryMin: time.Millisecond, RetryMax: time.Millisecond})
		require.NoError(t, err)
		held, err := l.TryAcquire(t.Context())
		require.NoError(t, err)
		letGo := seize()
		// It lets go once the lock was refused often enough to have given up on the
		// operations, had it taken that for their fault.
		var once sync.Once
		net.Inject(storetest.Fault{After: func(context.Context, storetest.Call) error {
			if net.Calls(storetest.Commit) > 5 {
				once.Do(letGo)
			}
			return nil
		}})
		require.NoError(t, held.Commit(t.Context(), store.Set(docKey("x"), doc{By: "a", Epoch: 1})))
		require.Greater(t, net.Calls(storetest.Commit), 5)
		require.EqualValues(t, 1, held.Token().Epoch)
		require.NoError(t, held.Release(t.Context()))
	})
}

// contended is a database that does not wait long for others, and what makes another
// keep it: on SQLite all of it, on Postgres what the lock has written.
func (g *ground) contended(t *testing.T) (st store.Store, seize func() (letGo func())) {
	t.Helper()
	place, _ := g.share(t)
	begin := func(pool *sql.DB, text ...string) (letGo func()) {
		conn, err := pool.Conn(t.Context())
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, conn.Close()) })
		for _, text := range text {
			_, err = conn.ExecContext(t.Context(), text)
			require.NoError(t, err)
		}
		return func() {
			_, err := conn.ExecContext(t.Context(), "ROLLBACK")
			require.NoError(t, err)
		}
	}
	if g == sqlite {
		hasty, err := sqlitestore.Open(t.Context(), place, &sqlitestore.Options{BusyTimeout: time.Millisecond})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, hasty.Close()) })
		return hasty, func() func() {
			other, err := sql.Open("sqlite", place)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, other.Close()) })
			return begin(other, "BEGIN IMMEDIATE")
		}
	}
	parts := strings.Split(place, "|")
	hasty := postgrestest.Pool(t, parts[1], func(c *pgxpool.Config) { c.ConnConfig.RuntimeParams["lock_timeout"] = "5ms" })
	limited, err := postgresstore.New(hasty, &postgresstore.Options{Schema: parts[2]})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, limited.Close()) })
	return limited, func() func() {
		other := stdlib.OpenDBFromPool(postgrestest.Pool(t, parts[1]))
		t.Cleanup(func() { require.NoError(t, other.Close()) })
		return begin(other, "BEGIN", "UPDATE "+parts[2]+".documents SET updated = updated")
	}
}

func TestScenario38TenThatReadDoNotDisturbTheLeader(t *testing.T) {
	t.Parallel()
	onEach(t, 38, func(t *testing.T, g *ground) {
		var st store.Store = memstore.New(nil)
		if g.share != nil {
			_, st = g.share(t)
		}
		net := storetest.Wrap(st)
		l, err := lock.New(net, lockKey, &lock.Options{Lease: time.Hour})
		require.NoError(t, err)
		held, err := l.TryAcquire(t.Context())
		require.NoError(t, err)

		ctx, end := context.WithCancel(t.Context())
		var asked atomic.Int64
		var followers sync.WaitGroup
		for i := range 10 {
			follower, err := lock.New(polling{st}, lockKey, &lock.Options{
				InstanceID: fmt.Sprint(i), RetryMin: time.Millisecond, Poll: time.Millisecond,
			})
			require.NoError(t, err)
			followers.Go(func() {
				for ctx.Err() == nil {
					if _, err := follower.TryAcquire(ctx); errors.Is(err, lock.ErrHeld) {
						asked.Add(1)
					} else if ctx.Err() == nil {
						t.Errorf("a follower was told %v", err)
						return
					}
				}
			})
		}
		before := net.Calls(storetest.Commit)
		const renewals = 30
		for i := range int64(renewals) {
			for asked.Load() < i { // all the while they ask
				runtime.Gosched()
			}
			require.NoError(t, held.Commit(t.Context(), store.Set(docKey("x"), doc{By: "a", Epoch: 1})))
		}
		require.Equal(t, renewals, net.Calls(storetest.Commit)-before, "each was accepted at once")
		end()
		followers.Wait()
		require.NoError(t, held.Release(t.Context()))
	})
}
