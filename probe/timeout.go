package probe

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
)

// errBusy says that a call which was given up on has not come back yet.
var errBusy = errors.New("probe: an earlier call has not returned yet")

// grace is how long after its context a Prober may take to say what it saw.
const grace = time.Second

// Timeout returns a Prober that asks p and waits no longer than limit and a
// second, on real time, even when p ignores its context. Such a call is left
// behind, one goroutine at the most: until it comes back, further calls are an
// error. A panic or runtime.Goexit
// of p is an error too, and so is an error of p that panics.
//
// longrun/monitor bounds its probes by itself; Timeout is for other callers.
func Timeout(p Prober, limit time.Duration) Prober {
	return &timeout{prober: p, limit: limit, busy: make(chan struct{}, 1)}
}

type timeout struct {
	prober Prober
	limit  time.Duration
	busy   chan struct{} // holds a token while a call runs
}

func (t *timeout) Probe(ctx context.Context) (Result, error) {
	select {
	case t.busy <- struct{}{}:
	default:
		return Result{}, errBusy
	}
	asking, cancel := context.WithTimeout(ctx, t.limit)
	defer cancel()
	waiting, stop := context.WithTimeout(ctx, t.limit+grace)
	defer stop()
	var result Result // the call's, until it has returned
	done := spawn.Start("probe", func() error {
		defer func() { <-t.busy }()
		r, err := t.prober.Probe(asking)
		if err != nil {
			_ = err.Error() // where that panics, let it be here
		}
		result = r
		return err
	})
	select {
	case err := <-done:
		return result, err
	case <-waiting.Done():
		return Result{}, fmt.Errorf("probe: no answer within %v: %w", t.limit, context.Cause(waiting))
	}
}
