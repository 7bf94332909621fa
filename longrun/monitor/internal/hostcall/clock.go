package hostcall

import (
	"context"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/chance"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
)

// clockPatience is how long a host's clock may take to tell the time.
const clockPatience = time.Second

// Clock returns a clock that tells the time whatever the host's does: one that
// panics, ends its goroutine or does not answer is not asked again, and the wall
// clock is. nil, and a nil pointer, mean the wall clock. The clocks of the clock
// module and a simulation's are not host code, and are returned as they are.
func Clock(host clock.Clock) clock.Clock {
	wall := clock.New()
	if spawn.Nothing(host) {
		return wall
	}
	switch reflect.TypeOf(host) {
	case reflect.TypeOf(wall), reflect.TypeFor[*clock.Mock]():
		return host
	}
	if ours, ok := host.(chance.Clock); ok {
		return ours
	}
	return &guardedClock{Clock: wall, host: host}
}

// guardedClock asks the host's clock while that is well. What the engine does not
// use is the wall clock's.
type guardedClock struct {
	clock.Clock
	host   clock.Clock
	broken atomic.Bool
}

// Broken reports whether clk is a host's that was given up.
func Broken(clk clock.Clock) bool {
	g, ok := clk.(*guardedClock)
	return ok && g.broken.Load()
}

// Now implements clock.Clock.
func (g *guardedClock) Now() time.Time {
	return ask(g, g.host.Now, g.Clock.Now)
}

// AfterFunc implements clock.Clock.
func (g *guardedClock) AfterFunc(d time.Duration, fn func()) *clock.Timer {
	// The host's timer may come to life though it was given up.
	var once sync.Once
	var given atomic.Bool
	return ask(g, func() *clock.Timer {
		return g.host.AfterFunc(d, func() {
			if !given.Load() {
				once.Do(fn)
			}
		})
	}, func() *clock.Timer {
		given.Store(true)
		return g.Clock.AfterFunc(d, func() { once.Do(fn) })
	})
}

// ask is the host's answer, or instead where there is none.
func ask[T any](g *guardedClock, host, instead func() T) T {
	if g.broken.Load() {
		return instead()
	}
	ctx, cancel := context.WithTimeout(context.Background(), clockPatience)
	defer cancel()
	answer, err := spawn.Call(ctx, g.Clock, 0, "the clock", func(context.Context) (T, error) { return host(), nil })
	if err != nil {
		g.broken.Store(true)
		return instead()
	}
	return answer
}
