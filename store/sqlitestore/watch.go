package sqlitestore

import (
	"context"
	"sync"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/store"
)

// Watch implements store.Watcher. A change by this Store is signalled at once.
// A change by another process, or by another Store of this one, is signalled
// within Options.WatchEvery, or twice the time for which its commit was synced;
// a change by hand that leaves the table commits as it is, within some seconds.
// Only a change of the key is signalled, but for once when the file was moved and
// once when it is back. Whatever the number of watches, one watcher looks at the
// file.
func (s *Store) Watch(ctx context.Context, key store.Key) (<-chan struct{}, error) {
	if err := key.Validate(); err != nil {
		return nil, err
	}
	end, err := s.begin()
	if err != nil {
		return nil, err
	}
	defer end()
	if moved := s.place.moved(); moved != nil {
		return nil, s.fail("watch "+key.String(), moved)
	}
	ch := s.watches.add(ctx, key)
	if ch == nil {
		return nil, s.fail("watch", errClosed)
	}
	if s.watchEvery <= 0 {
		return ch, nil
	}
	s.watches.start(func(ctx context.Context) {
		(&watcher{file: s, watches: s.watches}).run(ctx, s.clock, s.watchEvery)
	})
	// What changes from now on is a change. Where this read fails, the watcher
	// signals once, to be safe.
	keys := []store.Key{key}
	if versions, last, err := s.versions(ctx, keys); err == nil {
		s.watches.found(keys, versions, last, false)
	}
	return ch, nil
}

// watches are those who watch, and what they know.
type watches struct {
	mu     sync.Mutex
	closed bool
	keys   map[store.Key]*watched
	seen   int64              // all commits up to this one are signalled
	coming int64              // the commit that this Store is about to make and to signal, or 0
	stop   context.CancelFunc // ends the watcher; nil while there is none
	runs   *spawn.Group       // the watcher, until it has ended
	ends   sync.WaitGroup     // of watches whose context ends
}

// watched is one key.
type watched struct {
	version int64 // as it was last seen, 0 for no document
	at      int64 // the last commit when it was, or unread
	chans   map[chan struct{}]func() bool
}

const unread = -1

func newWatches() *watches { return &watches{keys: make(map[store.Key]*watched)} }

// add begins a watch that lasts until ctx ends. The channel is nil after close.
func (w *watches) add(ctx context.Context, key store.Key) chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	k := w.keys[key]
	if k == nil {
		k = &watched{at: unread, chans: make(map[chan struct{}]func() bool)}
		w.keys[key] = k
	}
	ch := make(chan struct{}, 1)
	w.ends.Add(1)
	k.chans[ch] = context.AfterFunc(ctx, func() {
		defer w.ends.Done()
		w.end(key, ch)
	})
	return ch
}

// start starts the watcher where somebody watches and none runs.
func (w *watches) start(watcher func(context.Context)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stop != nil || len(w.keys) == 0 {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	w.stop, w.runs = stop, new(spawn.Group)
	w.runs.Go("sqlitestore: watch", func() error {
		defer w.ended(ctx)
		watcher(ctx)
		return nil
	})
}

// ended ends all watches where the watcher has ended and was not told to, as
// when the host's clock panics: whoever still wants to watch begins again.
func (w *watches) ended(ctx context.Context) {
	w.mu.Lock()
	if ctx.Err() != nil {
		w.mu.Unlock()
		return
	}
	keys := w.keys
	w.keys = make(map[store.Key]*watched)
	w.stop()
	w.stop = nil
	w.mu.Unlock()
	w.endAll(keys)
}

// end ends one watch. The last one ends the watcher too, before its channel is
// closed.
func (w *watches) end(key store.Key, ch chan struct{}) {
	w.mu.Lock()
	k := w.keys[key]
	if k == nil || k.chans[ch] == nil {
		w.mu.Unlock()
		return // close was faster
	}
	delete(k.chans, ch)
	if len(k.chans) == 0 {
		delete(w.keys, key)
	}
	wait := func() {}
	if len(w.keys) == 0 {
		wait = w.halt()
	}
	w.mu.Unlock()
	wait()
	close(ch)
}

// halt ends the watcher, and returns what waits until it has ended. The caller
// holds mu to halt, and must not to wait.
func (w *watches) halt() (wait func()) {
	if w.stop == nil {
		return func() {}
	}
	w.stop()
	w.stop = nil
	runs := w.runs
	return func() { _ = runs.Wait() } // a watcher fails by ending all watches
}

// close ends all watches, for good.
func (w *watches) close() {
	w.mu.Lock()
	w.closed = true
	keys := w.keys
	w.keys = nil
	wait := w.halt()
	w.mu.Unlock()
	wait()
	w.endAll(keys)
	w.ends.Wait()
}

// endAll closes the channels of keys, which nobody else knows any more.
func (w *watches) endAll(keys map[store.Key]*watched) {
	for _, k := range keys {
		for ch, stop := range k.chans {
			if stop() {
				w.ends.Done()
			}
			close(ch)
		}
	}
}

// expect announces the next commit of this Store: others may see it before it
// returns. 0 takes that back.
func (w *watches) expect(version int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.coming = version
}

// committed signals what a commit of this Store has changed. Commits come in
// their order.
func (w *watches) committed(ops []store.Op, version int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen == version-1 {
		w.seen = version // otherwise others have committed between
	}
	for _, op := range ops {
		k := w.keys[op.Key]
		if k == nil {
			continue
		}
		k.version, k.at = version, version
		if op.Value == nil {
			k.version = 0
		}
		k.signal()
	}
}

// found takes the versions of keys as they were after the commit last, and
// signals those that have moved. whole says that these are all watched keys.
func (w *watches) found(keys []store.Key, versions []int64, last int64, whole bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, key := range keys {
		k := w.keys[key]
		if k == nil || k.at > last {
			continue // what is known is newer
		}
		if k.version != versions[i] && k.at != unread || k.at == unread && whole {
			k.signal()
		}
		k.version, k.at = versions[i], last
	}
	if whole {
		w.seen = max(w.seen, last)
	}
}

// known is the commit up to which all are signalled.
func (w *watches) known() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen
}

// knows reports whether all commits up to last are signalled, or are about to be
// by whoever made them. last was read after the commit known was: what this Store
// has committed since makes it no news, and one before known says that the file is
// an older one.
func (w *watches) knows(known, last int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return known <= last && last <= w.seen || w.coming == last && w.seen == last-1
}

// all returns the keys that are watched.
func (w *watches) all() []store.Key {
	w.mu.Lock()
	defer w.mu.Unlock()
	keys := make([]store.Key, 0, len(w.keys))
	for key := range w.keys {
		keys = append(keys, key)
	}
	return keys
}

// signalAll sends everybody to look.
func (w *watches) signalAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, k := range w.keys {
		k.signal()
	}
}

func (k *watched) signal() {
	for ch := range k.chans {
		select {
		case ch <- struct{}{}:
		default: // one is waiting already
		}
	}
}
