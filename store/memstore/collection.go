package memstore

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/document"
	"github.com/seed-13dc028d/longwatch/store"
)

// row is a document. It is never changed in place, so a Record may keep it.
type row struct {
	data    []byte
	at      time.Time // zero where it has none
	version int64
	updated time.Time
}

func (r row) record(key store.Key, now time.Time) store.Record {
	return store.NewRecord(key, r.at, strconv.FormatInt(r.version, 10), r.updated, now, func(v any) error {
		return document.Decode(r.data, v)
	})
}

// collection keeps its documents by ID, and those that have a time in the order
// in which Scan shows them.
type collection struct {
	docs  map[string]row
	order []store.Cursor
}

func newCollection() *collection { return &collection{docs: make(map[string]row)} }

func compare(a, b store.Cursor) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) }

func (c *collection) put(id string, r row) {
	old, ok := c.docs[id]
	c.docs[id] = r
	if ok && old.at.Equal(r.at) {
		return
	}
	if ok {
		c.unorder(id, old)
	}
	if r.at.IsZero() {
		return
	}
	place := store.Cursor{At: r.at, ID: id}
	i, _ := slices.BinarySearchFunc(c.order, place, compare) // the end, as a rule
	c.order = slices.Insert(c.order, i, place)
}

func (c *collection) remove(id string) {
	c.unorder(id, c.docs[id])
	delete(c.docs, id)
}

func (c *collection) unorder(id string, r row) {
	if i, ok := slices.BinarySearchFunc(c.order, store.Cursor{At: r.at, ID: id}, compare); ok {
		c.order = slices.Delete(c.order, i, i+1)
	}
}

// find returns the part of the order that q asks for, oldest first.
func (c *collection) find(q store.Query) []store.Cursor {
	// No ID is empty, so (t, "") stands right before all documents of t.
	from, to := 0, len(c.order)
	if !q.From.IsZero() {
		from, _ = slices.BinarySearchFunc(c.order, store.Cursor{At: q.From}, compare)
	}
	if !q.To.IsZero() {
		to, _ = slices.BinarySearchFunc(c.order, store.Cursor{At: q.To}, compare)
	}
	if !q.After.IsZero() {
		i, exact := slices.BinarySearchFunc(c.order, q.After, compare)
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
