// Package tree is the Merkle tree of the evidence, as RFC 6962 has it: its right
// edge, to which leaves are added, and the proofs that a stretch of leaves gives.
//
// It does not keep a tree. What is left of all the leaves before some place is a
// Frontier, a hash for each bit of their number, and what lies before it can no
// more be proven from it. Nothing here checks a signature, or says what a leaf is.
//
// Proofs are checked by golang.org/x/mod/sumdb/tlog, which did not make them.
package tree
