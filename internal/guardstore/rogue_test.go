package guardstore_test

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// rogue is a store that does what it is told to, whatever the method.
type rogue struct {
	store.Store
	watcher store.Watcher
	// act runs in place of each call; its error is the call's.
	act  func(ctx context.Context) error
	well atomic.Bool // and act is over
	// hangs keeps what ignores its context from returning, until it is closed.
	hangs chan struct{}

	scan  func(ctx context.Context, yield func(store.Record, error) bool)
	watch func(ctx context.Context) (<-chan struct{}, error)
}

func (r *rogue) ill() bool { return r.act != nil && !r.well.Load() }

func (r *rogue) Get(ctx context.Context, key store.Key) (store.Record, error) {
	if r.ill() {
		return store.Record{}, r.act(ctx)
	}
	return r.Store.Get(ctx, key)
}

func (r *rogue) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	if r.ill() {
		return nil, r.act(ctx)
	}
	return r.Store.Commit(ctx, ops...)
}

func (r *rogue) Scan(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	if r.scan != nil {
		return func(yield func(store.Record, error) bool) { r.scan(ctx, yield) }
	}
	if r.ill() {
		return func(yield func(store.Record, error) bool) {
			if err := r.act(ctx); err != nil {
				yield(store.Record{}, err)
			}
		}
	}
	return r.Store.Scan(ctx, q)
}

func (r *rogue) Watch(ctx context.Context, key store.Key) (<-chan struct{}, error) {
	if r.watch != nil {
		return r.watch(ctx)
	}
	if r.ill() {
		return nil, r.act(ctx)
	}
	return r.watcher.Watch(ctx, key)
}

// methods call a store, each in its own way, and return what came of it.
var methods = map[string]func(ctx context.Context, st store.Store) error{
	storetest.Get: func(ctx context.Context, st store.Store) error {
		_, err := st.Get(ctx, key("a"))
		return err
	},
	storetest.Commit: func(ctx context.Context, st store.Store) error {
		stamps, err := st.Commit(ctx, store.Set(key("a"), noteAt(1)))
		if err != nil && stamps != nil {
			return errors.New("stamps beside an error")
		}
		return err
	},
	storetest.Scan: func(ctx context.Context, st store.Store) (err error) {
		for rec, e := range st.Scan(ctx, store.Query{Collection: "c"}) {
			if err != nil {
				return errors.New("something came after an error")
			}
			if err = e; err != nil && rec.Key != (store.Key{}) {
				return errors.New("a record beside an error")
			}
		}
		return err
	},
	storetest.Watch: func(ctx context.Context, st store.Store) error {
		_, err := st.(store.Watcher).Watch(ctx, key("a"))
		return err
	},
}

type note struct {
	TS time.Time `json:"ts" firestore:"ts"`
	N  int       `json:"n"  firestore:"n"`
}

func noteAt(n int) note { return note{TS: time.Unix(int64(n), 0).UTC(), N: n} }

func key(id string) store.Key { return store.Key{Collection: "c", ID: id} }

// nilError has an Error that dereferences nil.
type nilError struct{ text string }

func (e *nilError) Error() string { return e.text }

// trap is an error whose methods do what they are told to.
type trap struct{ do func() }

func (t trap) Error() string   { t.do(); return "trap" }
func (t trap) Is(error) bool   { t.do(); return true }
func (t trap) As(any) bool     { t.do(); return true }
func (t trap) Unwrap() []error { t.do(); return nil }

// deep is an error that lies: what it says harms nobody, what is behind it does.
type deep struct{ do func() }

func (deep) Error() string   { return "deep" }
func (d deep) Is(error) bool { d.do(); return true }
func (d deep) Unwrap() error { d.do(); return store.ErrConflict }

// A fault is what every method of a store may do wrong.
type fault struct {
	act  func(r *rogue, ctx context.Context) error
	says string        // a part of the error's text
	late time.Duration // how long after the start, the context being one of a minute
}

const limit = time.Minute

// faults are of every method. None of them says what became of a Commit.
var faults = map[string]fault{
	"panics":               {func(*rogue, context.Context) error { panic("boom") }, ": panic: boom", 0},
	"panics with an error": {func(*rogue, context.Context) error { panic(store.ErrConflict) }, ": panic: store: conflict", 0},
	"panics with a trap":   {func(*rogue, context.Context) error { panic(trap{func() { panic("text") }}) }, "cannot be printed", 0},
	"panics with nil":      {func(*rogue, context.Context) error { panic((*nilError)(nil)) }, "cannot be printed", 0},
	"exits":                {func(*rogue, context.Context) error { runtime.Goexit(); return nil }, ": runtime.Goexit", 0},
	"hangs": {func(r *rogue, _ context.Context) error {
		<-r.hangs
		return store.ErrConflict
	}, "left behind", limit + time.Second},
	"hangs half a second more": {func(_ *rogue, ctx context.Context) error {
		<-ctx.Done()
		time.Sleep(time.Second / 2)
		return ctx.Err()
	}, "context deadline exceeded", limit + time.Second/2},
	"returns a nil pointer":                   {func(*rogue, context.Context) error { return (*nilError)(nil) }, "*guardstore_test.nilError cannot be printed", 0},
	"returns no conflict":                     {func(*rogue, context.Context) error { return (*store.ConflictError)(nil) }, "cannot be printed", 0},
	"returns an error that panics":            {func(*rogue, context.Context) error { return trap{func() { panic("text") }} }, "cannot be printed", 0},
	"returns an error that exits":             {func(*rogue, context.Context) error { return trap{runtime.Goexit} }, ": runtime.Goexit", 0},
	"returns an error that hangs":             {func(r *rogue, _ context.Context) error { return trap{func() { <-r.hangs }} }, "left behind", limit + time.Second},
	"returns an error that panics when asked": {func(*rogue, context.Context) error { return deep{func() { panic("is") }} }, "deep", 0},
	"returns an error that hangs when asked":  {func(r *rogue, _ context.Context) error { return deep{func() { <-r.hangs }} }, "left behind", limit + time.Second},
	"returns 10 MB":                           {func(*rogue, context.Context) error { return errors.New(strings.Repeat("é", 5<<20)) }, "éé", 0},
}
