package longrun

import "time"

// How a Run ended.
const (
	// Stopped: the instance was asked to stop and did.
	Stopped = "stopped"
	// Failed: the monitor gave up with an error.
	Failed = "failed"
	// Lost: the instance said nothing any more, and the next leader noted it.
	// An instance that was only frozen takes that back when it wakes.
	Lost = "lost"
)

// Run is one life of one instance: written when its monitor starts, closed at a
// clean stop.
type Run struct {
	// RunID is the document's ID, RUN_{instance}_{start}.
	RunID string `json:"runId" firestore:"runId"`
	// TS is when the monitor started.
	TS time.Time `json:"ts" firestore:"ts"`
	// End is when it ended; nil while it runs.
	End *time.Time `json:"end" firestore:"end"`
	// Ended says how it ended: Stopped, Failed or Lost; empty while it runs.
	Ended string `json:"ended" firestore:"ended"`
	// EndedBy is the instance that wrote the end: its own, or the leader that
	// found it lost.
	EndedBy    string `json:"endedBy" firestore:"endedBy"`
	InstanceID string `json:"instanceId" firestore:"instanceId"`
	CommitHash string `json:"commitHash" firestore:"commitHash"`
	Version    string `json:"version" firestore:"version"`
	Host       string `json:"host" firestore:"host"`
	PID        int64  `json:"pid" firestore:"pid"`
	// ProcessStart is when the process began, by its own account.
	ProcessStart time.Time `json:"processStart" firestore:"processStart"`
	// IntervalSec is the length of a slot for this run.
	IntervalSec int64 `json:"intervalSec" firestore:"intervalSec"`
	// Lapses are the times for which the instance itself can say why it wrote
	// nothing, oldest first; at most MaxLapses, the newest.
	Lapses []Lapse `json:"lapses" firestore:"lapses"`
}

// MaxLapses bounds Run.Lapses, so that the document stays small.
const MaxLapses = 200

// Lapse is a time [From, To) in which an instance was alive and yet wrote
// nothing: the store was out of reach (StoreDown) or the process was frozen
// (Stall). It was given up as Lost, and lived all the same, where that is all
// that it knows (Unknown).
type Lapse struct {
	From  time.Time `json:"from" firestore:"from"`
	To    time.Time `json:"to" firestore:"to"`
	Cause Cause     `json:"cause" firestore:"cause"`
	// ReadOnly says of StoreDown that the store answered and took no writes: nobody's.
	// Otherwise it may have been out of this instance's reach alone.
	ReadOnly bool `json:"readOnly" firestore:"readOnly"`
}
