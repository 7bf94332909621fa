// Package exit says how longctl ends. Which code stands for what, the program's help
// says; this keeps the commands from having a code each of their own making.
package exit

import (
	"errors"
	"fmt"
)

// Usage returns the error of a mistake of whoever typed the command, and not in its
// syntax. It says what err says.
func Usage(err error) error { return usageError{err} }

type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// Code returns the error that ends the program with a code when all has been said.
func Code(code int) error { return codeError(code) }

type codeError int

func (c codeError) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// Of is the code that the program ends with, and whether something is to be said of err
// before.
func Of(err error) (code int, say bool) {
	if err == nil {
		return 0, false
	}
	if code, ok := errors.AsType[codeError](err); ok {
		return int(code), false
	}
	if IsUsage(err) {
		return 2, true
	}
	return 1, true
}

// IsUsage reports whether whoever typed the command is at fault.
func IsUsage(err error) bool {
	_, ok := errors.AsType[usageError](err)
	return ok
}
