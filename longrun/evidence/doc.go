// Package evidence makes what a report counts evidence: the chain that the beats
// form, the tree of all documents that were logged, its checkpoints and proofs, and
// the keys that sign them.
//
// What it does not prove. That a checkpoint is signed says that the holder of the
// key made it, and not that it is the only history that was told: of two that
// contradict each other only an anchor outside knows, or a witness. Without a key
// whoever can rewrite the store can make all of this anew. What was written and
// edited before it was logged, within a day for probes and incidents, nothing here
// tells. See package verify for what is checked.
//
// # The chain
//
// Each beat holds the hash of the one before it, in the order of their commits. The
// head of the chain is in the row of the lock, in a Note, which moves in the commit
// of each beat and may be signed: so it vouches for every beat up to now. See Hash
// for the bytes.
//
// # The log
//
// What a leader finds in the days that it closes, and did not log before, becomes
// leaves of one tree, as RFC 6962 has it: beats, probes, incidents that are over, and
// each revision of a rollup. A Batch is what one closing adds. Its lines name the
// documents and their leaves, its last leaf is of its own header, and its Checkpoint
// stands for the whole tree up to there, so that the newest one covers all before it.
// A batch alone proves each of its leaves and that its tree goes on from the one
// before; there is no other node to keep.
//
// What a leaf is of is an entry: of a beat the text that its hash is of; of all else
// a line with the kind and one of JSON:
//
//	longrun.Probe/1
//	{"everySec":21600,"latencyMs":812.5,"probeKey":"OUT_20251229T23","result":"PASS",…}
//
// Members stand in ascending order of their names, without spaces, with every stored
// field that is not empty: none is null, false, 0, "", [], {} or a time that is not
// set. Elements of lists stay. Times are in UTC, cut to microseconds; strings and
// numbers are as RFC 8785 has them, but whole numbers are written out. So all stores
// give the same bytes, and a field that is added later changes none of an older
// document.
//
// A Restore, by which an operator declares that a backup was put in the store's place, is
// a leaf, too: the first behind what is left.
//
// Checkpoints are tlog-checkpoints and signed-notes, and proofs tlog-proofs of C2SP:
// others check them with the VerifierKey and nothing of ours. What witnesses cosigned
// of a checkpoint stands beside it, in Batch.Cosigned: see package witness.
//
// # Seals
//
// Versions before the log closed a segment of the chain each day with a seal, in the
// day's rollup, which covered its beats and no number of the rollup. They are still
// read and checked; nothing makes them any more.
package evidence
