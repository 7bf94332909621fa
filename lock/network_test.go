package lock_test

import (
	"context"
	"errors"
	"iter"
	"sync"

	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// wire is a network: a commit that is held stays under way after its caller has
// given up, and arrives when the wire is opened again.
type wire struct {
	store.Store

	mu   sync.Mutex
	gate chan struct{} // nil when open
	sent sync.WaitGroup
}

// hold keeps every commit from now on until open is called, which waits until
// all of them have been delivered.
func (w *wire) hold() (open func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	gate := make(chan struct{})
	w.gate = gate
	return func() {
		w.mu.Lock()
		w.gate = nil
		w.mu.Unlock()
		close(gate)
		w.sent.Wait()
	}
}

func (w *wire) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	w.mu.Lock()
	gate := w.gate
	if gate != nil {
		w.sent.Add(1)
	}
	w.mu.Unlock()
	if gate == nil {
		return w.Store.Commit(context.WithoutCancel(ctx), ops...)
	}
	type reply struct {
		stamps []store.Stamp
		err    error
	}
	replies := make(chan reply, 1)
	go func() {
		defer w.sent.Done()
		<-gate
		stamps, err := w.Store.Commit(context.WithoutCancel(ctx), ops...)
		replies <- reply{stamps, err}
	}()
	select {
	case r := <-replies:
		return r.stamps, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (w *wire) Watch(ctx context.Context, key store.Key) (<-chan struct{}, error) {
	return w.Store.(store.Watcher).Watch(ctx, key)
}

var (
	errNet  = errors.New("connection reset")
	hanging = storetest.Fault{Before: storetest.Hang}
)

// cut takes the instance's way to the database away: calls hang until their
// deadline.
func (n *instance) cut() (heal func()) {
	return n.net.Inject(hanging)
}

// loseReply makes the next commit land without its reply.
func (n *instance) loseReply() {
	var once sync.Once
	var remove func()
	remove = n.net.Inject(storetest.Fault{After: func(_ context.Context, c storetest.Call) (err error) {
		if c.Method == storetest.Commit {
			once.Do(func() { err = errNet; remove() })
		}
		return err
	}})
}

// polling hides a store's Watcher.
type polling struct{ inner store.Store }

func (p polling) Get(ctx context.Context, key store.Key) (store.Record, error) {
	return p.inner.Get(ctx, key)
}

func (p polling) Scan(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	return p.inner.Scan(ctx, q)
}

func (p polling) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	return p.inner.Commit(ctx, ops...)
}
