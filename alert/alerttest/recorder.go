package alerttest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
)

// Step is one answer of a Recorder.
type Step struct {
	// Err is what Alert returns. A message is recorded when it is nil.
	Err error
	// Took records the message all the same: the channel took it, and could not
	// say so.
	Took bool
	// Wait, when not nil, is waited for before the answer. Alert returns sooner
	// when its context ends, with the context's cause.
	Wait <-chan struct{}
	// Hang waits until the context ends.
	Hang bool
	// Panic, when not nil, is what Alert panics with.
	Panic any
}

// OK is a Step that takes the message.
func OK() Step { return Step{} }

// Fail is a Step that fails with err; alert.Permanent(err) makes it permanent.
func Fail(err error) Step { return Step{Err: err} }

// RetryAfter is a Step that asks to wait.
func RetryAfter(after time.Duration) Step {
	return Step{Err: &alert.RetryAfterError{After: after}}
}

// Hang is a Step that waits until the context ends.
func Hang() Step { return Step{Hang: true} }

// Panic is a Step that panics with v.
func Panic(v any) Step { return Step{Panic: v} }

// LoseReply is a Step that takes the message and fails with err.
func LoseReply(err error) Step { return Step{Err: err, Took: true} }

// Recorder is an alert.Alerter that records what it is sent. It answers one
// Step after the other and then the last one for ever; the zero Recorder takes
// every message. It is safe for concurrent use.
type Recorder struct {
	mu       sync.Mutex
	steps    []Step
	taken    int // of steps
	calls    []alert.Message
	messages []alert.Message
	arrived  chan struct{} // closed at the next message
}

// NewRecorder returns a Recorder of steps.
func NewRecorder(steps ...Step) *Recorder { return &Recorder{steps: slices.Clone(steps)} }

// Then makes the calls from now on take steps, whatever was left of the earlier
// ones. Without steps every message is taken.
func (r *Recorder) Then(steps ...Step) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps, r.taken = slices.Clone(steps), 0
}

// Messages returns the messages that were taken, in their order.
func (r *Recorder) Messages() []alert.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.messages)
}

// Calls returns the message of every call, in the order in which the calls
// began, also of those that failed.
func (r *Recorder) Calls() []alert.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

// Reset forgets all messages and calls. The steps stay.
func (r *Recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls, r.messages = nil, nil
}

// Wait returns the messages once n of them were taken, or an error when ctx
// ends first.
func (r *Recorder) Wait(ctx context.Context, n int) ([]alert.Message, error) {
	for {
		r.mu.Lock()
		messages := slices.Clone(r.messages)
		if r.arrived == nil {
			r.arrived = make(chan struct{})
		}
		arrived := r.arrived
		r.mu.Unlock()
		if len(messages) >= n {
			return messages, nil
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return messages, fmt.Errorf("alerttest: %d of %d messages: %w", len(messages), n, context.Cause(ctx))
		}
	}
}

func (r *Recorder) next(m alert.Message) Step {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, m)
	if len(r.steps) == 0 {
		return OK()
	}
	r.taken = min(r.taken+1, len(r.steps))
	return r.steps[r.taken-1]
}

func (r *Recorder) take(m alert.Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages = append(r.messages, m)
	if r.arrived != nil {
		close(r.arrived)
		r.arrived = nil
	}
}

// Alert answers the next Step. With a context that has ended it takes nothing,
// as no channel would.
func (r *Recorder) Alert(ctx context.Context, m alert.Message) error {
	step := r.next(m)
	if step.Hang {
		<-ctx.Done()
	}
	if step.Wait != nil {
		select {
		case <-step.Wait:
		case <-ctx.Done():
		}
	}
	if step.Panic != nil {
		panic(step.Panic)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("alerttest: %w", context.Cause(ctx))
	}
	if step.Err == nil || step.Took {
		r.take(m)
	}
	return step.Err
}
