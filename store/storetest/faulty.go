package storetest

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"

	"github.com/seed-13dc028d/longwatch/store"
)

// The names of the calls a Faulty sees, as they are in Call.Method.
const (
	Get    = "Get"
	Scan   = "Scan"
	Commit = "Commit"
	Watch  = "Watch"
)

// Call is one call of a store, as a Fault's hooks see it.
type Call struct {
	// Method is Get, Scan, Commit or Watch.
	Method string
	// Key is the document of a Get or Watch, and of a Commit that of the first
	// operation. Of a Scan only the Collection is set.
	Key store.Key
	// Ops are the operations of a Commit; hooks must not change them.
	Ops []store.Op
	// N is the number of the call among those of its Method, from 1. Every
	// loop over a Scan is a call of its own.
	N int
}

// Fault is what goes wrong. Its hooks may be nil, are called from the goroutine
// that makes the call, several at once when calls are, and may block: with an
// eye on ctx to model a slow or hung store, without one to model a frozen
// process. A hook that returns nil changes nothing.
type Fault struct {
	// Before runs ahead of the call. Its error is the call's result, and the
	// store never sees the call.
	Before func(ctx context.Context, c Call) error
	// After runs behind the call, whether that succeeded or not. Its error
	// takes the place of the call's result: what the call did stays done, and
	// the caller cannot know. In a Scan it takes the place of the end of the
	// sequence; it does not run when the loop was left early.
	After func(ctx context.Context, c Call) error
	// Record runs ahead of a Scan's n-th Record, from 1. Its error breaks the
	// sequence there.
	Record func(ctx context.Context, c Call, n int) error
}

// Hang is a hook that blocks until ctx ends, and fails with its error: a store
// that does not answer.
func Hang(ctx context.Context, _ Call) error {
	<-ctx.Done()
	return ctx.Err()
}

// Faulty is a store.Store in front of another one, which does what the injected
// faults say. Without any it changes nothing. It is safe for concurrent use.
type Faulty struct {
	inner store.Store

	mu     sync.Mutex
	faults []*Fault // in the order of Inject
	calls  map[string]int
}

var (
	_ store.Store   = (*Faulty)(nil)
	_ store.Watcher = (*Faulty)(nil)
	_ store.Witness = (*Faulty)(nil)
	_ store.Lapser  = (*Faulty)(nil)
)

// Wrap returns a Faulty in front of st.
func Wrap(st store.Store) *Faulty {
	return &Faulty{inner: st, calls: make(map[string]int)}
}

// Inject puts a fault in force for every call that begins from now on, until
// remove is called. Of several faults, hooks run in the order of Inject, and
// the first error counts. A call that is under way when remove is called may
// still meet the fault.
func (f *Faulty) Inject(fault Fault) (remove func()) {
	p := &fault
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, p)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.faults = slices.DeleteFunc(f.faults, func(q *Fault) bool { return q == p })
	}
}

// Calls returns how many calls of method have begun, those that a fault kept
// from the store included.
func (f *Faulty) Calls(method string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[method]
}

// Get implements store.Store.
func (f *Faulty) Get(ctx context.Context, key store.Key) (store.Record, error) {
	c, faults := f.begin(Call{Method: Get, Key: key})
	if err := before(ctx, faults, c); err != nil {
		return store.Record{}, err
	}
	r, err := f.inner.Get(ctx, key)
	if lost := after(ctx, faults, c); lost != nil {
		return store.Record{}, lost
	}
	return r, err
}

// Commit implements store.Store.
func (f *Faulty) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	c := Call{Method: Commit, Ops: ops}
	if len(ops) > 0 {
		c.Key = ops[0].Key
	}
	c, faults := f.begin(c)
	if err := before(ctx, faults, c); err != nil {
		return nil, err
	}
	stamps, err := f.inner.Commit(ctx, ops...)
	if lost := after(ctx, faults, c); lost != nil {
		return nil, lost
	}
	return stamps, err
}

// Scan implements store.Store.
func (f *Faulty) Scan(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		c, faults := f.begin(Call{Method: Scan, Key: store.Key{Collection: q.Collection}})
		if err := before(ctx, faults, c); err != nil {
			yield(store.Record{}, err)
			return
		}
		n := 0
		for r, err := range f.inner.Scan(ctx, q) {
			if err == nil {
				n++
				err = each(ctx, faults, c, n)
			}
			if err != nil {
				yield(store.Record{}, err)
				return
			}
			if !yield(r, nil) {
				return
			}
		}
		if lost := after(ctx, faults, c); lost != nil {
			yield(store.Record{}, lost)
		}
	}
}

// Watch implements store.Watcher as far as the store behind it does; otherwise
// it returns errors.ErrUnsupported.
func (f *Faulty) Watch(ctx context.Context, key store.Key) (<-chan struct{}, error) {
	w, ok := f.inner.(store.Watcher)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	c, faults := f.begin(Call{Method: Watch, Key: key})
	if err := before(ctx, faults, c); err != nil {
		return nil, err
	}
	inner, cancel := context.WithCancel(ctx)
	ch, err := w.Watch(inner, key)
	lost := after(ctx, faults, c)
	if err == nil && lost == nil {
		// The watch outlives this call and ends with ctx; so does inner.
		context.AfterFunc(ctx, cancel)
		return ch, nil
	}
	cancel()
	if err == nil {
		for range ch { // closed once everything behind the watch has stopped
		}
	}
	if lost != nil {
		return nil, lost
	}
	return nil, err
}

// Hold implements store.Witness as far as the store behind it does; otherwise it
// returns errors.ErrUnsupported. No fault is about it.
func (f *Faulty) Hold(ctx context.Context, name string) (string, func(spent bool), error) {
	w, ok := f.inner.(store.Witness)
	if !ok {
		return "", nil, errors.ErrUnsupported
	}
	return w.Hold(ctx, name)
}

// Seize is to Hold as in store.Witness.
func (f *Faulty) Seize(ctx context.Context, name, mark string, wait bool) (func(won bool), error) {
	w, ok := f.inner.(store.Witness)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return w.Seize(ctx, name, mark, wait)
}

// Lapsed is to Hold as in store.Lapser.
func (f *Faulty) Lapsed(name string) <-chan struct{} {
	if w, ok := f.inner.(store.Witness); ok {
		return store.Lapsed(w, name)
	}
	return nil
}

// begin counts the call and fixes the faults it meets.
func (f *Faulty) begin(c Call) (Call, []*Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[c.Method]++
	c.N = f.calls[c.Method]
	return c, slices.Clone(f.faults)
}

func before(ctx context.Context, faults []*Fault, c Call) error {
	for _, fault := range faults {
		if fault.Before == nil {
			continue
		}
		if err := fault.Before(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func after(ctx context.Context, faults []*Fault, c Call) error {
	for _, fault := range faults {
		if fault.After == nil {
			continue
		}
		if err := fault.After(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func each(ctx context.Context, faults []*Fault, c Call, n int) error {
	for _, fault := range faults {
		if fault.Record == nil {
			continue
		}
		if err := fault.Record(ctx, c, n); err != nil {
			return err
		}
	}
	return nil
}
