package firestorestore

import (
	"context"
	"errors"
	"io"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// trail remembers the last attempt of an operation that said more than "too
// late". The SDK repeats an attempt that met no server until the deadline, and
// then reports the deadline alone.
type trail struct {
	mu  sync.Mutex
	err error
}

type trailKey struct{}

// withTrail makes the interceptors below note what attempts under the context
// end with.
func withTrail(ctx context.Context) context.Context {
	return context.WithValue(ctx, trailKey{}, &trail{})
}

// lastAttempt returns what is noted in the trail of ctx: nothing where the
// client was not opened with this package's options.
func lastAttempt(ctx context.Context) error {
	t, ok := ctx.Value(trailKey{}).(*trail)
	if !ok {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

func note(ctx context.Context, err error) {
	switch status.Code(err) {
	case codes.OK, codes.Canceled, codes.DeadlineExceeded:
		return
	}
	if t, ok := ctx.Value(trailKey{}).(*trail); ok {
		t.mu.Lock()
		t.err = err
		t.mu.Unlock()
	}
}

func noteUnary(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	err := invoke(ctx, method, req, reply, cc, opts...)
	note(ctx, err)
	return err
}

func noteStream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	stream, err := open(ctx, desc, cc, method, opts...)
	if err != nil {
		note(ctx, err)
		return nil, err
	}
	return notedStream{stream}, nil
}

// notedStream notes the error with which a stream of answers ends.
type notedStream struct{ grpc.ClientStream }

func (s notedStream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	if err != nil && !errors.Is(err, io.EOF) {
		note(s.Context(), err)
	}
	return err
}
