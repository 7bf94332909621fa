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
	// Err is nil while the lease is trusted.
	Err() error
}

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
