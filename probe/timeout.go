package probe

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// errBusy says that a call which was given up on has not come back yet.
var errBusy = errors.New("probe: an earlier call has not returned yet")

// grace is how long after its context a Prober may take to say what it saw.
const grace = time.Second

// Timeout returns a Prober that asks p and waits no longer than limit and a
// second, on real time, even when p ignores its context. Such a call is left
// behind, one goroutine at the most: until it comes back, further calls are an
// error. A panic of p is an error too.
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
	type answer struct {
		result Result
		err    error
	}
	answers := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			if p := recover(); p != nil {
				a = answer{err: fmt.Errorf("probe: panic: %v", p)}
			}
			<-t.busy
			answers <- a
		}()
		a.result, a.err = t.prober.Probe(asking)
	}()
	select {
	case a := <-answers:
		return a.result, a.err
	case <-waiting.Done():
		return Result{}, fmt.Errorf("probe: no answer within %v: %w", t.limit, context.Cause(waiting))
	}
}
