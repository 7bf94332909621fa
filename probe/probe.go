// Package probe is the contract between longwatch and whatever tries a service
// for real: one method, which asks once.
//
// What it does not do: it schedules nothing, repeats nothing and stores nothing.
// Whoever runs a Prober owns when, how often, for how long, and what becomes of
// the outcome; longrun/monitor does. A PASS says that it worked this once, seen
// from where the Prober stands, and nothing of the minute after.
//
// # Three outcomes
//
//	Pass   the service did what it is for; Result.Latency says how fast
//	Fail   it did not, and the Prober could see that; Result.Class says how
//	error  the Prober could not tell, through no fault of the service
//
// The third is stored as INCONCLUSIVE and counts for neither side. Absence is
// never a pass: a part that is not configured answers ErrNotConfigured.
//
// # Classes
//
// A class names a kind of failure, for rules and for counting, such as
// "ack_refused": lower case, few, and the same for the same fault every time.
// What differs goes into Result.Detail, which is for people and is stored: one
// line without a secret, and with telephone numbers masked.
package probe

import (
	"context"
	"time"
)

// Prober asks a service once.
type Prober interface {
	// Probe asks, and returns what it saw. It returns soon after ctx ends: with
	// a Fail where what had been seen by then is a failure (sent, and never
	// answered), else with an error. It is safe for concurrent use, and a second
	// call while one is under way either waits, within its ctx, or is an error.
	Probe(ctx context.Context) (Result, error)
}

// Func makes a Prober of a function.
type Func func(ctx context.Context) (Result, error)

// Probe calls f.
func (f Func) Probe(ctx context.Context) (Result, error) { return f(ctx) }

// Status is what a Prober saw.
type Status string

// The statuses. The zero Status is none: whoever returns it without an error
// has not told.
const (
	Pass Status = "PASS"
	Fail Status = "FAIL"
)

// Result is what one Probe saw. Only Status is required.
type Result struct {
	Status Status
	// Latency is how long the thing took that the probe is about, such as from
	// a message's sending to its delivery; of a Fail, how long it was waited
	// for. 0 means the whole call.
	Latency time.Duration
	// Stages are the parts of the way, in their order, as far as it went.
	Stages []Stage
	// Class names the kind of failure; empty with Pass.
	Class string
	// Detail is one line for people: no secrets, telephone numbers masked.
	Detail string
	// Target is what was asked, masked like Detail.
	Target string
}

// Stage is one part of the way that a probe goes.
type Stage struct {
	Name string
	Took time.Duration
}

// Failed returns a Fail of a class, with one line that says more.
func Failed(class, detail string) Result {
	return Result{Status: Fail, Class: class, Detail: detail}
}
