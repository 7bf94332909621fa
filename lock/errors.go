package lock

import (
	"errors"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/store"
)

var (
	// ErrHeld is what every *HeldError is, for errors.Is.
	ErrHeld = errors.New("lock: held")

	// ErrLost is what every *LostError is, for errors.Is.
	ErrLost = errors.New("lock: lease lost")

	// ErrReleased is the error of a Lease whose holder gave it back.
	ErrReleased = errors.New("lock: lease released")

	// ErrUnknown is returned by Commit and CommitNote when their context ended
	// before it was known whether the operations were applied. The lease goes
	// on. The next call settles the question before it does its own work.
	ErrUnknown = errors.New("lock: outcome unknown")

	// ErrNoteMoved is returned by CommitNote when the new note was made of one that
	// is no longer the lock's: an earlier CommitNote that had failed turned out to have
	// landed, or another goroutine's came first. Nothing was applied: read Note again
	// and make the next one of that.
	ErrNoteMoved = errors.New("lock: the note is another by now")
)

// HeldError says who holds the lock.
type HeldError struct {
	// Holder is the instance ID of the holder.
	Holder string
	// Epoch is the holder's.
	Epoch int64
	// Remaining is how long from now the holder's lease runs at least, unless
	// it is renewed or released. It may be zero, never negative.
	Remaining time.Duration
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("lock: held by %q at epoch %d for another %v", e.Holder, e.Epoch, e.Remaining.Round(time.Millisecond))
}

// Is makes errors.Is(err, ErrHeld) true.
func (e *HeldError) Is(target error) bool { return target == ErrHeld }

// LostError says how a Lease was lost.
type LostError struct {
	// Token is the lost lease's.
	Token Token
	// Holder and Epoch are of whoever has the row now, as far as it was read:
	// they are zero when trust ran out unanswered, or the row is gone.
	Holder string
	Epoch  int64
	// Err is what happened last: the store's error behind which trust ran out,
	// or what was wrong with the row. It may be nil.
	Err error
	// Since is when the last attempt that landed was begun.
	Since time.Time
	// reason is the human half of the message.
	reason string
}

func (e *LostError) Error() string {
	s := fmt.Sprintf("lock: lease at epoch %d lost: %s", e.Token.Epoch, e.reason)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Is makes errors.Is(err, ErrLost) true.
func (e *LostError) Is(target error) bool { return target == ErrLost }

// Unwrap returns Err.
func (e *LostError) Unwrap() error { return e.Err }

// CorruptError says that the lock's document is not one that this package left
// there: it does not decode, or its epoch is below one that was seen before (a
// restored backup, a second writer). Nothing overwrites it, since that could
// make epochs start again; a person has to look. See the package comment.
type CorruptError struct {
	// Key is the document.
	Key store.Key
	// Err says what is wrong with it.
	Err error
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("lock: document %s is not usable: %v", e.Key, e.Err)
}

// Unwrap returns Err.
func (e *CorruptError) Unwrap() error { return e.Err }
