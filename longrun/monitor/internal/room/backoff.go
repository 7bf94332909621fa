package room

import (
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/chance"
)

// Backoff says when what failed is tried again: later and later, and not by all
// instances at once. Its zero value with the two bounds set is one of what is well.
// It is for one goroutine.
type Backoff struct {
	// Shortest and Longest bound the pause before the next try. Both are required.
	Shortest, Longest time.Duration
	// Clock spreads the pauses, where it is a simulation's. Default: nobody's does.
	Clock clock.Clock

	pause time.Duration // 0 while all is well
	after time.Time
	tries int
}

// Failed takes note of a failure at now, and returns the pause until the next try:
// up to a quarter shorter than twice the one before.
func (b *Backoff) Failed(now time.Time) time.Duration {
	b.pause = min(max(2*b.pause, b.Shortest), b.Longest)
	b.tries++
	pause := b.pause*3/4 + chance.Below(b.Clock, b.pause/4+1)
	b.after = now.Add(pause)
	return pause
}

// Well forgets the failures.
func (b *Backoff) Well() { b.pause, b.after, b.tries = 0, time.Time{}, 0 }

// Failing is how often it failed since it was last well.
func (b *Backoff) Failing() int { return b.tries }

// Wait is how long the next try has to wait at now; 0 where it need not, as when
// the clock was set back.
func (b *Backoff) Wait(now time.Time) time.Duration {
	if wait := b.after.Sub(now); b.tries > 0 && wait <= b.pause {
		return max(wait, 0)
	}
	return 0
}
