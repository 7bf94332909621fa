// Package witness has checkpoints of a log cosigned by whoever sees them: a witness,
// elsewhere, that signs the newest checkpoint of a log only where it goes on from the
// one that it signed before. Formats and answers are tlog-witness and tlog-cosignature
// of C2SP, so that either side may be somebody else's.
//
// It does not say that a log is true, and a witness reads none of it. What it vouches
// for is that everybody who asks for its cosignature was shown one history: with the
// log's key, and all of the log's store, nobody makes another one that it signs too.
// Two witnesses of one hand are one witness, and one whose own State is set back, as
// by a backup, has forgotten what it saw.
//
// Witness is the rule, and State what it keeps: one Seen a log. Adder is what a log
// asks; a Witness is one itself, and package witnesshttp has the one over HTTP. Key
// and Signer are the two halves of a witness's key.
//
// Cosignatures are those with Ed25519. Lines of other kinds, such as ML-DSA-44, are
// passed over.
package witness
