// Package longrun is the vocabulary of longwatch: heartbeats, slots, windows,
// gaps, coverage, probes, incidents, rollups, and the settings that judge them.
//
// What it does not do and not promise: it counts nothing, judges nothing and
// proves nothing. Package coverage counts, rules judges, evidence proves; it has
// no clock, no I/O, no cryptography and no goroutine. It takes the documents at
// their word: a beat says that its writer lived and led in that slot, not that
// the service was of use to anyone, which is what probes are for.
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
// # Windows
//
// A Window is [From, To). Its bounds move outwards to the grid, and of its slots
// those count that are over: one that is still open may yet be filled. Nothing is
// cut off at the first or the last beat: silence at the edges of the window is a
// gap like any other. Window.Clip is for the time before anything existed.
//
// # Conventions
//
// Times are UTC and cut to microseconds where they are stored. Struct fields
// carry json and firestore tags of the same names. Values are safe to copy and
// to read concurrently.
package longrun
