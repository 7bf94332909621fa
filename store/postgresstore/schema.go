package postgresstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

const (
	// schemaVersion is of the table below. A table of a later one is refused.
	schemaVersion = 1

	indexSuffix = "_by_time"

	// domain is the type that a precondition is cast to, and precondition what the
	// server calls it when one does not hold: in its log, too, a host finds words.
	domain       = "precondition"
	precondition = "a_precondition_of_longwatch_does_not_hold"

	// migrating is the advisory lock under which the table is made, so that
	// several instances may start together. It spells "lgwt".
	migrating = 0x6c677774

	// mark begins the comment of a table of ours; the version follows.
	mark = "longwatch, schema "
)

// parts are the statements that make what a Store needs, in order.
func parts(schema, table string) []string {
	in := func(name string) string { return pgx.Identifier{schema, name}.Sanitize() }
	return []string{
		`CREATE SCHEMA IF NOT EXISTS ` + pgx.Identifier{schema}.Sanitize(),
		// Checked in every commit: TRUE passes, FALSE ends it.
		`DO $$ BEGIN CREATE DOMAIN ` + in(domain) + ` AS boolean CONSTRAINT ` + precondition + ` CHECK (VALUE);
EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
		`CREATE TABLE IF NOT EXISTS ` + in(table) + ` (
	collection text COLLATE "C" NOT NULL,
	id text COLLATE "C" NOT NULL,
	ts timestamptz, -- the document's own, NULL where it has none
	version uuid NOT NULL,
	updated timestamptz NOT NULL,
	data json NOT NULL,
	PRIMARY KEY (collection, id))`,
		`CREATE INDEX IF NOT EXISTS ` + pgx.Identifier{table + indexSuffix}.Sanitize() +
			` ON ` + in(table) + ` (collection, ts, id) WHERE ts IS NOT NULL`,
		`COMMENT ON TABLE ` + in(table) + ` IS '` + mark + strconv.Itoa(schemaVersion) + `'`,
	}
}

// Schema returns the statements that make what the Store needs and that leave alone
// what is there, for hosts that run their own migrations.
func (s *Store) Schema() string {
	return strings.Join(parts(s.schema, s.table), ";\n") + ";\n"
}

// Migrate makes the schema and the table where they are missing, and changes
// nothing where they are not: then the role needs no more rights than to use them.
// Any number of instances may call it at once. It refuses a table that was made by
// something else, or by a later version of this package, with an error that wraps
// ErrSchema.
func (s *Store) Migrate(ctx context.Context) error {
	found, err := s.look(ctx)
	if err != nil {
		return s.failed(ctx, "look at the schema", err)
	}
	if found.complete() {
		return s.accept(ctx, found)
	}
	if found.table { // a foreign table must not be commented on
		if err := s.refuse(found); err != nil {
			return err
		}
	}
	statements := []string{fmt.Sprintf("SELECT pg_advisory_xact_lock(%d)", migrating)}
	for i, part := range parts(s.schema, s.table) {
		if i > 0 || !found.schema { // to ask for a schema that is there takes the right to make one
			statements = append(statements, part)
		}
	}
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return s.failed(ctx, "connect", err)
	}
	// Statements that are sent as one text are one transaction.
	_, err = conn.Conn().PgConn().Exec(ctx, strings.Join(statements, ";\n")).ReadAll()
	conn.Release() // the pool may have but one
	if err != nil {
		return s.failed(ctx, "make the schema", err)
	}
	return s.Check(ctx)
}

// Check returns nil where the database has what the Store needs, and says what is
// missing where it does not. It changes nothing. What it finds wrong wraps ErrSchema.
func (s *Store) Check(ctx context.Context) error {
	found, err := s.look(ctx)
	switch {
	case err != nil:
		return s.failed(ctx, "look at the schema", err)
	case !found.complete():
		return s.accuse(fmt.Errorf("%w: database %q lacks the table, its index or its domain: run Migrate, or the statements of Schema", ErrSchema, found.database))
	}
	return s.accept(ctx, found)
}

// ErrSchema is of a database that answers and does not have what the Store needs:
// nothing yet, something else, or what a later version made. No retry helps.
var ErrSchema = errors.New("not what a store needs")

// found is what the database has.
type found struct {
	schema, domain, table, index   bool
	comment                        string
	database, encoding, syncCommit string
}

func (f found) complete() bool { return f.schema && f.domain && f.table && f.index }

// sqlLook asks the catalogue, which anybody may read, also of what he may not use.
const sqlLook = `SELECT n.oid IS NOT NULL,
	EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.typnamespace = n.oid AND t.typname = $2),
	c.oid IS NOT NULL,
	EXISTS (SELECT FROM pg_catalog.pg_class i WHERE i.relnamespace = n.oid AND i.relname = $4),
	coalesce(pg_catalog.obj_description(c.oid, 'pg_class'), ''),
	current_database()::text, current_setting('server_encoding'), current_setting('synchronous_commit')
FROM (SELECT 1) one
	LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = $1
	LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = $3`

func (s *Store) look(ctx context.Context) (found, error) {
	var f found
	err := s.read(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, sqlLook, s.schema, domain, s.table, s.table+indexSuffix).
			Scan(&f.schema, &f.domain, &f.table, &f.index, &f.comment, &f.database, &f.encoding, &f.syncCommit)
	})
	if err == nil && f.encoding != "UTF8" {
		err = fmt.Errorf("%w: the encoding of database %q is %s, and must be UTF8", ErrSchema, f.database, f.encoding)
	}
	return f, err
}

// accept takes a complete schema, or refuses it.
func (s *Store) accept(ctx context.Context, f found) error {
	if err := s.refuse(f); err != nil {
		return err
	}
	if f.syncCommit == "off" {
		s.logger.WarnContext(ctx, "this role's commits are acknowledged before they are on disk: a crash of the database loses the last of them",
			"synchronous_commit", f.syncCommit, "database", f.database)
	}
	return nil
}

// refuse returns why a table that is there is not for this version of this package.
func (s *Store) refuse(f found) error {
	version, ours := strings.CutPrefix(f.comment, mark)
	n, err := strconv.Atoi(version)
	switch {
	case !ours, err != nil:
		return s.accuse(fmt.Errorf("%w: the table is there and belongs to something else; give longwatch one of its own", ErrSchema))
	case n > schemaVersion:
		return s.accuse(fmt.Errorf("%w: the table has schema %d, and this version of longwatch knows no later one than %d", ErrSchema, n, schemaVersion))
	}
	return nil
}

// accuse names the table.
func (s *Store) accuse(err error) error {
	return fmt.Errorf("postgresstore: %s.%s: %w", s.schema, s.table, err)
}
