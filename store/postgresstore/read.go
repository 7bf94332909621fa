package postgresstore

import (
	"context"
	"errors"
	"iter"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/seed-13dc028d/longwatch/internal/document"
	"github.com/seed-13dc028d/longwatch/store"
)

// A Scan reads in pages: no more than pageRows documents, and none beyond
// pageBytes, are in memory at a time, and no transaction is open while the loop
// body runs. It begins with few, for those who want no more, and doubles: the way to
// the server and back is most of what a page costs.
const (
	firstRows = 256
	pageRows  = 4096
	pageBytes = 4 << 20
)

// page is the statement that reads the next rows behind a place, on this side of a
// bound. The driver reads whatever the server sends, so the server counts the bytes.
func page(documents, behind, within, order string) string {
	by := ` ORDER BY ts` + order + `, id` + order
	return `SELECT id, ts, version, updated, clock_timestamp(), data FROM (
	SELECT *, sum(size) OVER (` + by + ` ROWS UNBOUNDED PRECEDING) - size AS before FROM (
		SELECT id, ts, version, updated, data, octet_length(data::text) AS size FROM ` + documents + `
		WHERE collection = $1 AND (ts, id) ` + behind + ` ($2::timestamptz, $3) AND ts ` + within + ` $4::timestamptz` + by + ` LIMIT $5::int) rows) page
	WHERE before < $6::int` + by
}

// row is a document as it lies in the table.
type row struct {
	id            string
	ts            *time.Time
	version       [16]byte
	updated, read time.Time
	data          []byte
}

func (r row) record(key store.Key) store.Record {
	var at time.Time
	if r.ts != nil {
		at = r.ts.UTC()
	}
	return store.NewRecord(key, at, versionOf(r.version), r.updated.UTC(), r.read.UTC(),
		func(v any) error { return document.Decode(string(r.data), v) })
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, key store.Key) (store.Record, error) {
	if err := key.Validate(); err != nil {
		return store.Record{}, err
	}
	var r row
	err := s.read(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, s.sql.get, escape(key.Collection), escape(key.ID)).
			Scan(&r.ts, &r.version, &r.updated, &r.read, &r.data)
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return store.Record{}, store.ErrNotFound
	case err != nil:
		return store.Record{}, s.failed(ctx, "read "+key.String(), err)
	}
	return r.record(key), nil
}

// Scan implements store.Store. Documents that are written while it runs are seen
// when they lie ahead of it.
func (s *Store) Scan(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		if err := q.Validate(); err != nil {
			yield(store.Record{}, err)
			return
		}
		b, left, rows := boundsOf(q), q.Limit, firstRows
		if left == 0 {
			left = math.MaxInt
		}
		var page []row
		for left > 0 {
			var err error
			limit := min(rows, left)
			if page, err = s.page(ctx, q, b, limit, page[:0]); err != nil {
				yield(store.Record{}, s.failed(ctx, "scan "+q.Collection, err))
				return
			}
			size := 0
			for _, r := range page {
				size += len(r.data)
				if err := ctx.Err(); err != nil {
					yield(store.Record{}, s.failed(ctx, "scan "+q.Collection, err))
					return
				}
				if !yield(r.record(store.Key{Collection: q.Collection, ID: r.id}), nil) {
					return
				}
			}
			switch {
			case len(page) == limit:
				rows = min(2*rows, pageRows)
			case size >= pageBytes: // the server weighs no more large ones in vain
				rows = len(page) + 1
			default:
				return
			}
			left -= len(page)
			last := page[len(page)-1]
			b.ts, b.id = last.ts.UnixMicro(), last.id
		}
	}
}

// page reads the next rows behind b into page.
func (s *Store) page(ctx context.Context, q store.Query, b bounds, limit int, page []row) ([]row, error) {
	sql := s.sql.ascending
	if q.Desc {
		sql = s.sql.descending
	}
	err := s.read(ctx, func(conn *pgx.Conn) error {
		page = page[:0]
		rows, err := conn.Query(ctx, sql, escape(q.Collection), timestamp(b.ts), escape(b.id), timestamp(b.end), limit, pageBytes)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r row
			if err := rows.Scan(&r.id, &r.ts, &r.version, &r.updated, &r.read, &r.data); err != nil {
				return err
			}
			r.id = unescape(r.id)
			page = append(page, r)
		}
		return rows.Err()
	})
	return page, err
}

// The bounds beyond all documents' times, in microseconds.
const (
	past   = math.MinInt64
	future = math.MaxInt64
)

// bounds are a Query as the statements take it: strictly behind (ts, id), and on
// this side of end. Times are in microseconds since 1970.
type bounds struct {
	ts  int64
	id  string
	end int64
}

func boundsOf(q store.Query) bounds {
	from, to := int64(past), int64(future)
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

// ceilMicro is the first whole microsecond not before t: documents' times are whole
// ones, so a bound between two of them means the later. Documents' years are 1 to
// 9999.
func ceilMicro(t time.Time) int64 {
	switch y := t.UTC().Year(); {
	case y < 1:
		return past
	case y > 9999:
		return future
	}
	us := t.UnixMicro()
	if t.Nanosecond()%1000 != 0 {
		us++
	}
	return us
}

func timestamp(us int64) pgtype.Timestamptz {
	switch us {
	case past:
		return pgtype.Timestamptz{InfinityModifier: pgtype.NegativeInfinity, Valid: true}
	case future:
		return pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}
	}
	return pgtype.Timestamptz{Time: time.UnixMicro(us).UTC(), Valid: true}
}
