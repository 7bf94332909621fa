package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/document"
	"github.com/seed-13dc028d/longwatch/store"
)

// Entry is a document as it was read: its value, and where it lies.
type Entry[T any] struct {
	Key     store.Key
	At      time.Time
	Version string
	Value   T
	// Own is the ts in the text of a heartbeat where that is not At, under which
	// its store lists it and which its Value has; else the zero time. Where the two
	// are kept apart, as on SQLite, one of them was edited.
	Own time.Time
}

// Path returns the document's full path.
func (e Entry[T]) Path() string { return e.Key.String() }

// Cursor returns the document's place, for Page.After.
func (e Entry[T]) Cursor() store.Cursor { return store.Cursor{At: e.At, ID: e.Key.ID} }

// Page says which part of a collection to list, by ts. The zero Page is all of
// it, the oldest first.
type Page struct {
	// From and To bound ts to [From, To); a zero bound is open.
	From, To time.Time
	// Desc lists the newest first.
	Desc bool
	// Limit ends the list after so many documents; 0 means all.
	Limit int
	// After goes on behind the place where an earlier list ended.
	After store.Cursor
}

// List streams a collection. A document that does not decode into T comes as an
// Entry without a value and a *DocumentError, and the list goes on; any other
// error ends it.
func List[T any](ctx context.Context, l *Ledger, c Collection, p Page) iter.Seq2[Entry[T], error] {
	return func(yield func(Entry[T], error) bool) {
		var e Entry[T]
		for rec, err := range l.Records(ctx, c, p) {
			if err != nil {
				yield(Entry[T]{}, err)
				return
			}
			err = DecodeInto(rec, &e)
			if !yield(e, err) {
				return
			}
		}
	}
}

// Records streams the documents of a collection as they are, for whoever decodes
// them in goroutines of its own. An error ends it.
func (l *Ledger) Records(ctx context.Context, c Collection, p Page) iter.Seq2[store.Record, error] {
	q := store.Query{Collection: l.Path(c), From: p.From, To: p.To, Desc: p.Desc, Limit: p.Limit, After: p.After}
	return func(yield func(store.Record, error) bool) {
		for rec, err := range l.store.Scan(ctx, q) {
			if err != nil {
				err = fmt.Errorf("ledger: list %s: %w", q.Collection, err)
			}
			if !yield(rec, err) || err != nil {
				return
			}
		}
	}
}

// Read reads one document. A missing one is store.ErrNotFound, one that does
// not decode a *DocumentError beside an Entry that has its version.
func Read[T any](ctx context.Context, l *Ledger, c Collection, id string) (Entry[T], error) {
	key := l.Key(c, id)
	rec, err := l.store.Get(ctx, key)
	if err != nil {
		return Entry[T]{}, fmt.Errorf("ledger: read %s: %w", key, err)
	}
	return Decode[T](rec)
}

// Record reads one document as it is, whatever it holds. A missing one is
// store.ErrNotFound.
func (l *Ledger) Record(ctx context.Context, key store.Key) (store.Record, error) {
	return l.store.Get(ctx, key)
}

// First returns the first document of a page, and whether there is one.
// Documents that do not decode are passed over, as many as the page's Limit has
// room for. It asks for one at a time, since every document of a page is paid for.
func First[T any](ctx context.Context, l *Ledger, c Collection, p Page) (Entry[T], bool, error) {
	tries := p.Limit
	p.Limit = 1
	for n := 0; tries == 0 || n < tries; n++ {
		end := true
		for e, err := range List[T](ctx, l, c, p) {
			if !isDocument(err) {
				return e, err == nil, err
			}
			p.After, end = e.Cursor(), false
		}
		if end {
			break
		}
	}
	return Entry[T]{}, false, nil
}

// put writes one document on the condition of its version, where the empty one
// means that there is none, and returns the new version.
//
// A conflict may be an echo: a client that repeats a write whose reply was lost
// is told of a conflict with itself. So what lies there is read, and where it is
// what was to be written, it is written.
func put[T any](ctx context.Context, l *Ledger, key store.Key, value T, version string) (string, error) {
	op := store.Update(key, value, version)
	if version == "" {
		op = store.Create(key, value)
	}
	stamps, err := l.store.Commit(ctx, op)
	if err == nil {
		return stamps[0].Version, nil
	}
	err = fmt.Errorf("ledger: write %s: %w", key, err)
	if !errors.Is(err, store.ErrConflict) {
		return "", err
	}
	rec, unread := l.store.Get(ctx, key)
	if unread != nil {
		if !errors.Is(unread, store.ErrNotFound) {
			err = errors.Join(err, fmt.Errorf("ledger: read it back: %w", unread))
		}
		return "", err
	}
	if !holds(rec, value) {
		return "", err
	}
	return rec.Version, nil
}

// holds reports whether a record has value, as far as value says anything.
func holds[T any](rec store.Record, value T) bool {
	var there T
	if rec.Decode(&there) != nil {
		return false
	}
	want, _, err := document.Encode(value)
	if err != nil {
		return false
	}
	got, _, err := document.Encode(there)
	return err == nil && bytes.Equal(got, want)
}
