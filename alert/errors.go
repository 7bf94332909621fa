package alert

import (
	"errors"
	"fmt"
	"time"
)

// RetryAfterError says that the channel asks to be left alone for a while.
type RetryAfterError struct {
	// After is how long, from the moment of the answer. Hours have been seen.
	After time.Duration
	// Err says more; may be nil.
	Err error
}

// Error implements error.
func (e *RetryAfterError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("alert: asked to wait %v", e.After)
	}
	return fmt.Sprintf("alert: asked to wait %v: %v", e.After, e.Err)
}

// Unwrap returns Err.
func (e *RetryAfterError) Unwrap() error { return e.Err }

// permanentError marks what IsPermanent looks for, and adds no words.
type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

// Permanent marks err: the same message by the same channel would fail again,
// until a person changes the configuration. The text stays the same. Permanent
// of nil is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

// IsPermanent reports whether err is marked by Permanent. Of several errors
// joined into one each must be: while one channel may still succeed, asking
// again is of use. Nor is a channel given up that asked to wait.
func IsPermanent(err error) bool {
	switch e := err.(type) { //nolint:errorlint // it walks the tree by itself, since all branches count
	case nil, *RetryAfterError:
		return false
	case *permanentError:
		_, waits := errors.AsType[*RetryAfterError](e)
		return !waits
	case interface{ Unwrap() error }:
		return IsPermanent(e.Unwrap())
	case interface{ Unwrap() []error }:
		several := e.Unwrap()
		for _, one := range several {
			if !IsPermanent(one) {
				return false
			}
		}
		return len(several) > 0
	}
	return false
}

// partialError says whether err is what IsPartial looks for, whatever is below, and
// adds no words.
type partialError struct {
	err     error
	partial bool
}

func (e *partialError) Error() string { return e.err.Error() }
func (e *partialError) Unwrap() error { return e.err }

// Partial marks err: of several channels at least one took the message, so that
// people were told, and err is what the others said. The text, and whether it is
// Permanent or asks to wait, stay the same. Partial of nil is nil.
func Partial(err error) error {
	if err == nil {
		return nil
	}
	return &partialError{err, true}
}

// IsPartial reports whether err is marked by Partial.
func IsPartial(err error) bool {
	mark, ok := errors.AsType[*partialError](err)
	return ok && mark.partial
}

// unknownError marks what IsUnknown looks for, and adds no words.
type unknownError struct{ err error }

func (e *unknownError) Error() string { return e.err.Error() }
func (e *unknownError) Unwrap() error { return e.err }

// Unknown marks err: the channel may have taken the message and could not say so,
// as where a connection broke behind the request. Asking again is right, since a
// message that comes twice is better than none, and may be the second time that
// people see it. An error that is not marked says that the message is not with
// people, as far as its channel can tell. The text stays the same. Unknown of nil
// is nil.
func Unknown(err error) error {
	if err == nil {
		return nil
	}
	return &unknownError{err}
}

// IsUnknown reports whether err, or any of the errors joined into it, is marked by
// Unknown.
func IsUnknown(err error) bool {
	_, unknown := errors.AsType[*unknownError](err)
	return unknown
}
