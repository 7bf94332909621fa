// Package foreign has others check the evidence: a program of the transparency-dev
// libraries, in check, and a script for Node without a library, check.mjs. Neither
// shares a line with the packages that made it.
//
// # What they do not prove
//
// That two more programs agree on a few proofs says nothing of proofs that were not
// made; random shapes are held against another implementation in
// longrun/evidence/tree.
//
// Both take the verifier key, the text of a document and its proof, and the verifier
// keys of the witnesses that must have cosigned it:
//
//	go run ./foreign/check KEY FILE FILE.tlog-proof [WITNESS…]
//	node foreign/check.mjs KEY FILE FILE.tlog-proof [WITNESS…]
package foreign
