// Package evidence makes beats evidence: their hashes, the chain that they form,
// the seals of its segments, and the keys that sign those.
//
// What it does not prove. Hash and Head show that a beat was edited, removed or
// slipped in; they do not show who wrote it, and whoever can rewrite the whole
// chain and its head can forge both. A Seal covers beats and no number of a rollup.
// Only a signature says who sealed it.
//
// # Evidence
//
// Each beat of ours holds the hash of the one before it, in the order of their
// commits (Head). A Sealer closes the segment of each day with a Seal, which may
// be signed; of beats that are pruned it says how many there were. See Hash
// and Canonical for the bytes, so that any language can check them.
package evidence
