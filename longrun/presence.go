package longrun

import (
	"cmp"
	"time"
)

// Presence is what one instance with one build did in a window: one line of the
// table of instances. An instance that does not say its name has an empty one,
// and all such are one.
type Presence struct {
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

// presenceKey tells the lines of the table apart.
type presenceKey struct{ instance, commit string }

func (p *Presence) key() presenceKey { return presenceKey{p.InstanceID, p.CommitHash} }

// join makes one of two lines of the same instance and build.
func (p *Presence) join(o Presence) {
	if o.First.Before(p.First) {
		p.First = o.First
	}
	if o.Last.After(p.Last) {
		p.Last = o.Last
	}
	p.Beats += o.Beats
	p.EpochFrom = min(p.EpochFrom, o.EpochFrom)
	p.EpochTo = max(p.EpochTo, o.EpochTo)
}

func comparePresence(a, b Presence) int {
	return cmp.Or(a.First.Compare(b.First), a.Last.Compare(b.Last), cmp.Compare(a.InstanceID, b.InstanceID), cmp.Compare(a.CommitHash, b.CommitHash))
}
