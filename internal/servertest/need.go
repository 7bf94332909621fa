package servertest

import (
	"errors"
	"fmt"
	"os"
	"testing"
)

// Need is a server that not every machine has.
type Need struct {
	// What begins the errors, such as "postgrestest: no Postgres". Required.
	What string
	// Required names the variable that makes its absence a failure when it is 1.
	// Required.
	Required string
	// HowTo says how to get one. Required.
	HowTo string
}

// absentError says that this machine has none, which is no fault of the tests.
type absentError struct{ text string }

func (e *absentError) Error() string { return e.text }

// Absent is the error of a machine that has none, with the reason.
func (n Need) Absent(format string, args ...any) error {
	return &absentError{n.What + ": " + fmt.Sprintf(format, args...)}
}

// IsAbsent reports whether err is one of Absent's.
func IsAbsent(err error) bool {
	_, absent := errors.AsType[*absentError](err)
	return absent
}

// OrSkip goes on where err is nil. It skips the test where err is one of Absent's and
// nobody requires the server, and else ends it.
func (n Need) OrSkip(tb testing.TB, err error) {
	tb.Helper()
	switch {
	case err == nil:
	case IsAbsent(err) && os.Getenv(n.Required) != "1":
		tb.Skipf("%v; %s", err, n.HowTo)
	default:
		tb.Fatalf("%v; %s", err, n.HowTo)
	}
}
