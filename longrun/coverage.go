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
	// Unknown counts the written slots of which nobody knows it: a beat of them says
	// nothing of it, and none says that the host was not healthy.
	Unknown int `json:"unknown" firestore:"unknown"`
	// Duplicates counts the beats that fell into a slot that had one, each in its own
	// slot of the length that it was made for. They fill nothing; the ledger never makes
	// any, older systems did.
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

// Known returns how many of the written slots say whether the host was healthy.
func (c Coverage) Known() int { return c.Written - c.Unknown }

// Availability returns Healthy / Known, 0 to 1: the share of the observed
// slots in which the host called itself healthy, of those that say it. Without any it
// is 0.
func (c Coverage) Availability() float64 { return ratio(c.Healthy, c.Known()) }

// Judged returns how many of the expected slots were good or not: those that were
// missed, and the Known. It is 0 where slots were written and none of them says it:
// then what was missed is no share of anything.
func (c Coverage) Judged() int {
	if c.Written > 0 && c.Known() == 0 {
		return 0
	}
	return c.Expected - c.Unknown
}

// Good returns Healthy / Judged, 0 to 1: the share of the slots that were written and
// healthy, which whatever was missed lowers. Without any it is 0.
func (c Coverage) Good() float64 { return ratio(c.Healthy, c.Judged()) }

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

// Cause is why the slots of a gap are empty, as far as the documents tell: the
// beats on both sides and the runs. Where several apply, the first of this order
// is it:
//
//  1. Ongoing: there is no beat after the gap, and it reaches the slot that now
//     lies in.
//  2. StoreDown: each empty slot touches a Lapse of that Cause in a run of the
//     instance that wrote before the gap: it led, and others may be cut off alone; or one
//     that is older than its run, as a journal of who led had it; or that is ReadOnly,
//     unless it began a slot or more before the beat before the gap, which is not Late:
//     that was written, and whoever saw the store refuse was cut off since. At its
//     end one slot, or 10 s of shorter slots, may be the take-over afterwards.
//  3. Stall: the writer before the gap has a Lapse of that Cause that touches the
//     first empty slot, or the same process wrote on both sides, under one epoch or the
//     next: where more lie between them the lock was granted to another, or to itself
//     without its knowing. (StoreDown if one of these two beats is Late: it was kept
//     while others found no room.)
//     So is a gap that began with the store away, and whose other slots it did not run
//     in: StoreDown.
//  4. Crash: the run of the writer before has not ended, or not by Stopped; and neither
//     its end nor a Lapse of it shows that it lived when the gap was over, nor did it say
//     in the gap that it goes on.
//  5. Deploy: it Stopped before the gap ended, and the commit after the gap is
//     another. Both are known: neither empty nor "unknown".
//  6. Restart: it Stopped before the gap ended.
//  7. Unknown: anything else. So nothing before the gap, no instance ID, no run of
//     the writer; no beat after the gap, unless the run Failed or was Lost; a
//     writer that lived on; or one that wrote on some epochs later.
//
// A beat belongs to the latest run of its instance that began before the beat
// and had not ended by itself, and where one ID served several processes to one
// of its own process: their starts differ by at most 2 s. Two beats are of one
// process if they are of one run, or, without runs, if instance and start are
// the same; and if the later one is not the younger process.
type Cause string

// The causes of a gap.
const (
	// Stall: the same process wrote before and after; it was frozen or starved.
	Stall Cause = "stall"
	// Restart: a clean stop, and the same commit afterwards.
	Restart Cause = "restart"
	// Deploy: a clean stop, and another commit afterwards.
	Deploy Cause = "deploy"
	// Crash: the writer before the gap never said that it stopped.
	Crash Cause = "crash"
	// StoreDown: an instance was alive and could not reach the store.
	StoreDown Cause = "store"
	// Ongoing: the gap reaches to now.
	Ongoing Cause = "ongoing"
	// Unknown: the documents do not tell.
	Unknown Cause = "unknown"
)

// Gap is a maximal run of empty slots, [From, To).
type Gap struct {
	From   time.Time `json:"from" firestore:"from"`
	To     time.Time `json:"to" firestore:"to"`
	Missed int       `json:"missed" firestore:"missed"`
	Cause  Cause     `json:"cause" firestore:"cause"`
	// Before and After are the instances that wrote the last beat before the
	// gap and the first one after it; empty where there is none, or where it
	// does not name its instance.
	Before string `json:"before" firestore:"before"`
	After  string `json:"after" firestore:"after"`
}

// Duration returns the length of the gap.
func (g Gap) Duration() time.Duration { return g.To.Sub(g.From) }
