package monitor

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/store"
)

// reach is the store as the monitor uses it, watched: it knows since when the
// store answers, or does not. An answer that refuses is an answer.
type reach struct {
	store.Store
	clock clock.Clock
	// changed is called after the store was lost or came back, outside the lock.
	changed func(outage)
	// followed is a document, and saw is called with each read of it.
	followed store.Key
	saw      func(store.Record)

	mu     sync.Mutex
	lastOK time.Time
	down   bool
	err    error
}

var (
	_ store.Store   = (*reach)(nil)
	_ store.Watcher = (*reach)(nil)
)

// outage is a time without the store. To is zero while it lasts.
type outage struct {
	from, to time.Time
	err      error
}

func newReach(st store.Store, clk clock.Clock, changed func(outage)) *reach {
	return &reach{Store: st, clock: clk, changed: changed, lastOK: clk.Now()}
}

// follow has saw called with each read of the document. It is called before the
// store is used.
func (r *reach) follow(key store.Key, saw func(store.Record)) { r.followed, r.saw = key, saw }

func (r *reach) Get(ctx context.Context, key store.Key) (store.Record, error) {
	rec, err := r.Store.Get(ctx, key)
	r.note(ctx, err)
	if err == nil && key == r.followed {
		r.saw(rec)
	}
	return rec, err
}

func (r *reach) Scan(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		var last error
		for rec, err := range r.Store.Scan(ctx, q) {
			last = err
			if !yield(rec, err) {
				break
			}
		}
		r.note(ctx, last)
	}
}

func (r *reach) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	stamps, err := r.Store.Commit(ctx, ops...)
	r.note(ctx, err)
	return stamps, err
}

// Watch passes the inner store's ability on.
func (r *reach) Watch(ctx context.Context, key store.Key) (<-chan struct{}, error) {
	w, ok := r.Store.(store.Watcher)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return w.Watch(ctx, key)
}

// note takes the outcome of one call.
func (r *reach) note(ctx context.Context, err error) {
	answered := err == nil || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrInvalid)
	if !answered && ctx.Err() != nil && !errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return // the caller gave up: that says nothing of the store
	}
	now := r.clock.Now()
	r.mu.Lock()
	var o outage
	switch {
	case answered && r.down:
		o = outage{from: r.lastOK, to: now, err: r.err}
		r.down, r.err, r.lastOK = false, nil, now
	case answered:
		r.lastOK = now
	case !r.down:
		r.down, r.err = true, err
		o = outage{from: r.lastOK, err: err}
	default:
		r.err = err
	}
	r.mu.Unlock()
	if !o.from.IsZero() {
		r.changed(o)
	}
}

// state returns when the store last answered, and why it does not now.
func (r *reach) state() (lastOK time.Time, down bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lastOK, r.down, r.err
}
