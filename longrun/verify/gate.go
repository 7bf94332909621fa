package verify

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/store"
)

// errCut is what a monitor gets that was cut off from its store.
var errCut = errors.New("verify: cut off by the drill")

// gate is the way of one monitor to the store in a drill. It sees what goes
// through, and can be shut.
type gate struct {
	store store.Store
	lock  store.Key

	mu          sync.Mutex
	shut        bool
	news        chan struct{} // closed at the next change
	looked      bool          // the lock's row was read
	writes      int           // of the lock's row with something beside it, such as a beat
	first, last time.Time     // of all writes of the lock's row, by the store's clock
	undelivered []store.Op    // the first write of that kind after it was shut
}

func newGate(st store.Store, lock store.Key) *gate {
	return &gate{store: st, lock: lock, news: make(chan struct{})}
}

// changed wakes whoever waits. The caller holds mu.
func (g *gate) changed() {
	close(g.news)
	g.news = make(chan struct{})
}

// cut shuts the gate: what is on its way in arrives, and nothing after that.
func (g *gate) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = true
}

func (g *gate) firstWrite() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.first
}

func (g *gate) lastWrite() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.last
}

// await waits until something is true of the gate.
func (a *actor) await(ctx context.Context, is func(*gate) bool) error {
	for {
		a.gate.mu.Lock()
		ok, news := is(a.gate), a.gate.news
		a.gate.mu.Unlock()
		switch {
		case ok:
			return nil
		case a.over:
			return errors.Join(errors.New("the monitor ended"), a.err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case a.err = <-a.done:
			a.over = true
		case <-news:
		}
	}
}

// beats waits for so many more writes with a beat.
func (a *actor) beats(ctx context.Context, n int) error {
	a.gate.mu.Lock()
	want := a.gate.writes + n
	a.gate.mu.Unlock()
	return a.await(ctx, func(g *gate) bool { return g.writes >= want })
}

// Get implements store.Store.
func (g *gate) Get(ctx context.Context, key store.Key) (store.Record, error) {
	g.mu.Lock()
	if g.shut {
		g.mu.Unlock()
		return store.Record{}, errCut
	}
	g.mu.Unlock()
	rec, err := g.store.Get(ctx, key)
	if key == g.lock {
		g.mu.Lock()
		g.looked = true
		g.changed()
		g.mu.Unlock()
	}
	return rec, err
}

// Scan implements store.Store.
func (g *gate) Scan(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return func(yield func(store.Record, error) bool) { yield(store.Record{}, errCut) }
	}
	return g.store.Scan(ctx, q)
}

// Commit implements store.Store.
func (g *gate) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	fenced := len(ops) > 1 && ops[0].Key == g.lock
	g.mu.Lock()
	if g.shut {
		if fenced && g.undelivered == nil {
			g.undelivered = append(g.undelivered, ops...)
			g.changed()
		}
		g.mu.Unlock()
		return nil, errCut
	}
	g.mu.Unlock()
	stamps, err := g.store.Commit(ctx, ops...)
	if err != nil || ops[0].Key != g.lock {
		return stamps, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.first.IsZero() {
		g.first = stamps[0].UpdateTime
	}
	if stamps[0].UpdateTime.After(g.last) {
		g.last = stamps[0].UpdateTime
	}
	if fenced {
		g.writes++
	}
	g.changed()
	return stamps, nil
}

// Watch implements store.Watcher as far as the store behind it does.
func (g *gate) Watch(ctx context.Context, key store.Key) (<-chan struct{}, error) {
	w, ok := g.store.(store.Watcher)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return w.Watch(ctx, key)
}
