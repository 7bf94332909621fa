package sim

import (
	"strconv"
	"time"
	"unsafe"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/chance"
)

// ownClock is the time as one process has it, with two hands as a real one: the wall's
// can be set; the monotonic one stands still while the machine sleeps. Timers follow
// that one. All stops while the process is paused: what was to wake it does so when it
// runs again.
type ownClock struct {
	clock.Clock
	p *process
}

var _ chance.Clock = (*ownClock)(nil)

// outside has a monotonic reading, which times in a bubble have not.
var outside = time.Now() //nolint:gochecknoglobals // it cannot be had in a bubble

// Now implements clock.Clock.
func (c *ownClock) Now() time.Time {
	now := time.Now()
	wall, monotonic := c.p.machine.ahead()
	t := outside.Add(now.Sub(c.p.w.began) + monotonic - c.p.sleptFor())
	return setWall(t, now.Add(wall))
}

// setWall moves the wall's hand of a time and leaves the monotonic one. Package time
// has no way to say that, so this relies on the layout of time.Time: wall, then ext,
// which is the monotonic reading where there is one.
func setWall(t, wall time.Time) time.Time {
	d := wall.Sub(t.Round(0))
	t = t.Add(d) // moves both
	(*[2]int64)(unsafe.Pointer(&t))[1] -= int64(d)
	return t
}

// sleepy is how much later than it was to a timer may wake its goroutine.
const sleepy = 40 * time.Microsecond

// AfterFunc implements clock.Clock. No two timers that are due in one instant wake their
// goroutines in one: which comes first would be the scheduler's to say.
func (c *ownClock) AfterFunc(d time.Duration, f func()) *clock.Timer {
	n := instant() + int(d)*7919
	d += time.Duration(c.p.draw("timer", "", n) * float64(sleepy))
	due, slept := time.Now().Add(d), c.p.sleptFor()
	return c.Clock.AfterFunc(d, func() {
		c.p.awake("timer", strconv.Itoa(n))
		for !c.p.isDead() {
			late := time.Until(due.Add(c.p.sleptFor() - slept))
			if late <= 0 {
				break
			}
			time.Sleep(late)
			c.p.awake("timer", strconv.Itoa(n))
		}
		f()
	})
}

// Chance implements chance.Clock. It is the same for all who ask in one instant: who
// asks first is the scheduler's.
func (c *ownClock) Chance(chance.Ours) float64 { return c.p.draw("chance", "", instant()) }

// apart is for how long two goroutines that wake in one instant may be held apart.
const apart = 200 * time.Microsecond

// Apart implements chance.Clock.
func (c *ownClock) Apart(_ chance.Ours, who, what string) {
	time.Sleep(time.Microsecond + time.Duration(c.p.draw(who, what, instant())*float64(apart)))
}
