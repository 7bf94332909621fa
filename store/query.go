package store

import (
	"fmt"
	"time"
)

// Query asks for a part of one collection, by time.
type Query struct {
	// Collection is the full path of the collection.
	Collection string
	// From and To bound Record.At to [From, To). A zero bound is open.
	From, To time.Time
	// Desc asks for the newest first. Default: the oldest first.
	Desc bool
	// Limit ends the Scan after so many Records; 0 means all.
	Limit int
	// After starts the Scan behind this place, in the Scan's direction; zero
	// means from the start.
	After Cursor
}

// Cursor is a place in a Scan: a document's time and its ID.
type Cursor struct {
	At time.Time
	ID string
}

// IsZero reports whether the cursor names no place.
func (c Cursor) IsZero() bool { return c.ID == "" && c.At.IsZero() }

// Validate reports what is wrong with the query, wrapping ErrInvalid.
func (q Query) Validate() error {
	if err := ValidateCollection(q.Collection); err != nil {
		return err
	}
	if q.Limit < 0 {
		return fmt.Errorf("%w: limit %d is negative", ErrInvalid, q.Limit)
	}
	if !q.After.IsZero() && q.After.ID == "" {
		return fmt.Errorf("%w: cursor without an ID", ErrInvalid)
	}
	return nil
}
