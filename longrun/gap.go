package longrun

import "time"

// Cause is why the slots of a gap are empty, as far as the documents tell: the
// beats on both sides and the runs. Where several apply, the first of this order
// is it:
//
//  1. Ongoing: there is no beat after the gap, and it reaches the slot that now
//     lies in.
//  2. StoreDown: each empty slot touches a Lapse of that Cause in any run. At its
//     end one slot, or 10 s of shorter slots, may be the take-over afterwards.
//  3. Stall: the writer before the gap has a Lapse of that Cause that touches the
//     first empty slot, or the same process wrote on both sides. (StoreDown if
//     one of these two beats is Late: it was kept while others found no room.)
//  4. Crash: the run of the writer before has not ended, or not by Stopped.
//  5. Deploy: it Stopped before the gap ended, and the commit after the gap is
//     another. Both are known: neither empty nor "unknown".
//  6. Restart: it Stopped before the gap ended.
//  7. Unknown: anything else. So nothing before the gap, no instance ID, no run of
//     the writer; no beat after the gap, unless the run Failed or was Lost; or a
//     writer that lived on and stopped later.
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
