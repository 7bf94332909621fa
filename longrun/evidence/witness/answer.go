package witness

import (
	"context"
	"errors"
	"fmt"
)

// Adder is a witness as a log sees it. It is safe for concurrent use.
type Adder interface {
	// Add asks for a cosignature, and returns the lines of the answer. That they are
	// cosignatures of the checkpoint by the right key is for the one who asks to see.
	// The error is, or wraps, one of this package's, or says why there is no answer.
	Add(ctx context.Context, r Request) (lines string, err error)
}

// AdderFunc is a function that is an Adder.
type AdderFunc func(ctx context.Context, r Request) (lines string, err error)

// Add implements Adder.
func (f AdderFunc) Add(ctx context.Context, r Request) (string, error) { return f(ctx, r) }

// The answers of a witness that does not cosign, beside a ConflictError.
var (
	// ErrBadRequest: it is no request, or its old size is above that of its checkpoint.
	ErrBadRequest = errors.New("witness: this is no request for a cosignature")
	// ErrUnknownLog: the witness was not told of a log of that origin.
	ErrUnknownLog = errors.New("witness: it does not know the log")
	// ErrForbidden: no key of the log that the witness knows signed the checkpoint.
	ErrForbidden = errors.New("witness: it knows no key that signed the checkpoint")
	// ErrInconsistent: the proof does not show that the tree goes on from the one that
	// the witness cosigned.
	ErrInconsistent = errors.New("witness: the checkpoint does not go on from the one that it cosigned")
)

// ConflictError says that the old size is not that of the last checkpoint which the
// witness cosigned; or, where it is, and the checkpoint's too, that their hashes
// differ.
type ConflictError struct {
	// Size is that of the last checkpoint which it cosigned, 0 for none.
	Size int64
}

// Error implements error.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("witness: the last checkpoint that it cosigned had %d leaves", e.Size)
}
