package lock

import (
	"context"
	"errors"
	"time"

	"github.com/seed-13dc028d/longwatch/store"
)

// watch wakes a waiting Acquire when the row changes. It is an improvement only:
// without it, or when it breaks, Acquire polls.
type watch struct {
	lock   *campaign
	wake   <-chan struct{}
	cancel context.CancelFunc
	after  time.Time // not tried again before
	off    bool      // the store cannot
}

// open reports whether the watch came into force just now.
func (w *watch) open(ctx context.Context) bool {
	watcher, ok := w.lock.st.(store.Watcher)
	now := w.lock.opts.Clock.Now()
	if !ok || w.off || w.wake != nil || now.Before(w.after) {
		return false
	}
	ctx, cancel := context.WithCancel(ctx)
	// The context must outlive this call, so only the call gets a deadline.
	limit := w.lock.opts.Clock.AfterFunc(w.lock.opts.Timeout, cancel)
	wake, err := watcher.Watch(ctx, w.lock.key)
	w.after = now.Add(w.lock.opts.Poll)
	if err != nil {
		limit.Stop()
		cancel()
		w.off = errors.Is(err, errors.ErrUnsupported)
		return false
	}
	w.wake, w.cancel = wake, cancel
	if !limit.Stop() {
		w.close()
		return false
	}
	return true
}

// close ends the watch and waits for what is behind it.
func (w *watch) close() {
	if w.wake == nil {
		return
	}
	w.cancel()
	for range w.wake { // until it is closed
	}
	w.wake = nil
}
