package witness

import (
	"context"
	"sync"
	"time"
)

// Memory is a State that ends with the process, for tests and for trying things: a
// witness that forgets is none. Its zero value is ready.
type Memory struct {
	mu   sync.Mutex
	seen map[string]Seen
}

var _ State = (*Memory)(nil)

// Seen implements State.
func (m *Memory) Seen(_ context.Context, origin string) (Seen, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seen[origin], nil
}

// Advance implements State.
func (m *Memory) Advance(_ context.Context, origin string, old, next Seen, _ time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.seen[origin] != old {
		return ErrMoved
	}
	if m.seen == nil {
		m.seen = map[string]Seen{}
	}
	m.seen[origin] = next
	return nil
}
