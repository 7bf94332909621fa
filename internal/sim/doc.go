// Package sim attacks the engine: it lives through a plan of faults with one to three
// instances of the real monitor, over a store that it is given, in a bubble of
// testing/synctest, and holds what they left against what was true.
//
// What it does not show. Its instances share a process, so that nothing here is of
// kernels, disks and networks: package faultnet and the tests of processes are. Its
// stores are real, its requests are not sent. It finds only what a plan of faults it
// knows can lead to, and an oracle looks for. And that a thousand seeds pass is no proof.
//
// # A run
//
// A plan.Plan is data: how many instances, for how long, and what befalls whom and when. It
// comes from a seed (plan.Generate), or from a file. Live runs it: each instance has a clock
// of its own, and a way of its own to the store (gate), on which requests take their
// time, get lost, or come too late. The record writes down every commit that took effect, by
// whom and in which order, every message that arrived, and who truly ran when. After
// the plan's length everything is mended, a calm follows, all instances stop, and
// every oracle looks. None of them uses the engine's own arithmetic for what is true.
//
// The same plan gives the same log, byte for byte, as far as goroutines that wake at
// the same instant do nothing that the other can see. For that no two requests and no
// two timers of a process take the same time; what one event wakes is held apart
// (chance.Apart), by what it is about and not by who comes first; what a pause stopped
// goes on piece by piece; chance is the seed's; nothing is asked of the machine; and
// garbage is collected where nothing runs, since a collector that breaks in changes the
// order. With one processor what is left shows in some of a thousand seeds; with two
// (-procs=2) the scheduler has its say, and a kind that was overlooked shows at once.
//
// # A plan that fails
//
// plan.Shrink leaves events out and halves durations while it still fails. What is left is
// written as JSON, and kept in testdata, where every ordinary run lives through it.
package sim
