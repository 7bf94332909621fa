// Package coverage counts: from beats, bitmaps and rollups to coverage, gaps and
// their causes, drift, instances, probes, MTTR; and a day's rollup, with what may
// not contradict itself in it.
//
// What it does not do and not promise: it has no clock, no I/O and no goroutine;
// whoever calls it brings the documents and the time, and it takes them at their
// word. A cause is an explanation from what was written down, and Unknown where
// nothing was.
//
// # Windows and coverage
//
// A Window is [From, To). Its bounds move outwards to the grid, and of its slots
// those count that are over: one that is still open may yet be filled. From
// these Of takes everything else:
//
//	Expected   slots that count             6
//	Written    of them, those with a beat   4
//	Missed     Expected − Written           2
//	Gaps       maximal runs of empty slots  slots 2 and 3; the sum of their
//	                                        Missed is always Missed
//	Ratio      Written / Expected           66.7 %, never above 100 %
//
// The interval may change. A beat covers its own slot, of the length that its document
// says, and fills what that reaches into; Grid is where this is decided, for Of,
// Counter, Merge and Day alike, and for whoever else counts slots. A slot that several
// beats were made for, each of its own length, counts once, and none of them is a
// duplicate. A beat's drift is that in its own slot.
//
// Without a single slot that counts there is no data, and nothing is good or bad.
// Nothing is cut off at the first or the last beat: silence at the edges of the
// window is a gap like any other. longrun.Window.Clip is for the time before anything
// existed.
//
// Ratio says whether the service was observed, Availability whether it called
// itself healthy when it was, Drift whether its beats were punctual. They are
// three numbers, and no one of them stands in for another.
//
// For days at a time there is Of. For a year as a Scan brings it there is
// Counter, and for a year of which only the daily Bitmaps are left
// Counter.AddBitmap. All three give the same answer; only Drift needs the beats.
//
// # Rollups
//
// Of a day that is over a Day makes the Rollup, from its beats, probes and
// incidents in any order, and what Of gives for the day is what stands in it.
// A Merge takes rollups of whole days and documents of the days beside them, and
// its Summary is the same as if all documents had been given: a gap over midnight
// is one gap, with the cause that the beats on both its sides give it, and the
// drift is that of all beats. A rollup that contradicts itself is not taken.
//
// # Conventions
//
// Percentiles are by nearest rank, so that each is one of the values. Counter,
// Day, Merge and Bitmap say what they allow concurrently.
package coverage
