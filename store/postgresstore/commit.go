package postgresstore

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed-13dc028d/longwatch/internal/document"
	"github.com/seed-13dc028d/longwatch/store"
)

// statements are the texts that name the table. One statement applies an operation
// and checks its precondition: where that does not hold it is an error of the
// server, which ends the transaction, and its place in the batch tells the document.
// They stamp with clock_timestamp, since now is when the transaction began: behind
// a wait for somebody else's row it is long ago.
type statements struct {
	create, set, update, remove, removeVersion string
	get, ascending, descending                 string
}

func prepare(schema, table string) statements {
	documents := pgx.Identifier{schema, table}.Sanitize()
	checked := func(text string) string {
		return `WITH w AS (` + text + ` RETURNING updated) SELECT max(updated) FROM w HAVING (count(*) = 1)::` +
			pgx.Identifier{schema, domain}.Sanitize()
	}
	insert := `INSERT INTO ` + documents + ` (collection, id, ts, version, updated, data)
		VALUES ($1, $2, $3::timestamptz, $4::uuid, clock_timestamp(), $5::json) ON CONFLICT (collection, id) DO `
	change := `SET ts = $3::timestamptz, version = $4::uuid, updated = clock_timestamp(), data = $5::json`
	one := ` WHERE collection = $1 AND id = $2`
	return statements{
		create:        checked(insert + `NOTHING`),
		set:           insert + `UPDATE ` + change + ` RETURNING updated`,
		update:        checked(`UPDATE ` + documents + ` ` + change + one + ` AND version = $6::uuid`),
		remove:        `DELETE FROM ` + documents + one,
		removeVersion: checked(`DELETE FROM ` + documents + one + ` AND version = $3::uuid`),
		get:           `SELECT ts, version, updated, clock_timestamp(), data FROM ` + documents + one,
		ascending:     page(documents, ">", "<", ""),
		descending:    page(documents, "<", ">=", " DESC"),
	}
}

// write is one operation as it is sent.
type write struct {
	place int // in the Commit
	key   store.Key
	sql   string
	args  []any
	gone  bool // it deletes, and has no Stamp
	quiet bool // no row comes back
}

// Commit implements store.Store. It is one round trip. An error that has an
// SQLSTATE of the server, but of the classes 08 and 57, means that nothing was
// applied.
func (s *Store) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	if err := store.ValidateOps(ops); err != nil {
		return nil, err
	}
	// One for each Commit and by chance: no row that all wait for counts them, and
	// a server that has forgotten the last commits never gives the same one again.
	version := newVersion()
	writes := make([]write, len(ops))
	for i, op := range ops {
		var err error
		if writes[i], err = s.write(op, version); err != nil {
			return nil, err
		}
		writes[i].place = i
	}
	if err := ctx.Err(); err != nil {
		return nil, s.failed(ctx, "commit", err)
	}
	for _, op := range ops {
		if op.If.Version != "" && !isVersion(op.If.Version) {
			return nil, &store.ConflictError{Key: op.Key} // nothing is at a version that no store gives
		}
	}
	// All commits take their rows in one order, so that no two wait for each other.
	slices.SortFunc(writes, func(a, b write) int {
		return cmp.Or(cmp.Compare(a.key.Collection, b.key.Collection), cmp.Compare(a.key.ID, b.key.ID))
	})
	var stamps []store.Stamp
	err := s.try(ctx, func(conn *pgx.Conn) (err error) {
		stamps, err = s.send(ctx, conn, writes, version)
		return err
	})
	switch {
	case errors.Is(err, store.ErrConflict):
		return nil, err
	case err != nil:
		return nil, s.failed(ctx, "commit", err)
	}
	return stamps, nil
}

// write makes the statement of an operation.
func (s *Store) write(op store.Op, version string) (write, error) {
	collection, id := escape(op.Key.Collection), escape(op.Key.ID)
	w := write{key: op.Key}
	if op.Value == nil {
		w.gone = true
		w.sql, w.args, w.quiet = s.sql.remove, []any{collection, id}, true
		if op.If.Version != "" {
			w.sql, w.args, w.quiet = s.sql.removeVersion, []any{collection, id, op.If.Version}, false
		}
		return w, nil
	}
	data, at, err := document.Encode(op.Value)
	if err != nil {
		return w, err
	}
	var ts *time.Time
	if !at.IsZero() {
		ts = &at
	}
	w.args = []any{collection, id, ts, version, string(data)}
	switch {
	case op.If.Version != "":
		w.sql, w.args = s.sql.update, append(w.args, op.If.Version)
	case op.If.Absent:
		w.sql = s.sql.create
	default:
		w.sql = s.sql.set
	}
	return w, nil
}

// send is one attempt: one batch, which the server takes as one transaction.
func (s *Store) send(ctx context.Context, conn *pgx.Conn, writes []write, version string) ([]store.Stamp, error) {
	batch := &pgx.Batch{}
	for _, w := range writes {
		batch.Queue(w.sql, w.args...)
	}
	if s.watchPool != nil {
		s.signal.queue(batch, writes)
	}
	results := conn.SendBatch(ctx, batch)
	stamps := make([]store.Stamp, len(writes))
	for _, w := range writes {
		if w.quiet {
			if _, err := results.Exec(); err != nil {
				_ = results.Close() // says the same
				return nil, err
			}
			continue
		}
		var updated time.Time
		if err := results.QueryRow().Scan(&updated); err != nil {
			_ = results.Close() // says the same
			if isConflict(err) {
				return nil, &store.ConflictError{Key: w.key}
			}
			return nil, err
		}
		if w.gone {
			continue
		}
		stamps[w.place] = store.Stamp{Version: version, UpdateTime: updated.UTC()}
	}
	// The end of the transaction is in the last answer.
	if err := results.Close(); err != nil {
		return nil, err
	}
	return stamps, nil
}

// newVersion makes a version: a random UUID (RFC 9562, version 4).
func newVersion() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return versionOf(b)
}

// versionOf is a version as it is written.
func versionOf(b [16]byte) string {
	var out [36]byte
	hex.Encode(out[:8], b[:4])
	hex.Encode(out[9:13], b[4:6])
	hex.Encode(out[14:18], b[6:8])
	hex.Encode(out[19:23], b[8:10])
	hex.Encode(out[24:], b[10:])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return string(out[:])
}

// isVersion reports whether a version may be one of ours: any other text is at
// most another way to write one.
func isVersion(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i, c := range []byte(text) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') || !dash && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
