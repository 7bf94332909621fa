// Package memstore is a store.Store that forgets: real compare-and-set and real
// documents, in memory. It is for tests, for trying out, and for a host that
// wants to watch itself without keeping anything.
//
// It does not survive its process and is not shared between processes. Its
// clock is the one it is given: a clock that is set back sets back UpdateTime
// and ReadTime.
package memstore

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/document"
	"github.com/seed-13dc028d/longwatch/store"
)

// Options are the optional settings of New.
type Options struct {
	// Clock stamps what is written and read. nil means the wall clock.
	Clock clock.Clock
}

// Store keeps documents in memory. It is safe for concurrent use, starts no
// goroutine, and needs no Close.
type Store struct {
	clock clock.Clock

	mu          sync.Mutex
	collections map[string]*collection
	version     int64 // of the last commit; never falls
	watchers    map[store.Key]map[chan struct{}]struct{}
}

var (
	_ store.Store   = (*Store)(nil)
	_ store.Watcher = (*Store)(nil)
)

// New returns an empty Store. opts may be nil.
func New(opts *Options) *Store {
	s := &Store{
		clock:       clock.New(),
		collections: make(map[string]*collection),
		watchers:    make(map[store.Key]map[chan struct{}]struct{}),
	}
	if opts != nil && opts.Clock != nil {
		s.clock = opts.Clock
	}
	return s
}

// Clone returns a store with the same documents, their versions and their times, on
// the same clock. From there each goes its own way; nobody watches the new one. What a
// document says is shared and not copied, so it takes some ten nanoseconds a document.
func (s *Store) Clone() *Store {
	c := New(&Options{Clock: s.clock})
	s.mu.Lock()
	defer s.mu.Unlock()
	c.version = s.version
	for name, docs := range s.collections {
		c.collections[name] = &collection{docs: maps.Clone(docs.docs), order: slices.Clone(docs.order)}
	}
	return c
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, key store.Key) (store.Record, error) {
	if err := key.Validate(); err != nil {
		return store.Record{}, err
	}
	if err := ctx.Err(); err != nil {
		return store.Record{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.row(key)
	if !ok {
		return store.Record{}, store.ErrNotFound
	}
	return r.record(key.Collection, s.now()), nil
}

// Commit implements store.Store. It never leaves open whether it happened.
func (s *Store) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	if err := store.ValidateOps(ops); err != nil {
		return nil, err
	}
	rows := make([]*row, len(ops))
	for i, op := range ops {
		if op.Value == nil {
			continue
		}
		data, at, err := document.Encode(op.Value)
		if err != nil {
			return nil, err
		}
		rows[i] = &row{id: op.Key.ID, text: string(data), at: at}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, op := range ops {
		if !s.holds(op) {
			return nil, &store.ConflictError{Key: op.Key}
		}
	}
	s.version++
	now := s.now()
	version := strconv.FormatInt(s.version, 10)
	stamps := make([]store.Stamp, len(ops))
	for i, op := range ops {
		s.wake(op.Key)
		if op.Value == nil {
			s.remove(op.Key)
			continue
		}
		rows[i].version, rows[i].updated = version, now
		s.put(op.Key, rows[i])
		stamps[i] = store.Stamp{Version: version, UpdateTime: now}
	}
	return stamps, nil
}

// Collections lists the collections that hold a document, sorted: what a test
// wants to know of a store it did not fill itself.
func (s *Store) Collections() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.collections))
}

func (s *Store) now() time.Time { return s.clock.Now().UTC().Truncate(time.Microsecond) }

// row finds a document. The caller holds the lock.
func (s *Store) row(key store.Key) (*row, bool) {
	c, ok := s.collections[key.Collection]
	if !ok {
		return nil, false
	}
	r, ok := c.docs[key.ID]
	return r, ok
}

// holds reports whether op's precondition does. The caller holds the lock.
func (s *Store) holds(op store.Op) bool {
	r, ok := s.row(op.Key)
	switch {
	case op.If.Absent:
		return !ok
	case op.If.Version != "":
		return ok && r.version == op.If.Version
	}
	return true
}

func (s *Store) put(key store.Key, r *row) {
	c, ok := s.collections[key.Collection]
	if !ok {
		c = newCollection()
		s.collections[key.Collection] = c
	}
	c.put(r)
}

func (s *Store) remove(key store.Key) {
	c, ok := s.collections[key.Collection]
	if !ok {
		return
	}
	c.remove(key.ID)
	if len(c.docs) == 0 {
		delete(s.collections, key.Collection)
	}
}
