// Package logged reads the log of evidence and holds the stored documents against
// its lines.
//
// It judges no chain, and it does not decide what becomes of a finding. Whether the
// log is the only one that was ever told it knows from anchors alone; see Anchors.
//
// A Book keeps the lines of all batches as their text, some 40 MB for a year of
// minutes, and the lines of the days that are being read parsed.
package logged

// Findings takes what is found.
type Findings interface {
	Fault(path, format string, args ...any)
	Doubt(path, format string, args ...any)
	Note(path, format string, args ...any)
	// Named reports whether a fault was found with a document.
	Named(path string) bool
}
