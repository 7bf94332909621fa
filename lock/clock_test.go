package lock_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"
)

// twoHanded is a clock whose wall and monotonic hands can be moved apart, as by
// a suspended machine or an operator. Its timers follow the monotonic hand, as
// real ones do. Times in a bubble have no monotonic reading, so it starts from
// one that was taken outside.
type twoHanded struct {
	clock.Clock
	start time.Time

	mu   sync.Mutex
	step time.Duration
}

var outside = time.Now()

func newTwoHanded() *twoHanded { return &twoHanded{Clock: clock.New(), start: time.Now()} }

func (c *twoHanded) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return stepWall(outside.Add(time.Since(c.start)), c.step)
}

func (c *twoHanded) stepWall(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.step += d
}

// stepWall moves the wall half of a time and leaves the monotonic half. Package
// time has no way to say that, so this relies on the layout of time.Time: wall,
// then ext, which is the monotonic reading where there is one.
func stepWall(t time.Time, d time.Duration) time.Time {
	t = t.Add(d) // moves both
	(*[2]int64)(unsafe.Pointer(&t))[1] -= int64(d)
	return t
}

func TestTwoHandedClockMovesOneHandAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, step := range []time.Duration{3 * time.Hour, -10 * time.Minute} {
			c := newTwoHanded()
			before := c.Now()
			time.Sleep(time.Second)
			c.stepWall(step)
			after := c.Now()
			require.Equal(t, time.Second, after.Sub(before), "monotonic")
			require.Equal(t, time.Second+step, after.Round(0).Sub(before.Round(0)), "wall")
		}
	})
}
