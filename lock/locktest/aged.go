package locktest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/seed-13dc028d/longwatch/store"
)

// aged is a store whose readers see every document as older than it is: what
// makes a lease expire without waiting for it.
type aged struct {
	store.Store
	by atomic.Int64
}

var _ store.Watcher = (*aged)(nil)

// age makes documents this much older than they are.
func (a *aged) age(by time.Duration) { a.by.Store(int64(by)) }

func (a *aged) Get(ctx context.Context, key store.Key) (store.Record, error) {
	r, err := a.Store.Get(ctx, key)
	if err != nil {
		return r, err
	}
	return store.NewRecord(r.Key, r.At, r.Version, r.UpdateTime, r.ReadTime.Add(time.Duration(a.by.Load())), r.Decode), nil
}

func (a *aged) Watch(ctx context.Context, key store.Key) (<-chan struct{}, error) {
	w, ok := a.Store.(store.Watcher)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return w.Watch(ctx, key)
}
