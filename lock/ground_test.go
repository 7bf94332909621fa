package lock_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sdk "cloud.google.com/go/firestore"
	"github.com/benbjohnson/clock"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/firestoretest"
	"github.com/seed-13dc028d/longwatch/internal/postgrestest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/firestorestore"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/postgresstore"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// ground is a kind of store on which the stories are told.
type ground struct {
	name string
	// share opens a database of the test's own, and tells other processes where it
	// is. It is nil where the store lives in the bubble itself.
	share func(t *testing.T) (place string, st store.Store)
}

var (
	memory    = &ground{name: "memory"}
	sqlite    = &ground{name: "SQLite", share: shareSQLite}
	postgres  = &ground{name: "Postgres", share: sharePostgres}
	firestore = &ground{name: "Firestore", share: shareFirestore}

	grounds = []*ground{memory, sqlite, postgres, firestore}
)

func shareSQLite(t *testing.T) (place string, st store.Store) {
	place = filepath.Join(t.TempDir(), "lock.db")
	opened, err := sqlitestore.Open(t.Context(), place, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })
	return place, opened
}

func sharePostgres(t *testing.T) (place string, st store.Store) {
	dsn, schema := postgrestest.DSN(t), postgrestest.Schema(t)
	opened, err := postgresstore.New(postgrestest.Pool(t, dsn), &postgresstore.Options{Schema: schema})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })
	require.NoError(t, opened.Migrate(t.Context()))
	return "postgres|" + dsn + "|" + schema, opened
}

func shareFirestore(t *testing.T) (place string, st store.Store) {
	host, project := firestoretest.Host(t), firestoretest.Project()
	opened, err := firestorestore.New(firestoretest.Connect(t, host, project), &firestorestore.Options{
		WatchClient: firestoretest.Connect(t, host, project),
	})
	require.NoError(t, err)
	return "firestore|" + host + "|" + project, opened
}

// join opens, in another process, the database at a place.
func join(ctx context.Context, place string) (st store.Store, end func() error, err error) {
	kind, rest, _ := strings.Cut(place, "|")
	where, name, _ := strings.Cut(rest, "|")
	switch kind {
	case "postgres":
		pool, err := pgxpool.New(ctx, where)
		if err != nil {
			return nil, nil, err
		}
		st, err := postgresstore.New(pool, &postgresstore.Options{Schema: name})
		return st, func() error { defer pool.Close(); return st.Close() }, err
	case "firestore":
		if err := os.Setenv("FIRESTORE_EMULATOR_HOST", where); err != nil {
			return nil, nil, err
		}
		client, err := sdk.NewClient(ctx, name)
		if err != nil {
			return nil, nil, err
		}
		st, err := firestorestore.New(client, nil)
		return st, client.Close, err
	default:
		st, err := sqlitestore.Open(ctx, place, nil)
		return st, st.Close, err
	}
}

// tell tells a story on this ground, in a bubble and a world of its own.
func (g *ground) tell(t *testing.T, story func(t *testing.T, w *world)) {
	t.Helper()
	var far *distant
	if g.share != nil {
		_, st := g.share(t)
		far = newDistant(t, st)
	}
	synctest.Test(t, func(t *testing.T) {
		clk := &stepped{Clock: clock.New()}
		var st store.Store = memstore.New(&memstore.Options{Clock: clk})
		if far != nil {
			far.clock, st = clk, far
		}
		w := newWorldOn(t, st)
		w.ground, w.clock = g, clk
		story(t, w)
	})
}

// stepped is the clock of a database, which an operator may set.
type stepped struct {
	clock.Clock

	mu sync.Mutex
	by time.Duration
}

func (c *stepped) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Clock.Now().Add(c.by)
}

func (c *stepped) step(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.by += by
}

// few is how often a story goes on that needs many turns in all: on a database that
// is not in memory they cost real time.
func (w *world) few(all int) int {
	if w.ground == memory {
		return all
	}
	return max(6, seedtest.Histories(all/10))
}
