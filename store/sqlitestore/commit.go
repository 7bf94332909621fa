package sqlitestore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strconv"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/document"
	"github.com/seed-13dc028d/longwatch/store"
)

// One statement checks an operation's precondition and applies it: it changes
// no row where the precondition does not hold.
const (
	sqlCount  = `UPDATE commits SET last = last + 1 RETURNING last`
	sqlCreate = `INSERT INTO documents (collection, id, ts, version, updated, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
		ON CONFLICT (collection, id) DO NOTHING`
	sqlSet = `INSERT INTO documents (collection, id, ts, version, updated, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
		ON CONFLICT (collection, id) DO UPDATE SET ts = ?3, version = ?4, updated = ?5, data = ?6`
	sqlUpdate        = `UPDATE documents SET ts = ?3, version = ?4, updated = ?5, data = ?6 WHERE collection = ?1 AND id = ?2 AND version = ?7`
	sqlDelete        = `DELETE FROM documents WHERE collection = ?1 AND id = ?2`
	sqlDeleteVersion = `DELETE FROM documents WHERE collection = ?1 AND id = ?2 AND version = ?3`
)

// writer is the one connection that writes, with its statements.
type writer struct {
	conn                                              *sql.Conn
	count, create, set, update, remove, removeVersion *sql.Stmt
}

func openWriter(ctx context.Context, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{conn: conn}
	for stmt, text := range map[**sql.Stmt]string{
		&w.count: sqlCount, &w.create: sqlCreate, &w.set: sqlSet, &w.update: sqlUpdate, &w.remove: sqlDelete, &w.removeVersion: sqlDeleteVersion,
	} {
		if *stmt, err = conn.PrepareContext(ctx, text); err != nil {
			return nil, errors.Join(err, w.close())
		}
	}
	return w, nil
}

func (w *writer) close() error {
	return errors.Join(closeAll(w.count, w.create, w.set, w.update, w.remove, w.removeVersion), w.conn.Close())
}

// encoded is a document ready to be stored.
type encoded struct {
	data string
	ts   int64
}

// Commit implements store.Store. An error of a full disk, a busy file or an
// ended context means that nothing was applied; only a failure of the final
// sync leaves it open, and an error that wraps store.ErrMoved where the file was
// moved within the few milliseconds of the transaction.
func (s *Store) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	if err := store.ValidateOps(ops); err != nil {
		return nil, err
	}
	if s.readOnly {
		return nil, s.fail("commit", errReadOnly)
	}
	docs := make([]encoded, len(ops))
	for i, op := range ops {
		if op.Value == nil {
			continue
		}
		data, at, err := document.Encode(op.Value)
		if err != nil {
			return nil, err
		}
		docs[i] = encoded{data: string(data), ts: untimed}
		if !at.IsZero() {
			docs[i].ts = at.UnixMicro()
		}
	}
	end, err := s.begin()
	if err != nil {
		return nil, err
	}
	defer end()
	select {
	case s.writing <- struct{}{}:
		defer func() { <-s.writing }()
	case <-ctx.Done():
		return nil, s.fail("wait to write", ctx.Err())
	}
	stamps, version, err := s.write(ctx, ops, docs)
	defer s.watches.expect(0)
	// What is acknowledged lies in the file that bears the name, and was looked
	// up there, after it was synced.
	if moved := s.place.moved(); moved != nil {
		return nil, s.fail("commit", moved)
	}
	if err != nil {
		return nil, err
	}
	s.watches.committed(ops, version)
	return stamps, nil
}

// write is one transaction. The caller holds the writing token.
func (s *Store) write(ctx context.Context, ops []store.Op, docs []encoded) (_ []store.Stamp, version int64, err error) {
	if s.writer == nil {
		if s.writer, err = openWriter(ctx, s.db); err != nil {
			return nil, 0, s.fail("connect", err)
		}
	}
	w := s.writer
	// The wait for other processes is here, and ends with ctx.
	if _, err := w.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		s.abandon(ctx)
		return nil, 0, s.fail("begin", err)
	}
	defer func() {
		if err != nil {
			s.abandon(ctx)
		}
	}()
	// Only now: the wait may have been long, and what is in the way of a commit
	// is an answer too, which a file that nobody else sees cannot give.
	if err := s.place.moved(); err != nil {
		return nil, 0, s.fail("begin", err)
	}
	now := s.now() // only now: while this process waited, others have stamped theirs
	// What follows is short and waits for nobody. Ending it by ctx would buy
	// nothing but doubt.
	steady := context.WithoutCancel(ctx)
	if err := w.count.QueryRowContext(steady).Scan(&version); err != nil {
		return nil, 0, s.fail("write", err)
	}
	stamp := store.Stamp{Version: strconv.FormatInt(version, 10), UpdateTime: now}
	stamps := make([]store.Stamp, len(ops))
	for i, op := range ops {
		applied, err := w.apply(steady, op, docs[i], version, now)
		if err != nil {
			return nil, 0, s.fail("write", err)
		}
		if !applied {
			return nil, 0, &store.ConflictError{Key: op.Key}
		}
		if op.Value != nil {
			stamps[i] = stamp
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, 0, s.fail("write", err)
	}
	s.watches.expect(version)
	if _, err := w.conn.ExecContext(steady, "COMMIT"); err != nil {
		return nil, 0, s.fail("commit", err)
	}
	return stamps, version, nil
}

// apply reports whether op's precondition held.
func (w *writer) apply(ctx context.Context, op store.Op, doc encoded, version int64, now time.Time) (bool, error) {
	held, ours := number(op.If.Version)
	if op.If.Version != "" && !ours {
		return false, nil // nothing is at a version that this store never gave
	}
	k := op.Key
	var res sql.Result
	var err error
	switch {
	case op.Value == nil && op.If.Version != "":
		res, err = w.removeVersion.ExecContext(ctx, k.Collection, k.ID, held)
	case op.Value == nil:
		_, err = w.remove.ExecContext(ctx, k.Collection, k.ID)
		return true, err
	case op.If.Version != "":
		res, err = w.update.ExecContext(ctx, k.Collection, k.ID, doc.ts, version, now.UnixMicro(), doc.data, held)
	case op.If.Absent:
		res, err = w.create.ExecContext(ctx, k.Collection, k.ID, doc.ts, version, now.UnixMicro(), doc.data)
	default:
		_, err = w.set.ExecContext(ctx, k.Collection, k.ID, doc.ts, version, now.UnixMicro(), doc.data)
		return true, err
	}
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// number is a Version as the table has it. ok is false for any other text.
func number(version string) (n int64, ok bool) {
	n, err := strconv.ParseInt(version, 10, 64)
	return n, err == nil && strconv.FormatInt(n, 10) == version
}

// abandon rolls back what is open. SQLite may have done so by itself (a full
// disk, an interrupt), which is an error here that says nothing: what counts is
// that the connection is outside any transaction afterwards. One that is not
// sure to be is closed, which rolls back too.
func (s *Store) abandon(ctx context.Context) {
	steady := context.WithoutCancel(ctx)
	if _, err := s.writer.conn.ExecContext(steady, "ROLLBACK"); err == nil {
		return
	}
	if _, err := s.writer.conn.ExecContext(steady, "BEGIN"); err == nil {
		if _, err := s.writer.conn.ExecContext(steady, "ROLLBACK"); err == nil {
			return
		}
	}
	_ = s.writer.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = s.writer.close()
	s.writer = nil
}
