// Package runs keeps the document of this instance's own run true, and closes
// those of runs that are found dead.
//
// It does not guarantee that a run has an end: an instance that dies without a
// leader after it leaves an open one. A run that was marked as lost may have lived
// on; it says so itself, as soon as it can write.
package runs
