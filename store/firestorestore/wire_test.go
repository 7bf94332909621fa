package firestorestore_test

import (
	"context"
	"fmt"
	"path"
	"sync"
	"sync/atomic"

	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// wire is what a client really sent: the bill.
type wire struct {
	mu    sync.Mutex
	calls []string // "Commit 2" for a commit of two writes
}

// dial are the options that make a client report to w.
func (w *wire) dial() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			if c, ok := req.(*firestorepb.CommitRequest); ok {
				w.add(fmt.Sprintf("Commit %d", len(c.GetWrites())))
			} else {
				w.add(path.Base(method))
			}
			return invoke(ctx, method, req, reply, cc, opts...)
		}),
		grpc.WithChainStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
			w.add(path.Base(method))
			return open(ctx, desc, cc, method, opts...)
		}),
	}
}

func (w *wire) add(call string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, call)
}

// take returns what was sent since the last take.
func (w *wire) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := w.calls
	w.calls = nil
	return calls
}

// failing answers every call with an error, and sends nothing.
func failing(code codes.Code, message string) []grpc.DialOption {
	err := status.Error(code, message)
	return []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(func(context.Context, string, any, any, *grpc.ClientConn, grpc.UnaryInvoker, ...grpc.CallOption) error {
			return err
		}),
		grpc.WithChainStreamInterceptor(func(context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, grpc.Streamer, ...grpc.CallOption) (grpc.ClientStream, error) {
			return nil, err
		}),
	}
}

// breaking lets the answers of queries end with an error, after so many
// documents for each: -1 never.
func breaking(code codes.Code, after ...int) []grpc.DialOption {
	var nth atomic.Int64
	return []grpc.DialOption{
		grpc.WithChainStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
			stream, err := open(ctx, desc, cc, method, opts...)
			n := int(nth.Add(1)) - 1
			if err != nil || n >= len(after) || after[n] < 0 {
				return stream, err
			}
			return &breakingStream{ClientStream: stream, left: after[n], err: status.Error(code, "the stream broke")}, nil
		}),
	}
}

type breakingStream struct {
	grpc.ClientStream
	left int
	err  error
}

func (s *breakingStream) RecvMsg(m any) error {
	if s.left == 0 {
		return s.err
	}
	err := s.ClientStream.RecvMsg(m)
	if r, ok := m.(*firestorepb.RunQueryResponse); ok && r.GetDocument() != nil {
		s.left--
	}
	return err
}
