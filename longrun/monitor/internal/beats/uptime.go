package beats

import (
	"sync"
	"time"
)

// uptime is the age of the process, which never falls: a clock that is set back
// takes nothing away that has passed. Where the clock has a monotonic reading,
// nothing that it is set to counts at all.
type uptime struct {
	mu   sync.Mutex
	last time.Time
	age  time.Duration
}

func newUptime(start time.Time) *uptime { return &uptime{last: start} }

// at returns the age at now.
func (u *uptime) at(now time.Time) time.Duration {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.age += max(0, now.Sub(u.last))
	u.last = now
	return u.age
}
