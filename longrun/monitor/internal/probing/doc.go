// Package probing makes the leader's probes: each when it is due, or when a
// person asks, and stores what they found.
//
// # What it does not guarantee
//
// That a probe is made at its time: those of one account take turns, since two at
// once would measure each other, of all so many are under way together at most, and
// their attempts begin some time apart. A prober that ignores its context is not
// called again until it returns. That each result is stored: so many wait
// in memory for a store that is away, the oldest give way, and what waits is lost
// with the process. And a probe that the end of the lead interrupts says nothing.
//
// # What it does
//
// One goroutine begins what is to be made, each probe on a goroutine of its own: a
// slow one holds up its account, and in the pause before it is confirmed others take
// its place. What is due follows from the last stored result, so that restarts neither
// repeat nor starve a probe; those with names have each their own place in the period.
// What the host suspects is probed ahead of that, within an allowance that outlives a
// restart. Results of the future, left by a clock that was
// ahead, count as of when the store wrote them, or as of now. Whatever a prober
// does, panic, hang, return nothing, its result is INCONCLUSIVE with a class, and
// the schedule goes on.
package probing
