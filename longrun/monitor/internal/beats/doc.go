// Package beats makes a heartbeat in each slot, keeps those that are not stored
// yet, and writes them under the lease.
//
// # What it does not guarantee
//
// A beat in each slot: what it guarantees is that a slot without one is never
// counted as filled. A beat is made where this instance answers for the slot, and
// stored while the lease lasts, in its slot or late; of more than the backlog
// holds the oldest are lost. The journal is written behind the beats' back: a
// process that dies may have lost the newest lines of it.
//
// # The walk of a heartbeat
//
//	pulse ─ at the slot's start ─► the host's status ─► made ─► backlog ─► writer ─► stored
//	                                                      │        │          │
//	                                                   alarming  journal   linked to the chain,
//	                                                             (a file)  one commit with the lock's row
//
// Making a beat and storing it are two goroutines, and writing the journal is a
// third, so that neither a store nor a disk that hangs delays a beat.
package beats
