// Package chance decides what the library leaves to chance: how long within its bounds
// a pause is, so that not all instances ask at once.
//
// It is no source of secrets. What it says is math/rand's, but where the clock is a
// simulation's: then the simulation says it, so that what it saw can be seen again.
package chance

import (
	"math/rand/v2"
	"time"

	"github.com/benbjohnson/clock"
)

// Clock is the clock of a simulation of this repository. Nobody else can have one: its
// method takes a type of a package that is internal.
type Clock interface {
	clock.Clock
	// Chance returns a number in [0, 1). It is safe for concurrent use.
	Chance(Ours) float64
	// Apart is Apart. It is safe for concurrent use.
	Apart(o Ours, who, what string)
}

// Apart returns at once, but in a simulation, where it takes some microseconds: of two
// goroutines that one event wakes, the scheduler says who comes first, and there it is
// chance that does. who and what tell the one from the other.
func Apart(clk clock.Clock, who, what string) {
	if c, ok := clk.(Clock); ok {
		c.Apart(Ours{}, who, what)
	}
}

// Simulated reports whether a clock is a simulation's: then nothing is asked of the
// machine whose answer is another each time.
func Simulated(clk clock.Clock) bool {
	_, ok := clk.(Clock)
	return ok
}

// Ours is what only this repository can name.
type Ours struct{}

// Of returns a number in [0, 1): clk's, if it has any.
func Of(clk clock.Clock) float64 {
	if c, ok := clk.(Clock); ok {
		return c.Chance(Ours{})
	}
	return rand.Float64()
}

// Below returns a duration in [0, d), and 0 where there is none.
func Below(clk clock.Clock, d time.Duration) time.Duration {
	return time.Duration(Of(clk) * float64(d))
}
