// Package logbook writes the log of evidence: it decides which leaves a closing
// adds, where the tree goes on, and what the rollups say of it.
//
// It does not fence. Everything is written through a Lease, which moves the note of
// the lock in the same commit, so that a log has one writer at a time and cannot
// fork; that of a Lease which is none, it can. It keeps the tip of the tree in
// memory, and reads it anew where the note says another.
//
// # What it never signs
//
// A tree that may contradict an earlier checkpoint: where the note is lost, or the
// batch that it names is missing or is not what the note says, another tree begins,
// named after the first one with "#" and the number of its first batch. And a rollup
// that it did not compute: one that is not what its line says is made anew from the
// documents, or left as it is where those are pruned. Only the first batch of all
// takes the rollups that earlier versions left, as they are.
package logbook
