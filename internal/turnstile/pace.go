package turnstile

import (
	"sync"
	"time"

	"github.com/benbjohnson/clock"
)

// Rate is at most N in any stretch of Per.
type Rate struct {
	N   int
	Per time.Duration
}

// Pace lets a thing be done as often as all its rates allow. It is safe for
// concurrent use.
type Pace struct {
	clock clock.Clock
	rates []Rate

	mu   sync.Mutex
	done []time.Time // the last ones, oldest first; as many as the greatest N
}

// NewPace returns a pace that has seen nothing yet.
func NewPace(clk clock.Clock, rates ...Rate) *Pace { return &Pace{clock: clk, rates: rates} }

// Take notes that it is done now, and returns 0; or, where that is too often, how
// long to wait, and notes nothing.
func (p *Pace) Take() (wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.Now()
	most := 0
	for _, r := range p.rates {
		most = max(most, r.N)
		if len(p.done) < r.N {
			continue
		}
		// A clock that was set back must not keep the thing from being done for
		// longer than the rate says.
		if gone := now.Sub(p.done[len(p.done)-r.N]); gone >= 0 {
			wait = max(wait, r.Per-gone)
		}
	}
	if wait > 0 {
		return wait
	}
	if p.done = append(p.done, now); len(p.done) > most {
		p.done = append(p.done[:0], p.done[len(p.done)-most:]...)
	}
	return 0
}
