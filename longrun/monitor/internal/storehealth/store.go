package storehealth

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/store"
)

// Store is the store as the engine uses it, watched: it knows since when the
// store answers, or does not. An answer that refuses is an answer. A store may
// also answer reads and take no writes, when its disk is full for one; so an
// outage in which a Commit failed lasts until a Commit is answered.
type Store struct {
	store.Store
	clock clock.Clock
	time  *Time
	// changed is called when the store was lost, shows that it only reads, or
	// came back; and retry when an outage needs a Commit to end. Both outside
	// the lock.
	changed func(Change, Outage)
	retry   func()
	// followed is a document, and saw is called with each read of it.
	followed store.Key
	saw      func(store.Record)

	mu       sync.Mutex
	answered time.Time // the last answer to anything …
	written  time.Time // … and to a Commit
	seen     time.Time // the last write of the followed document, whoever's
	out      *Outage   // nil while the store is well
	ended    time.Time // when the last outage did
	stopping bool
}

var (
	_ store.Store   = (*Store)(nil)
	_ store.Watcher = (*Store)(nil)
	_ store.Witness = (*Store)(nil)
	_ store.Lapser  = (*Store)(nil)
)

// Change is what became of the store.
type Change int

// The changes.
const (
	// Lost: it does not answer.
	Lost Change = iota
	// ReadOnly: it answers, but takes no writes.
	ReadOnly
	// Moved: what was opened is not what its name shows now. It is lost, and does
	// not come back by itself.
	Moved
	// Back: it is well again.
	Back
)

// Outage is a time without the store. To is zero while it lasts.
type Outage struct {
	From, To time.Time
	// Good is the last sign before it.
	Good time.Time
	// Err is what the store, or the wait for it, last said.
	Err    error
	writes bool // a Commit failed
	reads  bool // since when a read was answered …
	told   bool // … and Commits still fail, which was said
	mute   bool // one of them had no answer: the store may have taken it
	moved  bool // store.ErrMoved was said
}

// ReadOnly reports whether the store answered and took no writes: each that failed, it
// refused. Where one had no answer, the way to it may be what was away.
func (o Outage) ReadOnly() bool { return o.told && !o.mute }

// maxCall is longer than any call of the store may take: where one took longer
// by the clock, the process did not run meanwhile.
const maxCall = room.StoreTimeout + time.Second

// Guarded says that no second guard is needed around it: it is given a store that
// has one, and adds nothing that could harm a caller.
func (s *Store) Guarded() {}

// New returns st, watched. It wants a store behind a guard, such as guardstore.Of
// makes. changed is told what becomes of it, and retry is called
// when an outage needs a Commit to end.
func New(st store.Store, clk clock.Clock, changed func(Change, Outage), retry func()) *Store {
	s := &Store{Store: st, clock: clk, time: NewTime(clk), changed: changed, retry: retry}
	s.Begin()
	return s
}

// Begin forgets what was known: nobody has looked since.
func (s *Store) Begin() {
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answered, s.written, s.seen, s.out, s.ended, s.stopping = now, now, time.Time{}, nil, time.Time{}, false
}

// Stop says that the engine is ending. A call that its time cuts short says
// nothing of the store from here on: the steps of the end have less time than a
// store may take, and many monitors that end at once wait for each other.
func (s *Store) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopping = true
}

// Time is whether the time can be trusted.
func (s *Store) Time() *Time { return s.time }

// Follow has saw called with each read of the document. It is called before the
// store is used.
func (s *Store) Follow(key store.Key, saw func(store.Record)) { s.followed, s.saw = key, saw }

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, key store.Key) (store.Record, error) {
	start := s.clock.Now()
	rec, err := s.Store.Get(ctx, key)
	s.note(ctx, start, false, err)
	if err == nil {
		s.time.saw(rec.ReadTime, s.clock.Now())
	}
	if err == nil && key == s.followed {
		s.mu.Lock()
		s.seen = room.Latest(s.seen, start.Add(-rec.Age()))
		s.mu.Unlock()
		s.saw(rec)
	}
	return rec, err
}

// Scan implements store.Store.
func (s *Store) Scan(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		start := s.clock.Now()
		var last error
		for rec, err := range s.Store.Scan(ctx, q) {
			last = err
			if !yield(rec, err) {
				break
			}
			start = s.clock.Now() // of the wait for the next record
		}
		s.note(ctx, start, false, last)
	}
}

