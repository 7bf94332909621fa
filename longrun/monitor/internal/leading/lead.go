package leading

import (
	"context"

	"github.com/seed-13dc028d/longwatch/store"
)

// Lead is what a task of a leader has, and all that it may do with the lease. It
// is safe for concurrent use.
type Lead interface {
	// Epoch is the fencing token.
	Epoch() int64
	// Commit applies the operations under the lease, or none of them, as
	// lock.Lease.Commit does. Background commits of one instance take turns, at
	// most one a second, since each writes the lock's document; ctx bounds that
	// wait as well.
	Commit(ctx context.Context, ops ...store.Op) error
	// Move applies what change makes of the lock's note, with the new note, as Commit
	// does the rest. No other change of the note runs meanwhile, and this one may be
	// called again; its error is returned.
	Move(ctx context.Context, change Move) error
	// Note is the lock's note, and Granted what it was when the term began.
	Note() string
	Granted() string
	// Err is nil while the lease is trusted.
	Err() error
}

// Move makes the lock's note that follows on the one that is there, and what is
// written with it. It returns at once.
type Move = func(note string) (next string, ops []store.Op, err error)

// Task is something that a leader does beside its beats. Run returns when ctx
// ends, and not before; one that returns, fails or panics before is started again,
// later and later. The lease outlives ctx: a task may finish what it has begun,
// within a share of the budget of the end.
type Task struct {
	// Name is what status and log call it. Required.
	Name string
	// Run is the task. Required.
	Run func(ctx context.Context, lead Lead) error
	// Begin is called when a term begins, before any task runs and before the
	// first beat is stored. It returns at once. Default: nothing is called.
	Begin func(ctx context.Context)
}
