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
// errors.Is finds context.DeadlineExceeded, context.Canceled and
// store.ErrInvalid. The SDK's own error is kept.
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
	case code == codes.Canceled:
		return context.Canceled
	}
	return nil
}
