package guardstore

import (
	"context"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/store"
)

// grace is how long calls are waited for after the end of their context: the
// default of spawn.Door.
const grace = time.Second

// grace returns a channel that is closed when a grace is over.
func (g *guarded) grace() (over <-chan struct{}, stop func()) {
	ch := make(chan struct{})
	timer := g.clock.AfterFunc(grace, func() { close(ch) })
	return ch, func() { timer.Stop() }
}

// Watch implements store.Watcher. Its channel is closed a second after ctx ended
// at the latest, whatever the store does with its own.
func (w watching) Watch(ctx context.Context, key store.Key) (<-chan struct{}, error) {
	wake, err := spawn.Through(ctx, &w.watches, watchName, func(ctx context.Context) (<-chan struct{}, error) {
		wake, err := w.watcher.Watch(ctx, key)
		switch {
		case err != nil:
			return nil, plain(err)
		case wake == nil:
			return nil, broken(watchName, "it gave no channel")
		}
		return wake, nil
	})
	if err = ours(ctx, err); err != nil {
		return nil, err
	}
	out := make(chan struct{}, 1)
	spawn.Start(watchName, func() error {
		defer close(out)
		w.pass(ctx, wake, out)
		return nil
	})
	return out, nil
}

// pass hands signals on until there are none to come.
func (w watching) pass(ctx context.Context, wake <-chan struct{}, out chan<- struct{}) {
	ended := ctx.Done()
	var over <-chan struct{}
	for {
		select {
		case _, open := <-wake:
			if !open {
				return
			}
			select {
			case out <- struct{}{}:
			default: // one waits already
			}
		case <-ended:
			ended = nil
			var stop func()
			over, stop = w.grace()
			defer stop()
		case <-over:
			return // a channel costs nothing to leave behind
		}
	}
}
