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

var asked = flag.Int("seeds", 0, "how many histories each simulation lives through; 0: as many as an ordinary run has time for")

// Histories returns how many histories a simulation lives through: as many as the flag
// says, or the ordinary number, of which it is a third with the race detector and a
// fifth with -short. It is at least 1.
func Histories(ordinary int) int {
	switch {
	case *asked > 0:
		return *asked
	case testing.Short():
		return max(1, ordinary/5)
	case raced:
		return max(1, ordinary/3)
	default:
		return max(1, ordinary)
	}
}
