// Package seedtest decides how many histories the simulations of a test binary live
// through. It is imported by tests only, since it registers flags:
//
//	go test ./longrun/monitor -seeds=1000    so many of each
//	go test ./longrun/monitor -long          as many as show all that they are to show; months, too
//	go test -short ./...                     a few
//
// An ordinary run has so few that all tests of the repository end within minutes.
// That a run passes shows nothing of the seeds and the months that it left out.
package seedtest

import (
	"flag"
	"testing"
)

var asked = flag.Int("seeds", 0, "how many histories each simulation lives through; 0: as many as an ordinary run has time for") //nolint:gochecknoglobals // a flag of the test binary

var long = flag.Bool("long", false, "let simulations live through as many histories as show all that they are to show, and run the tests that take long, of months for one") //nolint:gochecknoglobals // a flag of the test binary

// What is left of a full run: one history of so many.
const ordinary, short = 6, 15

// Histories returns how many histories a simulation lives through: as many as the flag
// says; those of a full run with -long; a sixth of them in an ordinary run and a
// fifteenth with -short. It is at least 1.
func Histories(full int) int {
	switch {
	case *asked > 0:
		return *asked
	case *long:
		return max(1, full)
	case testing.Short():
		return max(1, full/short)
	default:
		return max(1, full/ordinary)
	}
}

// Skips reports whether a run leaves out the n-th of many cases: none with one of the
// flags; two of three in an ordinary run; all but each fifteenth with -short. Where cases
// are rows and columns, number them through: of each row and of each column some are left,
// unless a row has as many as a multiple of 3 or 5.
func Skips(n int) bool {
	switch {
	case *asked > 0, *long:
		return false
	case testing.Short():
		return n%short != 0
	default:
		return n%3 != 0
	}
}

// Long skips a test that takes long, since it lives through months for one, unless the
// flags ask for it. Something shorter must show in an ordinary run what it shows of most.
func Long(tb testing.TB) {
	tb.Helper()
	if !*long && *asked == 0 {
		tb.Skip("it takes long: with -long")
	}
}
