package memstore

import (
	"context"
	"iter"
	"math"

	"github.com/seed-13dc028d/longwatch/store"
)

// pageRows is how many documents a Scan takes out at a time. The loop body runs
// without the lock.
const pageRows = 256

// Scan implements store.Store. Documents that are written while it runs are
// seen when they lie ahead of it.
func (s *Store) Scan(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		if err := q.Validate(); err != nil {
			yield(store.Record{}, err)
			return
		}
		q, left := q, q.Limit // the loop may run more than once
		if left == 0 {
			left = math.MaxInt
		}
		for left > 0 {
			if err := ctx.Err(); err != nil {
				yield(store.Record{}, err)
				return
			}
			page := s.page(q, min(pageRows, left))
			for _, r := range page {
				if err := ctx.Err(); err != nil {
					yield(store.Record{}, err)
					return
				}
				if !yield(r, nil) {
					return
				}
				q.After = r.Cursor()
			}
			if len(page) < pageRows {
				return
			}
			left -= len(page)
		}
	}
}

// page returns the first records that q asks for, at most limit.
func (s *Store) page(q store.Query, limit int) []store.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.collections[q.Collection]
	if !ok {
		return nil
	}
	now, found := s.now(), c.find(q)
	page := make([]store.Record, min(limit, len(found)))
	for i := range page {
		r := found[i]
		if q.Desc {
			r = found[len(found)-1-i]
		}
		page[i] = r.record(q.Collection, now)
	}
	return page
}
