package probe

import (
	"context"
	"errors"
)

// ErrNotConfigured says that the part which would be probed is not there. It is
// never a pass.
var ErrNotConfigured = errors.New("probe: not configured")

// The classes of what could not be told.
const (
	// ClassNotConfigured: the part is not there.
	ClassNotConfigured = "not_configured"
	// ClassInterrupted: the probe was called off.
	ClassInterrupted = "interrupted"
	// ClassTimeout: the Prober did not come back in time.
	ClassTimeout = "timeout"
	// ClassError: anything else, a panic included.
	ClassError = "error"
)

// InconclusiveError says why a Prober could not tell, with a class of its own.
type InconclusiveError struct {
	// Class names the kind of obstacle, such as "sender_not_connected".
	Class string
	// Err says more; its text is stored, so it names no secret and no number.
	Err error
}

// Error implements error.
func (e *InconclusiveError) Error() string {
	if e.Err == nil {
		return "probe: " + e.Class
	}
	return "probe: " + e.Class + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *InconclusiveError) Unwrap() error { return e.Err }

// Inconclusive returns an error of a class. err may be nil.
func Inconclusive(class string, err error) error {
	return &InconclusiveError{Class: class, Err: err}
}

// ClassOf returns the class of an error of Probe: that of an
// *InconclusiveError, or else one of this package's.
func ClassOf(err error) string {
	if inconclusive, ok := errors.AsType[*InconclusiveError](err); ok {
		return inconclusive.Class
	}
	switch {
	case err == nil:
		return ""
	case errors.Is(err, ErrNotConfigured):
		return ClassNotConfigured
	case errors.Is(err, context.DeadlineExceeded):
		return ClassTimeout
	case errors.Is(err, context.Canceled):
		return ClassInterrupted
	}
	return ClassError
}
