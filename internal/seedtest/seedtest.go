// Package seedtest decides how many histories the simulations of a test binary live
// through. It is imported by tests only, since it registers a flag:
//
//	go test ./longrun/monitor -seeds=1000    the long form
//	go test -short ./...                     a few
//
// An ordinary run has so few that all tests of the repository end within minutes.
// That a run passes shows nothing of the seeds that it left out.
package seedtest

import (
	"flag"
	"testing"
)

var asked = flag.Int("seeds", 0, "how many histories each simulation lives through; 0: as many as an ordinary run has time for") //nolint:gochecknoglobals // a flag of the test binary

// Histories returns how many histories a simulation lives through: as many as the flag
// says, or the ordinary number, or a fifth of it with -short. It is at least 1.
func Histories(ordinary int) int {
	switch {
	case *asked > 0:
		return *asked
	case testing.Short():
		return max(1, ordinary/5)
	default:
		return max(1, ordinary)
	}
}

// Long skips a test with -short that lives through months: with the race detector it
// takes minutes, and shows it nothing that a shorter one does not.
func Long(tb testing.TB) {
	tb.Helper()
	if testing.Short() {
		tb.Skip("it lives through months: not with -short")
	}
}
