package longrun

import "time"

// InstanceStats is what one instance with one build did in a window: one line of the
// table of instances. An instance that does not say its name has an empty one,
// and all such are one.
type InstanceStats struct {
	InstanceID string `json:"instanceId" firestore:"instanceId"`
	CommitHash string `json:"commitHash" firestore:"commitHash"`
	// First and Last are when its first and last beat were made, Beats is how
	// many it made.
	First time.Time `json:"first" firestore:"first"`
	Last  time.Time `json:"last" firestore:"last"`
	Beats int64     `json:"beats" firestore:"beats"`
	// EpochFrom and EpochTo are the lowest and the highest epoch of its beats.
	EpochFrom int64 `json:"epochFrom" firestore:"epochFrom"`
	EpochTo   int64 `json:"epochTo" firestore:"epochTo"`
}
