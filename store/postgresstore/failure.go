package postgresstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// failed says what went wrong in an operation that ran under ctx, and what helps
// where that is known. The driver's own error is kept; it has no password in it.
func (s *Store) failed(ctx context.Context, what string, err error) error {
	err = fmt.Errorf("postgresstore: %s: %w", what, err)
	_, unconnected := errors.AsType[*pgconn.ConnectError](err)
	if unconnected {
		err = lineError{err}
	}
	if ended := ctx.Err(); ended != nil && !errors.Is(err, ended) {
		err = fmt.Errorf("%w: %w", err, ended)
		return err
	}
	if unconnected {
		return err // says itself what it needs
	}
	if help := s.help(codeOf(err)); help != "" {
		err = fmt.Errorf("%w: %s", err, help)
	}
	return err
}

// lineError is an error of several lines as one: that of each address and each way to
// try it, of which many say the same.
type lineError struct{ error }

func (e lineError) Error() string {
	var said []string
	for line := range strings.Lines(e.error.Error()) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(said, line) {
			said = append(said, line)
		}
	}
	return strings.ReplaceAll(strings.Join(said, "; "), ":; ", ": ")
}

func (e lineError) Unwrap() error { return e.error }

// codeOf is the SQLSTATE of the server's answer, empty where it gave none.
func codeOf(err error) string {
	if answer, ok := errors.AsType[*pgconn.PgError](err); ok {
		return answer.Code
	}
	return ""
}

// help is a remark for whoever reads the error.
func (s *Store) help(code string) string {
	switch code {
	case "42P01", "3F000", "42704": // no such table, schema, type
		return "run Migrate, or the statements of Schema"
	case "42501":
		return fmt.Sprintf("the role needs USAGE on the schema %s and SELECT, INSERT, UPDATE, DELETE on the table %s, and CREATE on the database to make them", s.schema, s.table)
	case "25006":
		return "it takes no writes: a standby, or set to be read-only"
	case "42P05", "26000", "08P01": // prepared statements that another client made, or that are gone
		return "behind a pooler in transaction mode the pool needs default_query_exec_mode=cache_describe or exec"
	case "57014":
		return "a timeout that the server has for this role, or somebody who cancelled it"
	}
	return ""
}

// isConflict reports whether the server found a precondition that does not hold.
func isConflict(err error) bool {
	answer, ok := errors.AsType[*pgconn.PgError](err)
	return ok && answer.Code == "23514" && answer.ConstraintName == precondition
}

// isReadOnly reports whether the server takes no writes.
func isReadOnly(err error) bool { return codeOf(err) == "25006" }

// isNotApplied reports whether the server is known to have applied nothing, for a
// reason that may be gone the next time: two transactions were in each other's way,
// or the request was never sent.
func isNotApplied(err error) bool {
	switch codeOf(err) {
	case "40001", "40P01":
		return true
	}
	return pgconn.SafeToRetry(err)
}

// farewell bounds how long a connection is taken leave of.
const farewell = time.Second

func closeConn(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	_ = conn.Close(ctx) // it is of no more use either way
}
