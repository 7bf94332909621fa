// Package probing makes the leader's probes: each when it is due, or when a
// person asks, and stores what they found.
//
// # What it does not guarantee
//
// That a probe is made at its time: they take turns, since they share accounts
// and two at once would measure each other, and a prober that ignores its context
// is not called again until it returns. That each result is stored: so many wait
// in memory for a store that is away, the oldest give way, and what waits is lost
// with the process. And a probe that the end of the lead interrupts says nothing.
//
// # What it does
//
// What is due follows from the last stored result, so that restarts neither
// repeat nor starve a probe. Results of the future, left by a clock that was
// ahead, count as of when the store wrote them, or as of now. Whatever a prober
// does, panic, hang, return nothing, its result is INCONCLUSIVE with a class, and
// the schedule goes on.
package probing
