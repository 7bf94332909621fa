package lock_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-13dc028d/longwatch/lock"
)

// running is lock.Run in the background, with a function that does nothing but
// lead.
type running struct {
	term   atomic.Pointer[term]
	cancel context.CancelFunc
	result chan error
}

type term struct {
	began time.Time
	lease *lock.Lease
}

func inBackground(t *testing.T, l lock.Lock) *running {
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{cancel: cancel, result: make(chan error, 1)}
	go func() {
		r.result <- lock.Run(ctx, l, func(ctx context.Context, lease *lock.Lease) error {
			r.term.Store(&term{time.Now(), lease})
			<-ctx.Done()
			return nil
		})
	}()
	synctest.Wait()
	return r
}

// lease is nil while it stands by.
func (r *running) lease() *lock.Lease {
	if t := r.term.Load(); t != nil {
		return t.lease
	}
	return nil
}

func (r *running) began() time.Time { return r.term.Load().began }

func (r *running) stop() error {
	r.cancel()
	return <-r.result
}
