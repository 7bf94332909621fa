package sending

import (
	"sync"
	"time"
)

const (
	defaultBurst      = 12
	allowanceInterval = 30 * time.Second
)

// An allowance keeps probes from becoming what accounts are banned for: as many
// messages as burst at once, and then one every interval.
type allowance struct {
	burst int

	mu   sync.Mutex
	full time.Time // when all of burst will be there again
}

// take takes n messages from the allowance, or none.
func (a *allowance) take(n int, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	full := a.full
	if full.Before(now) {
		full = now
	}
	full = full.Add(time.Duration(n) * allowanceInterval)
	if full.Sub(now) > time.Duration(a.burst)*allowanceInterval {
		return false
	}
	a.full = full
	return true
}
