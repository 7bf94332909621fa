package guardstore

import (
	"context"
	"iter"
	"runtime"
	"sync"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/store"
)

// maxAhead is how many records the store may be ahead of the loop. It begins
// with minAhead and doubles as the loop goes on, so that a loop which is left
// early made the store read no more than about twice what it saw.
const (
	minAhead = 4
	maxAhead = 256
)

// Scan implements store.Store. The store's iterator runs on a goroutine of its
// own, which has ended when the loop has, unless the iterator does not heed its
// context.
func (g *guarded) Scan(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		if ctx.Err() != nil {
			yield(store.Record{}, ours(ctx, context.Cause(ctx)))
			return
		}
		scanning, cancel := context.WithCancel(ctx)
		defer cancel()
		b := newBelt()
		producer, err := g.scans.Start(scanName, func() error {
			g.inner.Scan(scanning, q)(b.put)
			return nil
		})
		if err != nil {
			yield(store.Record{}, ours(ctx, err))
			return
		}
		over := false // whether the producer has returned or was left behind
		defer func() {
			if !over { // the loop was left early, perhaps by a panic
				b.stop()
				cancel()
				g.scans.Await(producer)
			}
		}()

		last := producer.Done()
		var patience <-chan struct{} // runs out a grace after ctx ended
		ended := ctx.Done()
		for {
			for _, rec := range b.take() {
				if !yield(rec, nil) {
					return
				}
			}
			select {
			case <-b.news:
			case <-ended:
				ended = nil
				var stop func()
				patience, stop = g.grace()
				defer stop()
			case <-patience:
				if producer.Leave() {
					over = true
					b.stop()
					yield(store.Record{}, ours(ctx, abandoned(ctx)))
					return
				}
				patience = nil // it has returned just now
			case err = <-last:
				over = true
				for _, rec := range b.take() {
					if !yield(rec, nil) {
						return
					}
				}
				if own := b.failure(); own != nil {
					err = own
				}
				if err != nil {
					yield(store.Record{}, ours(ctx, err))
				}
				return
			}
		}
	}
}

func abandoned(ctx context.Context) error {
	return &spawn.AbandonedError{Name: scanName, Grace: grace, Err: context.Cause(ctx)}
}

// belt carries records from the store's iterator to the loop.
type belt struct {
	news  chan struct{} // a signal waits when there is something to take
	space chan struct{} // and here when there is room to put

	mu      sync.Mutex
	records []store.Record
	spare   []store.Record // what the loop has taken and is done with
	ahead   int            // how many records may wait
	err     error          // what the store's iterator yielded last
	stopped bool           // nothing more is wanted …
	told    bool           // … and the iterator knows
}

func newBelt() *belt {
	return &belt{news: make(chan struct{}, 1), space: make(chan struct{}, 1), ahead: minAhead}
}

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default: // one waits already
	}
}

// put is the loop's body for the store's iterator. One that goes on though it was
// told to stop is ended, with the goroutine that it does so on: it might go on
// for ever.
func (b *belt) put(rec store.Record, err error) bool {
	switch {
	case err != nil:
		err = plain(err)
	case rec.Version == "":
		err = broken(scanName, "it gave a document without a version")
	default:
		rec = tame(rec)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for !b.stopped && err == nil && len(b.records) >= b.ahead {
		b.mu.Unlock()
		<-b.space
		b.mu.Lock()
	}
	if b.stopped {
		signal(b.space) // another may wait, if the store yields from several goroutines
	}
	switch {
	case b.told:
		runtime.Goexit()
	case b.stopped:
		b.told = true
		return false
	case err != nil: // which ends the sequence
		b.err, b.stopped, b.told = err, true, true
		return false
	}
	b.records = append(b.records, rec)
	if len(b.records) == 1 {
		signal(b.news)
	}
	return true
}

// take returns what is there, until the next call.
func (b *belt) take() []store.Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := b.records
	clear(b.spare)
	b.records, b.spare = b.spare[:0], taken
	if len(taken) > 0 {
		b.ahead = min(2*b.ahead, maxAhead)
		signal(b.space)
	}
	return taken
}

func (b *belt) stop() {
	b.mu.Lock()
	b.stopped = true
	b.mu.Unlock()
	signal(b.space)
}

func (b *belt) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}
