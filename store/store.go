// Package store is the contract between longwatch and a database: three
// methods, small enough that an implementation fits on two pages and strict
// enough that a fenced lock can be built on it.
//
// What it does not promise: no transaction that reads, no query but a range by
// time within one collection, no order between two collections, and no
// delivery: when a Commit fails for any other reason than *ConflictError or
// ErrInvalid, it may or may not have happened. Whoever must know reads back.
//
// # Documents
//
// A value is a plain struct (or a map with string keys) whose fields carry
// `json` and `firestore` tags of the same names, so that a document reads the
// same in every console. Every document has a time field "ts": stores index it
// and give it back as Record.At. A document whose ts is missing or is not a
// time can be read by Get, and is in no Scan. Times are cut to microseconds and
// come back in UTC. Not allowed, since some database cannot keep them: uint64
// and uint, arrays, nested slices, map keys other than strings, omitempty, custom
// marshalers. An optional time is a pointer; a number that may be fractional is
// a float64.
//
// # Implementations
//
// memstore forgets, sqlitestore is the embedded default, firestorestore and
// postgresstore are for several hosts. All of them pass storetest.Run, and so should yours.
package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// MaxOps is how many operations one Commit takes.
const MaxOps = 400

var (
	// ErrNotFound is returned by Get for a document that does not exist.
	ErrNotFound = errors.New("store: not found")

	// ErrConflict is what every *ConflictError is, for errors.Is.
	ErrConflict = errors.New("store: conflict")

	// ErrInvalid marks a request that no retry can mend: a malformed key or
	// query, a value the store cannot keep, a document that is too large, too
	// many operations. Nothing of the request was applied.
	ErrInvalid = errors.New("store: invalid")

	// ErrMoved marks an answer that a store refuses because what it has opened
	// is not what the name shows now: its file was deleted, moved or replaced.
	// Others who use the name do not see what would be written, so nothing is.
	// The store works again when the name shows what it has opened.
	ErrMoved = errors.New("store: what was opened is not what the name shows now")
)

// ConflictError says that a precondition of a Commit did not hold, and that
// therefore nothing of that attempt was applied. A client that retries by
// itself (Firestore's does) may report it for its own earlier attempt that did
// land; whoever must know reads back.
type ConflictError struct {
	// Key is the document whose precondition failed. It is the zero Key where
	// the store cannot tell.
	Key Key
}

func (e *ConflictError) Error() string {
	if e.Key == (Key{}) {
		return "store: a precondition does not hold"
	}
	return fmt.Sprintf("store: the precondition on %s does not hold", e.Key)
}

// Is makes errors.Is(err, ErrConflict) true.
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }

// Store keeps documents. Its methods are safe for concurrent use, honour their
// context's end, and never panic on a malformed key.
type Store interface {
	// Get reads one document. A missing one is ErrNotFound.
	Get(ctx context.Context, key Key) (Record, error)

	// Scan streams one collection in the order of (At, ID), ascending unless
	// q.Desc. It holds a bounded part of the collection in memory. An error
	// ends the sequence and is yielded once, with a zero Record; whoever wants
	// to go on starts a new Scan after the last Record's Cursor. A document
	// that does not decode is no such error: its Record comes, and its Decode
	// fails. The loop body may call other methods of the Store.
	Scan(ctx context.Context, q Query) iter.Seq2[Record, error]

	// Commit applies all operations or none, and returns one Stamp for each,
	// in their order. The error is a *ConflictError when a precondition did
	// not hold, wraps ErrInvalid when no retry can help, and leaves open
	// whether the commit happened in every other case.
	Commit(ctx context.Context, ops ...Op) ([]Stamp, error)
}

// Watcher is the one optional ability of a Store, found by type assertion: to
// wake whoever waits for a document to change, sooner than polling would.
type Watcher interface {
	// Watch returns a channel on which a value arrives after the document
	// changed. It is a hint, never the truth: signals coalesce, a spurious one
	// is allowed, and a reader reads the document itself. The watch is in
	// force when Watch returns. The channel is closed when ctx ends or the
	// watch breaks, after everything behind it has stopped. A Store that
	// cannot watch as it is configured returns errors.ErrUnsupported.
	Watch(ctx context.Context, key Key) (<-chan struct{}, error)
}
