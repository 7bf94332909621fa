package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"modernc.org/sqlite"
)

// applicationID marks the file as ours, so that a wrong path cannot turn the
// host's own database into a store. It spells "lgwt".
const applicationID = 0x6c677774

// schemaVersion is of the tables below. A file of a higher one is refused.
const schemaVersion = 1

// untimed stands in the column ts for a document that has no time. It is under
// every time there is, so that a range by time never finds it.
const untimed = math.MinInt64

// schema clusters the documents as Scan reads them: a year of heartbeats is one
// sequential read. commits counts: a version is the number of the commit that
// wrote it, and is never used again because the count never falls.
const schema = `
CREATE TABLE documents (
	collection TEXT NOT NULL,
	ts INTEGER NOT NULL, -- microseconds since 1970, the least integer where there is none
	id TEXT NOT NULL,
	version INTEGER NOT NULL,
	updated INTEGER NOT NULL, -- microseconds since 1970
	data TEXT NOT NULL,
	PRIMARY KEY (collection, ts, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX documents_by_id ON documents (collection, id);
CREATE TABLE commits (last INTEGER NOT NULL) STRICT;
INSERT INTO commits (last) VALUES (0);
`

// busyPause is how long to leave a file alone that SQLite would not wait for.
const busyPause = 20 * time.Millisecond

// patiently is do with the patience that SQLite lacks where a file is opened:
// processes that open, recover or close one file at the same moment are told
// that it is locked, at once and whatever the busy timeout. The time is the real
// one, as in SQLite's own waits: the other process does not live by our clock.
func patiently(ctx context.Context, busy time.Duration, do func() error) error {
	patience, cancel := context.WithTimeout(ctx, busy)
	defer cancel()
	for {
		err := do()
		if !isBusy(err) || patience.Err() != nil {
			return err
		}
		pause, cancel := context.WithTimeout(patience, busyPause)
		<-pause.Done()
		cancel()
	}
}

// prepare makes sure that the file is ours, in WAL mode, and has its tables.
// Nothing is written to a file that is not ours.
func prepare(ctx context.Context, conn *sql.Conn) error {
	empty, err := identify(ctx, conn)
	if err != nil {
		return err
	}
	if err := enterWAL(ctx, conn); err != nil {
		return err
	}
	if !empty {
		return nil // and no wait for whoever writes just now
	}
	return create(ctx, conn)
}

// enterWAL changes the journal's mode, which stays with the file.
func enterWAL(ctx context.Context, conn *sql.Conn) error {
	var mode string
	if err := conn.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("this file system has no WAL mode, only %q", mode)
	}
	return nil
}

// The primary codes of SQLite that a caller is told more about.
const (
	codeBusy     = 5
	codeReadOnly = 8
	codeCannot   = 14 // open one of the files
)

// codeNoRoom is the whole code of an I/O error: the -shm file cannot be made longer.
// SQLite does not say what the disk lacks.
const codeNoRoom = 10 | 19<<8

func isBusy(err error) bool { return hasCode(err, codeBusy) }

func hasCode(err error, code int) bool {
	const primary = 0xff
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&primary == code
}

// errForeign is of a database that is not for this version of this package.
var errForeign = errors.New("no store of ours")

// identify reports whether the file is empty yet, and refuses what is not ours
// with an error that wraps errForeign.
func identify(ctx context.Context, conn *sql.Conn) (empty bool, err error) {
	var application, version, tables int64
	const q = "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)"
	if err := conn.QueryRowContext(ctx, q).Scan(&application, &version, &tables); err != nil {
		return false, err
	}
	switch {
	case application == 0 && tables == 0:
		return true, nil
	case application != applicationID:
		return false, fmt.Errorf("%w: this database belongs to another application; give longwatch a file of its own", errForeign)
	case version > schemaVersion:
		return false, fmt.Errorf("%w: this file has schema %d, and this version of longwatch knows no later one than %d", errForeign, version, schemaVersion)
	}
	return false, nil
}

// create makes the tables, unless another process was faster.
func create(ctx context.Context, conn *sql.Conn) (err error) {
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			// Where the disk is full SQLite has done so by itself, which is an error here
			// that says nothing. A connection that is not sure to be outside a transaction
			// is closed with the opening that fails.
			_, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		}
	}()
	empty, err := identify(ctx, conn)
	if err != nil {
		return err
	}
	if empty {
		marks := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", applicationID, schemaVersion)
		if _, err := conn.ExecContext(ctx, schema+marks); err != nil {
			return err
		}
	}
	_, err = conn.ExecContext(ctx, "COMMIT")
	return err
}
