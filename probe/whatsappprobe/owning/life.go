package owning

import (
	"context"
	"slices"
	"time"
)

// lingering is how long after its end the context of a connection is kept alive:
// the client's handlers may still be at work under it.
const lingering = 10 * time.Minute

// life is the context of one connection.
type life struct {
	end   context.CancelFunc
	ended time.Time // when the next one was begun; zero for the last
}

// live makes a new life the last one, and ends those that are long over.
func (s *session) live(end context.CancelFunc) {
	now := s.opts.Clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.lives); n > 0 {
		s.lives[n-1].ended = now
	}
	s.lives = slices.DeleteFunc(s.lives, func(l life) bool {
		over := !l.ended.IsZero() && now.Sub(l.ended) >= lingering
		if over {
			l.end()
		}
		return over
	})
	s.lives = append(s.lives, life{end: end})
}

// end ends what the lead has left of contexts.
func (s *session) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.lives {
		l.end()
	}
	s.lives = nil
}
