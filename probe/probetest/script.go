package probetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/probe"
)

// Step is one answer of a Script.
type Step struct {
	// Result and Err are what Probe returns.
	Result probe.Result
	Err    error
	// Wait, when not nil, is waited for before the answer. Probe returns sooner
	// when its context ends, with the context's cause.
	Wait <-chan struct{}
	// Deaf makes Probe wait for Wait alone: it ignores its context, as bad code
	// does.
	Deaf bool
	// Panic, when not nil, is what Probe panics with.
	Panic any
}

// Pass is a Step that passes after the latency it names.
func Pass(latency time.Duration) Step {
	return Step{Result: probe.Result{Status: probe.Pass, Latency: latency}}
}

// Fail is a Step that fails with a class.
func Fail(class string) Step { return Step{Result: probe.Failed(class, "as scripted")} }

// Error is a Step that cannot tell.
func Error(err error) Step { return Step{Err: err} }

// Script is a probe.Prober that answers one Step after the other and then the
// last one for ever. The zero Script passes. It is safe for concurrent use.
type Script struct {
	mu    sync.Mutex
	steps []Step
	taken int // of steps
	calls int
}

// NewScript returns a Script of steps.
func NewScript(steps ...Step) *Script { return &Script{steps: slices.Clone(steps)} }

// Then makes the calls from now on take steps, whatever was left of the earlier
// ones.
func (s *Script) Then(steps ...Step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps, s.taken = slices.Clone(steps), 0
}

// Calls returns how often Probe was called.
func (s *Script) Calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

func (s *Script) next() Step {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if len(s.steps) == 0 {
		return Pass(time.Millisecond)
	}
	s.taken = min(s.taken+1, len(s.steps))
	return s.steps[s.taken-1]
}

// Probe answers the next Step.
func (s *Script) Probe(ctx context.Context) (probe.Result, error) {
	step := s.next()
	done := ctx.Done()
	if step.Deaf {
		done = nil
	}
	if step.Wait != nil {
		select {
		case <-step.Wait:
		case <-done:
			return probe.Result{}, fmt.Errorf("probetest: %w", context.Cause(ctx))
		}
	}
	if step.Panic != nil {
		panic(step.Panic)
	}
	return step.Result, step.Err
}
