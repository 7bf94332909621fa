// Package recorded holds a history that an earlier version wrote, in testdata, and
// the tests that read it and go on with it: whoever updates finds their documents
// as they left them.
//
// It does not show how a history comes about, which the tests of longrun/monitor
// do, and it knows one version and one history only: what that never wrote is not
// looked at here.
//
// # What was recorded
//
// Five days and a half of 10-minute slots, ended by the death of the leader, with all
// that a store can hold: two instances, take-overs, a crash, a clean stop, a deploy,
// outages of the store within a day and over midnight, late beats, a lapse, probes of
// each outcome and by hand, incidents that are over and two that are open, one of
// them since the day before, messages sent, given up, overtaken and waiting,
// silences, settings, signed seals, a day that was rolled up twice, one whose beats
// were pruned, and a last one that is not over.
//
//	testdata/longrun.db.gz      the history as a file of sqlitestore
//	testdata/firestore          the same documents, exported from the emulator
//	testdata/golden.json        what that version said of them
//
// It was made by the version of 2026-11-28 (db568b8), on 2026-11-28, with
//
//	go test ./internal/recorded -run TestRecord -record
//
// and is never made anew: a recording by a later version would show that this one
// agrees with itself. So the command refuses to write where there is one. A
// version whose numbers differ from the golden ones on purpose changes those by
// hand, line by line, each with its reason in the commit. A later history stands
// beside this one, in a folder of its own.
//
// # What the tests ask
//
// Everything decodes, none of a document's fields is lost on its way through
// today's types, and the numbers are the golden ones. Today's monitor takes over,
// judges what happened meanwhile, goes on with the open incidents and the waiting
// messages, chains its beats to the recorded ones, closes the days, and leaves old
// seals as they are; what it writes has at least the fields that there were, and
// of the same types. Golden objects may gain fields and lose none.
//
// The signing key is made from a constant and protects nothing.
package recorded
