package guardstore

import (
	"context"
	"errors"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/store"
)

// kept is what errors.Is still finds in an error of the store's own: all that
// code of this module branches on. A *store.ConflictError is found as well, with
// its key.
var kept = []error{ //nolint:gochecknoglobals // a table
	store.ErrNotFound,
	store.ErrConflict,
	store.ErrInvalid,
	store.ErrMoved,
	store.ErrAlive,
	errors.ErrUnsupported,
	context.Canceled,
	context.DeadlineExceeded,
}

// failure is an error that holds nothing of the host's code.
type failure struct {
	text   string
	behind []error
}

func (f *failure) Error() string   { return f.text }
func (f *failure) Unwrap() []error { return f.behind }

// plain turns an error of the store into one of ours. It is called inside the
// guard: to ask the error what it is may panic, hang, or never end.
func plain(err error) error {
	f := &failure{text: spawn.Text(err)}
	for _, sentinel := range kept {
		if spawn.Is(err, sentinel) {
			f.behind = append(f.behind, sentinel)
		}
	}
	if conflict, ok := spawn.As[*store.ConflictError](err); ok {
		own := &store.ConflictError{}
		if key := conflict.Key; key.Validate() == nil {
			own.Key = key
		}
		f.behind = append(f.behind, own)
	}
	return f
}

// broken is an answer that no store may give. It says nothing of what happened.
func broken(name, what string) error { return &failure{text: name + " broke its contract: " + what} }

// ours leaves the store's own errors, which are plain by now, as they are. Any
// other was made by the guard, and means that nobody knows what happened. What
// ended the context is told but not wrapped: a cause may be anything, such as a
// conflict of long ago. Only whether it was time or a cancel is still found.
func ours(ctx context.Context, err error) error {
	switch err.(type) { //nolint:errorlint // as plain made it
	case nil, *failure:
		return err
	}
	f := &failure{text: spawn.Text(err)}
	if fault, ok := spawn.Faulty(err); ok {
		f.behind = append(f.behind, fault)
	}
	for _, own := range []error{spawn.ErrAbandoned, spawn.ErrTooManyLeft} {
		if errors.Is(err, own) {
			f.behind = append(f.behind, own)
		}
	}
	if ended := ctx.Err(); ended != nil {
		f.behind = append(f.behind, ended)
		if cause := context.Cause(ctx); cause != ended && errors.Is(cause, context.DeadlineExceeded) { //nolint:errorlint // the same one is there
			f.behind = append(f.behind, context.DeadlineExceeded)
		}
	}
	return f
}
