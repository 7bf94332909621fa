package memstore

import (
	"cmp"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/document"
	"github.com/seed-13dc028d/longwatch/store"
)

// row is a document. It is never changed in place, so a Record may keep it.
type row struct {
	id, text string
	at       time.Time // zero where it has none
	version  string
	updated  time.Time
}

func (r *row) record(collection string, now time.Time) store.Record {
	return store.NewRecord(store.Key{Collection: collection, ID: r.id}, r.at, r.version, r.updated, now, r.decode)
}

func (r *row) decode(v any) error { return document.Decode(r.text, v) }

// collection keeps its documents by ID, and those that have a time in the order
// in which Scan shows them.
type collection struct {
	docs  map[string]*row
	order []*row
}

func newCollection() *collection { return &collection{docs: make(map[string]*row)} }

// compare says whether a row stands before a place of the order, at it or behind it.
func compare(r *row, place store.Cursor) int {
	return cmp.Or(r.at.Compare(place.At), cmp.Compare(r.id, place.ID))
}

func (c *collection) seek(place store.Cursor) (i int, exact bool) {
	return slices.BinarySearchFunc(c.order, place, compare)
}

func (c *collection) put(r *row) {
	old, ok := c.docs[r.id]
	c.docs[r.id] = r
	if ok && !old.at.Equal(r.at) {
		c.unorder(old)
	}
	if r.at.IsZero() {
		return
	}
	i, there := c.seek(store.Cursor{At: r.at, ID: r.id}) // the end, as a rule
	if there {
		c.order[i] = r
		return
	}
	c.order = slices.Insert(c.order, i, r)
}

func (c *collection) remove(id string) {
	if r, ok := c.docs[id]; ok {
		c.unorder(r)
	}
	delete(c.docs, id)
}

func (c *collection) unorder(r *row) {
	if i, ok := c.seek(store.Cursor{At: r.at, ID: r.id}); ok {
		c.order = slices.Delete(c.order, i, i+1)
	}
}

// find returns the part of the order that q asks for, oldest first.
func (c *collection) find(q store.Query) []*row {
	// No ID is empty, so (t, "") stands right before all documents of t.
	from, to := 0, len(c.order)
	if !q.From.IsZero() {
		from, _ = c.seek(store.Cursor{At: q.From})
	}
	if !q.To.IsZero() {
		to, _ = c.seek(store.Cursor{At: q.To})
	}
	if !q.After.IsZero() {
		i, exact := c.seek(q.After)
		switch {
		case q.Desc:
			to = min(to, i)
		case exact:
			from = max(from, i+1)
		default:
			from = max(from, i)
		}
	}
	return c.order[min(from, to):to]
}
