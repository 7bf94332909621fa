package postgresstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/postgresstore"
)

// Example opens a Store as a program does. A pool connects when it must.
func Example() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "postgres://longwatch@127.0.0.1:1/longwatch?sslmode=disable")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	st, err := postgresstore.New(pool, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer st.Close()
	if err := st.Migrate(ctx); err != nil {
		fmt.Println("no server there, or one that says no:", !errors.Is(err, postgresstore.ErrSchema))
		return
	}
	_, _ = st.Commit(ctx, store.Set(store.Key{Collection: "lamps", ID: "porch"}, map[string]any{"ts": time.Now(), "lit": true}))
	// Output: no server there, or one that says no: true
}

// The host's pool, and a schema beside its own tables. Behind a pooler in transaction
// mode WatchPool goes past it.
func ExampleNew() {
	ctx := context.Background()
	pool, _ := pgxpool.New(ctx, "postgres://app@pooler:6432/app?default_query_exec_mode=cache_describe")
	direct, _ := pgxpool.New(ctx, "postgres://app@database:5432/app")
	defer pool.Close()
	defer direct.Close()
	st, err := postgresstore.New(pool, &postgresstore.Options{Schema: "monitoring", WatchPool: direct})
	fmt.Println(st != nil, err)
	_, err = postgresstore.New(pool, &postgresstore.Options{Schema: "Monitoring"})
	fmt.Println(err)
	// Output:
	// true <nil>
	// postgresstore: Schema "Monitoring" is not made of lower-case letters, digits and underscores
}

// A host that runs its own migrations runs these statements among them, and only
// checks at its start.
func ExampleStore_Schema() {
	pool, _ := pgxpool.New(context.Background(), "postgres://app@database/app")
	defer pool.Close()
	st, _ := postgresstore.New(pool, &postgresstore.Options{Schema: "monitoring", Table: "longwatch"})
	fmt.Println(strings.SplitN(st.Schema(), "\n", 2)[0])
	fmt.Println(strings.Contains(st.Schema(), `"monitoring"."longwatch"`))
	// Output:
	// CREATE SCHEMA IF NOT EXISTS "monitoring";
	// true
}

// Check says what is missing and changes nothing.
func ExampleStore_Check() {
	pool, _ := pgxpool.New(context.Background(), "postgres://app@database/app")
	defer pool.Close()
	st, _ := postgresstore.New(pool, nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	fmt.Println(errors.Is(st.Check(ctx), context.Canceled))
	// Output: true
}
