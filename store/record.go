package store

import "time"

// Record is a document as a store read it.
type Record struct {
	Key Key
	// At is the document's own "ts", in UTC; zero where it has none.
	At time.Time
	// Version changes with every write that changes the document, and is never
	// used again, not even after the document was deleted and made anew. It is
	// opaque: compare it for equality only.
	Version string
	// UpdateTime is when the document was last written and ReadTime when this
	// Record was read, both by the store's clock: their difference is the age
	// of the document in which no two machines' clocks take part.
	UpdateTime, ReadTime time.Time

	decode func(any) error
}

// NewRecord makes a Record; it is for implementations of Store. decode fills a
// pointer to a struct or map with the document, and fails where it does not fit.
func NewRecord(key Key, at time.Time, version string, update, read time.Time, decode func(any) error) Record {
	return Record{Key: key, At: at, Version: version, UpdateTime: update, ReadTime: read, decode: decode}
}

// Decode fills v, a pointer to a struct or to a map with string keys. Fields
// that the document lacks keep their value; fields that v lacks are skipped.
func (r Record) Decode(v any) error {
	if r.decode == nil {
		return ErrNotFound
	}
	return r.decode(v)
}

// Cursor is the Record's place in a Scan: give it as Query.After to go on
// behind it.
func (r Record) Cursor() Cursor { return Cursor{At: r.At, ID: r.Key.ID} }

// Age is how long ago, by the store's clock, the document was last written
// when it was read.
func (r Record) Age() time.Duration { return r.ReadTime.Sub(r.UpdateTime) }

// Stamp is what a Commit tells of one written document: enough for the next
// conditional write to need no read. The Stamp of a deleted document is zero.
type Stamp struct {
	Version    string
	UpdateTime time.Time
}
