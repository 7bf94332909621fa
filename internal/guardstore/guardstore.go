// Package guardstore puts a guard around a host's store.Store: whatever that
// does, its caller gets an ordinary error, and within its time.
//
// # What it does not guarantee
//
// It does not make a store right: a wrong document passes. It does not know
// whether a guarded Commit happened; an error that was made here leaves that
// open, as every error does but those that the store itself gave for a refusal.
// It cannot end a call that ignores its context, only leave it behind, at most
// about 8 of each method; while those do not return, further calls of that method
// fail at once. Such a call may still read the values of its operations, so a
// value must not be changed once it was given to a Commit. And Record.Decode runs
// on the caller's goroutine: its panics are errors, its runtime.Goexit and its
// endless loops are not.
//
// # What it does
//
// Every call runs on a goroutine of package spawn and is waited for until its
// context ended and a second longer. A panic, a runtime.Goexit, too few or too
// many stamps, a document without a version are errors. The store's own errors
// are made plain where they arose: their text is cut and kept, and of what is
// behind them only what this module branches on, see kept.
package guardstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/store"
)

// The names under which calls are reported.
const (
	getName    = "the store's Get"
	commitName = "the store's Commit"
	scanName   = "the store's Scan"
	watchName  = "the store's Watch"
	decodeName = "the store's Record"
)

// guarded is the guard of one store.
type guarded struct {
	inner   store.Store
	clock   clock.Clock
	witness store.Witness // nil: the store is none

	gets, commits, scans, watches spawn.Door
}

// watching is the guard of a store that can watch.
type watching struct {
	*guarded
	watcher store.Watcher
}

var (
	_ store.Store   = (*guarded)(nil)
	_ store.Watcher = watching{}
	_ store.Witness = (*guarded)(nil)
	_ store.Lapser  = (*guarded)(nil)
	_ store.Lapser  = (*witness)(nil)
)

// Of returns a guarded st, which can watch, and be a witness, if st can. A store that is guarded
// already, by its method Guarded, is returned as it is. clk measures the second
// for which calls are waited for; nil means the wall clock.
func Of(st store.Store, clk clock.Clock) store.Store {
	if _, already := st.(interface{ Guarded() }); already {
		return st
	}
	if clk == nil {
		clk = clock.New()
	}
	g := &guarded{inner: st, clock: clk}
	for _, door := range []*spawn.Door{&g.gets, &g.commits, &g.scans, &g.watches} {
		door.Clock = clk
	}
	if w, ok := st.(store.Witness); ok {
		g.witness = Witness(w, clk)
	}
	if watcher, ok := st.(store.Watcher); ok {
		return watching{g, watcher}
	}
	return g
}

// Guarded marks a store whose calls never do harm.
func (g *guarded) Guarded() {}

// Get implements store.Store.
func (g *guarded) Get(ctx context.Context, key store.Key) (store.Record, error) {
	rec, err := spawn.Through(ctx, &g.gets, getName, func(ctx context.Context) (store.Record, error) {
		rec, err := g.inner.Get(ctx, key)
		switch {
		case err != nil:
			return store.Record{}, plain(err)
		case rec.Key != key:
			return store.Record{}, broken(getName, "it gave another document")
		case rec.Version == "":
			return store.Record{}, broken(getName, "it gave a document without a version")
		}
		return tame(rec), nil
	})
	return rec, ours(ctx, err)
}

// Commit implements store.Store.
func (g *guarded) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	own := slices.Clone(ops) // the store's to keep, change, and read when we are gone
	stamps, err := spawn.Through(ctx, &g.commits, commitName, func(ctx context.Context) ([]store.Stamp, error) {
		stamps, err := g.inner.Commit(ctx, own...)
		if err != nil {
			return nil, plain(err)
		}
		return slices.Clone(stamps), nil
	})
	if err == nil {
		err = check(stamps, ops)
	}
	if err != nil {
		return nil, ours(ctx, err)
	}
	return stamps, nil
}

// check looks for what would do harm later: a version that is empty would make the
// next conditional write one without a condition.
func check(stamps []store.Stamp, ops []store.Op) error {
	if len(stamps) != len(ops) {
		return broken(commitName, fmt.Sprintf("it gave %d stamps for %d operations", len(stamps), len(ops)))
	}
	for i, stamp := range stamps {
		if ops[i].Value != nil && stamp.Version == "" {
			return broken(commitName, "it gave a stamp without a version")
		}
	}
	return nil
}

// tame is a record whose Decode never panics, and whose errors are plain.
func tame(rec store.Record) store.Record {
	return store.NewRecord(rec.Key, rec.At, rec.Version, rec.UpdateTime, rec.ReadTime, func(v any) error {
		err := spawn.Guard(decodeName, func() error {
			if err := rec.Decode(v); err != nil {
				return plain(err)
			}
			return nil
		})
		return ours(context.Background(), err)
	})
}
