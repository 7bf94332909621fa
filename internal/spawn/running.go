package spawn

import (
	"sync/atomic"
	"time"

	"github.com/benbjohnson/clock"
)

// Running is a call under way on a goroutine of its own.
type Running struct {
	done  chan error
	door  *Door // nil where nobody counts
	state atomic.Int32
}

// The states of a call. Whoever moves it away from running decides whether what
// it returns is read.
const (
	running int32 = iota
	returned
	abandoned
)

// deep makes the stack of a new goroutine as large as most calls need, at once: to
// double it from 2 KB, and to copy it each time, took longer than all the rest
// (around a commit to SQLite 44 µs, and 27 with this, of which 13 are two changes of
// goroutine).
//
//go:noinline
func deep(n int) byte {
	var frame [7 << 10]byte
	return frame[n]
}

func start(door *Door, name string, fn func() error) *Running {
	r := &Running{done: make(chan error, 1), door: door}
	begin(name, func() error {
		deep(0)
		return fn()
	}, func(err error) {
		if r.state.CompareAndSwap(running, returned) {
			if r.door != nil {
				r.door.came()
			}
			r.done <- err
		} else if r.door != nil {
			r.door.left.Add(-1)
		}
	})
	return r
}

// Done delivers what the call returned, once, unless it was left behind.
func (r *Running) Done() <-chan error { return r.done }

// Wait waits for the call for at most grace more, by clk. It reports false when
// the call was left behind. When it is true, Done delivers at once.
func (r *Running) Wait(clk clock.Clock, grace time.Duration) bool {
	if grace > 0 {
		over := make(chan struct{})
		timer := clk.AfterFunc(grace, func() { close(over) })
		defer timer.Stop()
		select {
		case err := <-r.done:
			r.done <- err
			return true
		case <-over:
		}
	}
	return !r.Leave()
}

// Leave leaves the call behind: what it returns is not delivered, and the door
// that it went through counts it until it does. It reports false when the call
// has returned already, and Done delivers.
func (r *Running) Leave() bool {
	if r.door != nil {
		r.door.leave() // before the state moves: whoever returns takes it back
	}
	if r.state.CompareAndSwap(running, abandoned) {
		return true
	}
	if r.door != nil {
		r.door.left.Add(-1)
	}
	return false
}
