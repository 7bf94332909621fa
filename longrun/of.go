package longrun

import "time"

// Cover measures the beats against the window: the slots of w that are over at
// now, see Window.Slots. The beats may come in any order, with several to a slot,
// late ones and ones outside the window; the last beat before the window and the
// first after it are worth giving, since they explain the gaps at its edges.
// Runs, in any order, explain the gaps between instances, see Cause. What has no
// TS is ignored.
//
// A window that Validate refuses and an interval that ValidateInterval refuses
// have no slots: HasData is false. Cover changes neither slice and keeps neither.
// Beats in order cost some 20 ns and no allocation each.
func Cover(beats []Heartbeat, w Window, interval time.Duration, now time.Time, runs ...Run) Coverage {
	t := NewTally(w, interval, now, runs...)
	for i := range beats {
		t.add(&beats[i])
	}
	return t.Coverage()
}
