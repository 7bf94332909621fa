package sqlitestore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"modernc.org/sqlite"
)

// access is how a file is opened. No way makes a file: place.make does.
type access string

const (
	readWrite access = "mode=rw"
	readOnly  access = "mode=ro"
	// frozen reads the file alone, with no lock and no other file.
	frozen access = "mode=ro&immutable=1"
)

// dsn names the file as a URI, since SQLite and the driver each give some
// characters of a plain path a meaning.
func dsn(path string, how access, busy time.Duration) string {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // a volume, as in C:/
	}
	query := url.Values{
		"_busy_timeout": {strconv.FormatInt(max(busy.Milliseconds(), 1), 10)},
		"_error_rc":     {"1"},
	}
	return (&url.URL{Scheme: "file", Path: slashed, RawQuery: query.Encode() + "&" + string(how)}).String()
}

// connector opens connections of one place. Each of them opens the files by
// their names again, and none may open others than the first did: a -wal file
// of another database would be read into this one.
type connector struct {
	driver.Connector
	place *place
	how   access
}

func connect(p *place, how access, busy time.Duration) (connector, error) {
	base, err := sqlite.NewConnector(dsn(p.path, how, busy))
	return connector{Connector: base, place: p, how: how}, err
}

// Connect implements driver.Connector.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := c.place.moved(); err != nil {
		return nil, err
	}
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, errors.Join(err, c.place.moved())
	}
	err = c.ready(ctx, conn)
	if moved := c.place.moved(); moved != nil {
		err = moved
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// ready prepares a connection. One that cannot write is refused before it
// reads, since with that SQLite makes files beside the database: they would be
// in the way of whoever may write.
func (c connector) ready(ctx context.Context, conn driver.Conn) error {
	if c.how == readWrite {
		if denied, err := unwritable(conn); err != nil || denied {
			return errors.Join(err, errUnwritable)
		}
	}
	if err := ask(ctx, conn, "PRAGMA synchronous = FULL"); err != nil {
		return err
	}
	return ask(ctx, conn, "SELECT count(*) FROM sqlite_schema") // opens the files
}

// ask runs one statement, and reads at most one row of its answer.
func ask(ctx context.Context, conn driver.Conn, text string) (err error) {
	asker, ok := conn.(driver.QueryerContext)
	if !ok {
		return fmt.Errorf("a connection is a %T, which takes no query", conn)
	}
	rows, err := asker.QueryContext(ctx, text, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	err = rows.Next(make([]driver.Value, len(rows.Columns())))
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// unwritable reports whether the file could only be opened to be read: SQLite
// says so no sooner than at the first write.
func unwritable(conn any) (bool, error) {
	c, ok := conn.(interface {
		IsReadOnly(schema string) (bool, error)
	})
	if !ok {
		return false, nil
	}
	return c.IsReadOnly("main")
}
