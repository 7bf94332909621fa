package sim

import (
	"encoding/binary"
	"hash/fnv"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/chance"
)

// ownClock is the time as one process has it. It can be set, and stops while the process
// is paused: what was to wake it does so when it runs again.
type ownClock struct {
	clock.Clock
	p *process
}

var _ chance.Clock = (*ownClock)(nil)

// Now implements clock.Clock.
func (c *ownClock) Now() time.Time { return time.Now().Add(c.p.machine.ahead()) }

// sleepy is how much later than it was to a timer may wake its goroutine.
const sleepy = 40 * time.Microsecond

// AfterFunc implements clock.Clock. No two timers that are due in one instant wake their
// goroutines in one: which comes first would be the scheduler's to say.
func (c *ownClock) AfterFunc(d time.Duration, f func()) *clock.Timer {
	d += time.Duration(c.p.draw("timer", "", instant()+int(d)*7919) * float64(sleepy))
	return c.Clock.AfterFunc(d, func() {
		c.p.awake()
		f()
	})
}

// Chance implements chance.Clock. It is the same for all who ask in one instant: who
// asks first is the scheduler's.
func (c *ownClock) Chance(chance.Ours) float64 { return c.p.draw("chance", "", instant()) }

// instant numbers the present one.
func instant() int { return int(time.Now().UnixNano()) }

// draw is a number in [0, 1) of the seed, the process, and what is asked about.
func (p *process) draw(about, key string, n int) float64 {
	h := fnv.New64a()
	var b [24]byte
	binary.LittleEndian.PutUint64(b[:], p.w.plan.Seed)
	binary.LittleEndian.PutUint64(b[8:], uint64(p.number)) //nolint:gosec // some bits
	binary.LittleEndian.PutUint64(b[16:], uint64(n))       //nolint:gosec // some bits
	_, _ = h.Write(b[:])
	_, _ = h.Write([]byte(about))
	_, _ = h.Write([]byte(key))
	x := h.Sum64()
	x ^= x >> 33 // the upper bits of FNV are the poorer ones
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return float64(x>>11) / (1 << 53)
}
