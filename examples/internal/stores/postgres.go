package stores

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/postgresstore"
)

// postgresAddress is an address of Postgres, taken apart.
type postgresAddress struct {
	pool    *pgxpool.Config
	options postgresstore.Options
}

// splitPostgres takes postgres://… apart, with all that libpq takes there, and of
// our own the parameters schema and table. Its errors tell no part of the address
// but names: somewhere in it is a password.
func splitPostgres(address string) (a postgresAddress, err error) {
	address, query, _ := strings.Cut(address, "?")
	parameters, err := url.ParseQuery(query)
	if err != nil {
		return a, errors.New("postgres: what follows the ? is not written as in a URL")
	}
	a.options = postgresstore.Options{Schema: parameters.Get("schema"), Table: parameters.Get("table")}
	parameters.Del("schema")
	parameters.Del("table")
	if a.pool, err = pgxpool.ParseConfig(address + "?" + parameters.Encode()); err != nil {
		return a, fmt.Errorf("postgres: %w", bare(err))
	}
	// A password with a bare @ would end as a part of the host's name.
	if strings.Contains(a.pool.ConnConfig.Host, "@") {
		return a, errors.New("postgres: the password has an @, which is written as %40")
	}
	if parameters := a.pool.ConnConfig.RuntimeParams; parameters["application_name"] == "" {
		parameters["application_name"] = "longwatch"
	}
	// The names are looked at as New does, on a pool that is never used.
	_, err = postgresstore.New(new(pgxpool.Pool), &a.options)
	return a, err
}

// bare is what the driver says without the address.
func bare(err error) error {
	text := err.Error()
	if _, reason, ok := strings.Cut(text, "`: "); ok {
		text = reason
	}
	return errors.New(text)
}

// PostgresSchema returns the statements that make the table of an address.
func PostgresSchema(address string) (string, error) {
	scheme, _, err := Split(address)
	if err != nil {
		return "", err
	}
	if scheme != "postgres" {
		return "", fmt.Errorf("a store of %s makes its own tables; only postgres://… can be made by hand", scheme)
	}
	a, err := splitPostgres(address)
	if err != nil {
		return "", err
	}
	st, err := postgresstore.New(new(pgxpool.Pool), &a.options)
	if err != nil {
		return "", err
	}
	return st.Schema(), nil
}

// openPostgres opens a pool and a store on it, and prepares that.
func openPostgres(ctx context.Context, address string, prepare func(*postgresstore.Store, context.Context) error) (store.Store, func(), error) {
	a, err := splitPostgres(address)
	if err != nil {
		return nil, nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, a.pool)
	if err != nil {
		return nil, nil, fmt.Errorf("postgres: %w", bare(err))
	}
	st, err := postgresstore.New(pool, &a.options)
	if err != nil {
		pool.Close()
		return nil, nil, err
	}
	end := func() { _ = st.Close(); pool.Close() }
	if err := prepare(st, ctx); err != nil {
		end()
		return nil, nil, err
	}
	return st, end, nil
}

const (
	firstMigration = 5 * time.Second // how long a start waits for the server
	nextMigration  = 2 * time.Second
)

// migrated makes the table, or, where the server does not answer, sees to it that it
// is made once it does: whoever watches a host starts also while the database is
// down. It ends with ctx.
func migrated(st *postgresstore.Store, ctx context.Context) error { //nolint:revive // a method expression has the receiver first
	once := func() error {
		ctx, cancel := context.WithTimeout(ctx, firstMigration)
		defer cancel()
		return st.Migrate(ctx)
	}
	err := once()
	if err == nil || answered(err) {
		return err
	}
	go func() {
		every := time.NewTicker(nextMigration)
		defer every.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-every.C:
				if err := once(); err == nil || answered(err) {
					return // what the server refuses is what every read and write says from now on
				}
			}
		}
	}()
	return nil
}

// answered reports whether the server said no. One that is starting up, or has no
// room, says that it will not do so for ever.
func answered(err error) bool {
	answer, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case !ok:
		return errors.Is(err, postgresstore.ErrSchema)
	case strings.HasPrefix(answer.Code, "57P"), strings.HasPrefix(answer.Code, "53"), strings.HasPrefix(answer.Code, "08"):
		return false
	}
	return true
}
