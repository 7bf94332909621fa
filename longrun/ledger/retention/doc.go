// Package retention finds the documents that the settings no longer keep.
//
// It writes nothing itself: marks and deletes are handed to whoever commits them, the
// leader under its lease or a person by hand. Nor does it know what is needed
// outside: a document that is pruned is gone, and of a day only its rollup is left,
// and its lines in the log of evidence.
package retention
