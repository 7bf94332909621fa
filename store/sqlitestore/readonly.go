package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/store"
)

var (
	errUnwritable = errors.New("this file may only be read")
	errReadOnly   = fmt.Errorf("%w: it was opened to be read (Options.ReadOnly)", store.ErrInvalid)
	errEmpty      = errors.New("this file is empty, so there is nothing to read")
)

// openToRead opens a file that is there already, and changes nothing in it.
func (s *Store) openToRead(ctx context.Context, busy time.Duration) error {
	how := s.place.readable()
	s.place.frozen = how == frozen
	err := s.open(ctx, how, busy, func(ctx context.Context, conn *sql.Conn) error {
		empty, err := identify(ctx, conn)
		if err == nil && empty {
			err = errEmpty
		}
		return err
	})
	if how == readOnly && (hasCode(err, codeReadOnly) || hasCode(err, codeCannot)) {
		return fmt.Errorf("%w (commits that lie in %s can only be read where %s can be made: copy the file, and all beside it whose names begin with its, to where you may write)",
			err, s.place.wal(), s.place.shm())
	}
	return err
}

// readable is how to read the file without losing a commit. With a -wal file,
// or a journal of one that is no longer in WAL mode, it takes SQLite's locks, and
// a -shm file. Without, nobody has it open, all is in the file itself, and
// nothing need be made beside it. An empty -wal file alone is as good as none.
func (p *place) readable() access {
	wal := sizeOf(p.wal())
	if wal > 0 || wal == 0 && sizeOf(p.shm()) >= 0 || sizeOf(p.path+"-journal") > 0 {
		return readOnly
	}
	return frozen
}

// refuseForeign refuses a file with a -wal file that is not ours, before it is
// opened to be written: whoever does that and is the last to close it writes the
// -wal into it. What it cannot tell, it leaves to prepare.
func refuseForeign(ctx context.Context, p *place, busy time.Duration) (err error) {
	if sizeOf(p.wal()) <= 0 {
		return nil
	}
	c, err := connect(p, readOnly, busy)
	if err != nil {
		return err
	}
	db := sql.OpenDB(c)
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil // it cannot be told so
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := identify(ctx, conn); errors.Is(err, errForeign) {
		return err
	}
	return nil
}

// advise names the way to open a file that cannot be written.
func advise(p *place, err error) error {
	unwritable := errors.Is(err, errUnwritable) || hasCode(err, codeReadOnly)
	if !unwritable && !(hasCode(err, codeCannot) && sizeOf(p.path) > 0) {
		return err
	}
	return fmt.Errorf("%w (it or its directory is readonly here; Options.ReadOnly opens it to be read)", err)
}