// Commit implements store.Store.
func (s *Store) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	start := s.clock.Now()
	stamps, err := s.Store.Commit(ctx, ops...)
	s.note(ctx, start, true, err)
	if err == nil && len(stamps) > 0 {
		s.time.saw(stamps[0].UpdateTime, s.clock.Now())
	}
	return stamps, err
}

// Watch passes the inner store's ability on.
func (s *Store) Watch(ctx context.Context, key store.Key) (<-chan struct{}, error) {
	w, ok := s.Store.(store.Watcher)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return w.Watch(ctx, key)
}

// Hold passes the inner store's ability on. What it says is nothing of the store's
// health, as it asks no store.
func (s *Store) Hold(ctx context.Context, name string) (string, func(spent bool), error) {
	w, ok := s.Store.(store.Witness)
	if !ok {
		return "", nil, errors.ErrUnsupported
	}
	return w.Hold(ctx, name)
}

// Seize passes the inner store's ability on.
func (s *Store) Seize(ctx context.Context, name, mark string, wait bool) (func(won bool), error) {
	w, ok := s.Store.(store.Witness)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return w.Seize(ctx, name, mark, wait)
}

// Lapsed passes the inner store's ability on.
func (s *Store) Lapsed(name string) <-chan struct{} {
	if w, ok := s.Store.(store.Witness); ok {
		return store.Lapsed(w, name)
	}
	return nil
}

// note takes the outcome of one call.
func (s *Store) note(ctx context.Context, start time.Time, commit bool, err error) {
	answered := err == nil || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrInvalid)
	now := s.clock.Now()
	s.mu.Lock()
	if !answered && ctx.Err() != nil && (s.stopping || !deadline.TimedOut(ctx)) {
		s.mu.Unlock()
		return // the caller gave up: that says nothing of the store
	}
	var o Outage
	var happened []Change
	var retry bool
	if answered {
		o, happened = s.well(now, commit)
	} else {
		o, happened, retry = s.failed(now, room.Latest(start, now.Add(-maxCall)), commit, ctx.Err() != nil, err)
	}
	s.mu.Unlock()
	for _, c := range happened {
		s.changed(c, o)
	}
	if retry {
		s.retry()
	}
}

// well takes an answer, under the lock.
func (s *Store) well(now time.Time, commit bool) (o Outage, happened []Change) {
	s.answered = now
	if commit {
		s.written = now
	}
	if s.out == nil {
		return Outage{}, nil
	}
	s.out.reads = true
	if s.out.writes && !commit {
		return Outage{}, nil
	}
	o, s.out = *s.out, nil
	o.To, s.ended = now, now
	return o, []Change{Back}
}

// failed takes a call without an answer, under the lock. retry tells that from
// here on only a Commit can end the outage. Unheard says that the wait for an answer ended.
func (s *Store) failed(now, start time.Time, commit, unheard bool, err error) (o Outage, happened []Change, retry bool) {
	if s.out == nil {
		last, good := s.answered, s.answered
		if commit {
			last, good = s.written, room.Latest(s.written, s.seen)
		}
		switch {
		case now.Before(last): // the clock was set back
			good = start
		case start.Before(last):
			return Outage{}, nil, false // one that was begun later was answered
		}
		s.out = &Outage{From: start, Good: good}
		if commit && s.seen.After(s.written) && s.seen.Before(start) {
			s.out.From = s.seen // another wrote, and nobody has since
		}
		happened = append(happened, Lost)
	}
	s.out.Err = err
	if errors.Is(err, store.ErrMoved) && !s.out.moved {
		s.out.moved = true
		happened = append(happened, Moved)
	}
	if !commit {
		s.out.reads = false
		return *s.out, happened, false
	}
	retry, s.out.writes = !s.out.writes, true
	s.out.mute = s.out.mute || unheard
	if s.out.reads && !s.out.told {
		s.out.told = true
		happened = append(happened, ReadOnly)
	}
	return *s.out, happened, retry
}

// Health is what the last calls say of the store.
type Health struct {
	Answered time.Time
	// Since is when the outage began; zero without one. Ended is when the one
	// before did; zero where there was none.
	Since, Ended        time.Time
	Reachable, ReadOnly bool
	// Moved tells that somebody put another store where this one was.
	Moved bool
	Err   error
}

// Health is what the last calls say.
func (s *Store) Health() Health {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out == nil {
		return Health{Answered: s.answered, Ended: s.ended, Reachable: true}
	}
	return Health{
		Answered: s.answered, Since: s.out.From, Ended: s.ended,
		Reachable: s.out.reads, ReadOnly: s.out.reads, Moved: s.out.moved, Err: s.out.Err,
	}
}
