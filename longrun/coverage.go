package longrun

import "time"

// Coverage says of a window how much of it was observed. Three numbers have
// three names, and none stands for another: Ratio (was there a beat?),
// Availability (did the host call itself healthy in it?) and Drift (was it on
// time?).
//
// Always: Written + Missed = Expected; the Missed of all Gaps add up to Missed;
// Gaps are maximal, in order, disjoint, and include those at both edges.
type Coverage struct {
	// From and To are the window on the grid: From floored, To ceiled. What lies
	// behind now in it is not counted; see End.
	From time.Time `json:"from" firestore:"from"`
	To   time.Time `json:"to" firestore:"to"`
	// IntervalSec is the length of a slot in seconds.
	IntervalSec int64 `json:"intervalSec" firestore:"intervalSec"`
	// Expected counts the slots of the window that are over, Written those of
	// them with at least one beat, Missed the others.
	Expected int `json:"expected" firestore:"expected"`
	Written  int `json:"written" firestore:"written"`
	Missed   int `json:"missed" firestore:"missed"`
	// Healthy counts the written slots whose beat said Healthy. Where one slot
	// has several beats, all of them must say so.
	Healthy int `json:"healthy" firestore:"healthy"`
	// Duplicates counts the beats that fell into a slot that had one. They fill
	// nothing; the ledger never makes any, older systems did.
	Duplicates int   `json:"extra" firestore:"extra"`
	Drift      Drift `json:"drift" firestore:"drift"`
	// Gaps are the empty slots, oldest first; never nil.
	Gaps []Gap `json:"gaps" firestore:"gaps"`
}

// HasData reports whether any slot of the window was over. Without one, no
// number here says anything.
func (c Coverage) HasData() bool { return c.Expected > 0 }

// Ratio returns Written / Expected, 0 to 1, and 0 without data.
func (c Coverage) Ratio() float64 { return ratio(c.Written, c.Expected) }

// Availability returns Healthy / Written, 0 to 1: the share of the observed
// slots in which the host called itself healthy. Without any it is 0.
func (c Coverage) Availability() float64 { return ratio(c.Healthy, c.Written) }

// End returns where the counted slots end: To, or for a window that is not over
// the start of the slot that now lay in. It is From without data.
func (c Coverage) End() time.Time {
	if !c.HasData() {
		return c.From
	}
	return time.Unix(c.From.Unix()+int64(c.Expected)*c.IntervalSec, 0).UTC()
}

// Longest returns the longest gap, the oldest of several, and false where there
// is none.
func (c Coverage) Longest() (longest Gap, ok bool) {
	for _, g := range c.Gaps {
		if g.Missed > longest.Missed {
			longest, ok = g, true
		}
	}
	return longest, ok
}

func ratio(part, whole int) float64 {
	if whole <= 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// Drift says how punctual the beats of a window were: how long after the start
// of its slot each was made, in seconds, by nearest rank and cut to whole
// milliseconds. It is neither coverage nor availability: beats that are all late
// still cover their slots. Without beats all are 0, and Beats says so.
type Drift struct {
	// Beats is how many beats the percentiles are taken over: each one that was
	// made in a counted slot, a second one in its slot too.
	Beats  int     `json:"beats" firestore:"beats"`
	P50Sec float64 `json:"p50Sec" firestore:"p50Sec"`
	P90Sec float64 `json:"p90Sec" firestore:"p90Sec"`
	P95Sec float64 `json:"p95Sec" firestore:"p95Sec"`
	MaxSec float64 `json:"maxSec" firestore:"maxSec"`
}
