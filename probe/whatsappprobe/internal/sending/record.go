package sending

import (
	"slices"
	"sync"
	"time"
)

// maxHeard bounds a Record: what a probe waits for is a few events.
const maxHeard = 64

// Heard is one thing that a probe heard, and when.
type Heard[E any] struct {
	What E
	At   time.Time
}

// Record keeps what a probe hears while it waits, the first 64. It is safe for
// concurrent use.
type Record[E any] struct {
	news chan struct{} // holds a token when there is something new

	mu    sync.Mutex
	heard []Heard[E]
}

// NewRecord returns an empty Record.
func NewRecord[E any]() *Record[E] { return &Record[E]{news: make(chan struct{}, 1)} }

// Add takes what was heard. It never waits.
func (r *Record[E]) Add(what E, at time.Time) {
	r.mu.Lock()
	if len(r.heard) < maxHeard {
		r.heard = append(r.heard, Heard[E]{what, at})
	}
	r.mu.Unlock()
	select {
	case r.news <- struct{}{}:
	default:
	}
}

// all returns what was heard, in the order it was told.
func (r *Record[E]) all() []Heard[E] {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.heard)
}

// By returns what was heard by a time.
func (r *Record[E]) By(t time.Time) []Heard[E] {
	return slices.DeleteFunc(r.all(), func(h Heard[E]) bool { return h.At.After(t) })
}

// Await returns what was heard as soon as that is enough; or else, at the end of
// the span or after patience, where that is not 0, what was heard by then. over
// is when it ended. Only one goroutine may wait.
func (r *Record[E]) Await(s *Span, patience time.Duration, enough func([]Heard[E]) bool) (heard []Heard[E], over time.Time) {
	var tired chan struct{}
	if patience > 0 {
		tired = make(chan struct{})
		timer := s.clock.AfterFunc(patience, func() { close(tired) })
		defer timer.Stop()
	}
	for {
		if heard := r.all(); !s.Ended() && enough(heard) {
			return heard, s.clock.Now()
		}
		select {
		case <-r.news:
			continue
		case <-s.over:
			s.Settle()
			return r.By(s.end), s.end
		case <-tired:
			now := s.clock.Now()
			settle(s.clock)
			return r.By(now), now
		}
	}
}
