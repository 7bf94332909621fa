package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"math"
	"strconv"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/document"
	"github.com/seed-13dc028d/longwatch/store"
)

// A Scan reads in pages: no more than pageRows documents, and none beyond
// pageBytes, are in memory at a time, and no transaction is open while the loop
// body runs. A long one would keep the -wal file from being reused.
const (
	pageRows  = 512
	pageBytes = 4 << 20
)

const (
	sqlGet  = `SELECT ts, version, updated, data FROM documents WHERE collection = ?1 AND id = ?2`
	sqlAsc  = `SELECT id, ts, version, updated, data FROM documents WHERE collection = ?1 AND (ts, id) > (?2, ?3) AND ts < ?4 ORDER BY ts, id LIMIT ?5`
	sqlDesc = `SELECT id, ts, version, updated, data FROM documents WHERE collection = ?1 AND (ts, id) < (?2, ?3) AND ts >= ?4 ORDER BY ts DESC, id DESC LIMIT ?5`
)

// reader is the statements that read, on any connection.
type reader struct{ get, asc, desc, last, versions *sql.Stmt }

func openReader(ctx context.Context, db *sql.DB) (*reader, error) {
	r := &reader{}
	for _, s := range []struct {
		stmt **sql.Stmt
		text string
	}{{&r.get, sqlGet}, {&r.asc, sqlAsc}, {&r.desc, sqlDesc}, {&r.last, sqlLast}, {&r.versions, sqlVersions}} {
		var err error
		if *s.stmt, err = db.PrepareContext(ctx, s.text); err != nil {
			return nil, errors.Join(err, r.close())
		}
	}
	return r, nil
}

func (r *reader) close() error { return closeAll(r.get, r.asc, r.desc, r.last, r.versions) }

func closeAll(stmts ...*sql.Stmt) error {
	var errs []error
	for _, stmt := range stmts {
		if stmt != nil {
			errs = append(errs, stmt.Close())
		}
	}
	return errors.Join(errs...)
}

// row is a document as it lies in the table.
type row struct {
	id                   string
	ts, version, updated int64
	data                 string
}

func (r row) record(collection string, now time.Time) store.Record {
	var at time.Time
	if r.ts != untimed {
		at = time.UnixMicro(r.ts).UTC()
	}
	return store.NewRecord(store.Key{Collection: collection, ID: r.id}, at, strconv.FormatInt(r.version, 10),
		time.UnixMicro(r.updated).UTC(), now, func(v any) error { return document.Decode(r.data, v) })
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, key store.Key) (store.Record, error) {
	if err := key.Validate(); err != nil {
		return store.Record{}, err
	}
	end, err := s.begin()
	if err != nil {
		return store.Record{}, err
	}
	defer end()
	r := row{id: key.ID}
	err = s.reader.get.QueryRowContext(ctx, key.Collection, key.ID).Scan(&r.ts, &r.version, &r.updated, &r.data)
	if moved := s.place.moved(); moved != nil {
		return store.Record{}, s.fail("read "+key.String(), moved)
	}
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return store.Record{}, store.ErrNotFound
	case err != nil:
		return store.Record{}, s.fail("read "+key.String(), err)
	}
	// The time is taken behind the read: a Record is never read before it was
	// written. It may seem older than it is, which costs a waiting lock one
	// refused commit and no safety.
	return r.record(key.Collection, s.now()), nil
}

// Scan implements store.Store. Documents that are written while it runs are
// seen when they lie ahead of it.
func (s *Store) Scan(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		if err := q.Validate(); err != nil {
			yield(store.Record{}, err)
			return
		}
		b := boundsOf(q)
		left := q.Limit
		if left == 0 {
			left = math.MaxInt
		}
		page := make([]row, 0, min(pageRows, left))
		for left > 0 {
			var more bool
			var err error
			page, more, err = s.page(ctx, q, b, min(pageRows, left), page[:0])
			if err != nil {
				yield(store.Record{}, err)
				return
			}
			now := s.now()
			for _, r := range page {
				if err := ctx.Err(); err != nil {
					yield(store.Record{}, s.fail("scan "+q.Collection, err))
					return
				}
				if !yield(r.record(q.Collection, now), nil) {
					return
				}
			}
			if !more {
				return
			}
			left -= len(page)
			last := page[len(page)-1]
			b.ts, b.id = last.ts, last.id
		}
	}
}

// page reads the next rows behind b into page, and reports whether there may be
// more of them.
func (s *Store) page(ctx context.Context, q store.Query, b bounds, limit int, page []row) (_ []row, more bool, err error) {
	end, err := s.begin()
	if err != nil {
		return nil, false, err
	}
	defer end()
	defer func() {
		if moved := s.place.moved(); moved != nil {
			err = s.fail("scan "+q.Collection, moved)
		}
	}()
	stmt := s.reader.asc
	if q.Desc {
		stmt = s.reader.desc
	}
	rows, err := stmt.QueryContext(ctx, q.Collection, b.ts, b.id, b.end, limit)
	if err != nil {
		return nil, false, s.fail("scan "+q.Collection, err)
	}
	defer func() {
		if closing := rows.Close(); closing != nil && err == nil {
			err = s.fail("scan "+q.Collection, closing)
		}
	}()
	size := 0
	for size < pageBytes && rows.Next() {
		var r row
		if err := rows.Scan(&r.id, &r.ts, &r.version, &r.updated, &r.data); err != nil {
			return nil, false, s.fail("scan "+q.Collection, err)
		}
		size += len(r.data)
		page = append(page, r)
	}
	if err := rows.Err(); err != nil {
		return nil, false, s.fail("scan "+q.Collection, err)
	}
	return page, size >= pageBytes || len(page) == limit, nil
}

// bounds are a Query as the statements take it: strictly behind (ts, id), and
// on this side of end.
type bounds struct {
	ts  int64
	id  string
	end int64
}

func boundsOf(q store.Query) bounds {
	from, to := int64(untimed+1), int64(math.MaxInt64)
	if !q.From.IsZero() {
		from = ceilMicro(q.From)
	}
	if !q.To.IsZero() {
		to = ceilMicro(q.To)
	}
	// No ID is empty, so (ts, "") stands right before all documents of ts.
	b := bounds{ts: from, end: to}
	if q.Desc {
		b = bounds{ts: to, end: from}
	}
	if q.After.IsZero() {
		return b
	}
	after := bounds{ts: ceilMicro(q.After.At), id: q.After.ID, end: b.end}
	if q.After.At.Nanosecond()%1000 != 0 {
		after.id = "" // between two microseconds, where no document is
	}
	ahead := after.ts > b.ts || after.ts == b.ts && after.id > b.id
	if ahead != q.Desc {
		return after
	}
	return b
}

// ceilMicro is the first whole microsecond not before t: documents' times are
// whole ones, so a bound between two of them means the later. Years beyond any
// document's are brought near enough to count.
func ceilMicro(t time.Time) int64 {
	switch {
	case t.Year() < 0:
		return untimed + 1
	case t.Year() > 10000:
		return math.MaxInt64
	}
	us := t.UnixMicro()
	if t.Nanosecond()%1000 != 0 {
		us++
	}
	return us
}
