package firestorestore

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seed-13dc028d/longwatch/store"
)

// failed says what went wrong in an operation that ran under ctx, so that
// errors.Is finds context.DeadlineExceeded, store.ErrInvalid and, where it is
// the caller who gave up, context.Canceled. The SDK's own error is kept.
func failed(ctx context.Context, what string, err error) error {
	if kind := kindOf(ctx, err); kind == nil || errors.Is(err, kind) {
		err = fmt.Errorf("firestorestore: %s: %w", what, err)
	} else {
		err = fmt.Errorf("firestorestore: %s: %w: %w", what, kind, err)
	}
	if last := lastAttempt(ctx); last != nil && ctx.Err() != nil {
		// A remark and no cause: what the call died of is time.
		err = fmt.Errorf("%w (the last attempt: %s)", err, last.Error())
	}
	return err
}

func kindOf(ctx context.Context, err error) error {
	switch code := status.Code(err); {
	case code == codes.InvalidArgument:
		return store.ErrInvalid
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case code == codes.DeadlineExceeded:
		return context.DeadlineExceeded
	}
	// A server that cancels a call by itself, as one that has just started may,
	// stops nobody: context.Canceled is what the caller alone can say.
	return nil
}
