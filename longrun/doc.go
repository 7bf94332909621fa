// Package longrun is the vocabulary of longwatch and its arithmetic: heartbeats,
// slots, windows, gaps, coverage, and the chain that makes them evidence; rules,
// incidents, and whom they are told.
//
// What it does not do and not promise: it has no clock, no I/O and no goroutine;
// whoever calls it brings the documents and the time. It takes the documents at
// their word: a beat proves that its writer lived and led in that slot, not that
// the service was of use to anyone, which is what probes are for. A cause is an
// explanation from what was written down, and Unknown where nothing was. Hash
// and Head show that a beat was edited, removed or slipped in; they do not show
// who wrote it, and whoever can rewrite the whole chain and its head can forge
// both.
//
// # Slots
//
// Time is cut into slots of one interval, counted from the Unix epoch, the same
// in every instance. The interval is of whole seconds and divides a day. A slot
// has a beat or it has none: two beats in it are one, and a late one counts like
// a punctual one.
//
//	slot 0        1        2        3        4        5        6
//	     |--x-----|-x------|--------|--------|---x----|x-----x-|---- now
//	       filled   filled   empty    empty    filled   filled   open
//
// # Windows and coverage
//
// A Window is [From, To). Its bounds move outwards to the grid, and of its slots
// those count that are over: one that is still open may yet be filled. From
// these Cover takes everything else:
//
//	Expected   slots that count             6
//	Written    of them, those with a beat   4
//	Missed     Expected − Written           2
//	Gaps       maximal runs of empty slots  slots 2 and 3; the sum of their
//	                                        Missed is always Missed
//	Ratio      Written / Expected           66.7 %, never above 100 %
//
// Without a single slot that counts there is no data, and nothing is good or bad.
// Nothing is cut off at the first or the last beat: silence at the edges of the
// window is a gap like any other. Window.Clip is for the time before anything
// existed.
//
// Ratio says whether the service was observed, Availability whether it called
// itself healthy when it was, Drift whether its beats were punctual. They are
// three numbers, and no one of them stands in for another.
//
// For days at a time there is Cover. For a year as a Scan brings it there is
// Tally, and for a year of which only the daily Bitmaps are left
// Tally.AddBitmap. All three give the same answer; only Drift needs the beats.
//
// # Rules and incidents
//
// A rule is a function that looks at one thing at one moment, and says in a
// Finding whether it is Bad, Good, or Unseen: nobody could tell. There are eight.
//
//	rule               looks at           Bad, by default              Good again
//	missed_heartbeats  slots of the hour  more than 3 are empty        3 filled in a row
//	insufficient_data  slots of the day   fewer than 80 % are filled   80 %, 3 looks
//	probe_fails        each probe type    2 FAILs in a row             a PASS
//	probe_overdue      each probe type    no result for 2 periods      a result
//	reconnect_loop     each account       more than 5 in the hour      10 minutes without
//	logged_out         each account       until a person acts          back in
//	queue_depth        the last beat      more than 100 wait           100, 3 looks
//	store_unreachable  the store          away for two intervals       back
//
// AlertState.Next makes a state of a Finding and the state before. An incident
// begins when the condition did, and not when somebody noticed; it ends when the
// condition did; so that its length is that of the trouble. A look that saw
// nothing changes nothing, and neither does one that sees the same again.
//
//	            Bad            Bad, in a row           Good, in a row
//	inactive ────────▶ pending ──────────────▶ firing ───────────────▶ inactive
//	    ▲                 │                an incident is open
//	    └────── Good ─────┘
//
// AlertState.Tell decides what is told: what fires, once in each throttle, and its
// end, if it was told. A Silence, a Maintenance or a rule that Mutes it keeps it
// from being told and changes nothing else: what still fires when they end is told
// then. Who holds the lock commits state, incident and Notice together, so that
// none of them is known without the others. Delivery is at least once.
//
// Recent is the memory for the two rules about slots. A new leader restores it from
// one Scan, and its first look judges the silence before it as a whole: what is at
// or under the threshold, such as a clean deploy, is a gap and no incident.
// Repairs says of many incidents how long they took and how far apart they were.
//
// # Rollups
//
// Of a day that is over a Day makes the Rollup, from its beats, probes and
// incidents in any order, and what Cover gives for the day is what stands in it.
// A Digest takes rollups of whole days and documents of the days beside them, and
// its Summary is the same as if all documents had been given: a gap over midnight
// is one gap, with the cause that the beats on both its sides give it, and the
// drift is that of all beats. A rollup that contradicts itself is not taken.
//
// # Evidence
//
// Each beat of ours holds the hash of the one before it, in the order of their
// commits (Head). A Sealer closes the segment of each day with a Seal, which may
// be signed; of beats that are pruned it says how many there were. See Heartbeat.Hash
// and Seal.Canonical for the bytes, so that any language can check them.
//
// # Conventions
//
// Times are UTC and cut to microseconds where they are stored. Struct fields
// carry json and firestore tags of the same names. Values are safe to copy and
// to read concurrently; Tally and Bitmap say what they allow. Percentiles are by
// nearest rank, so that each is one of the values.
package longrun
