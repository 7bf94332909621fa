// Package ahead does what is costly with each record of a scan on every processor, a few
// batches before the loop that asks for them, and hands them on in their order.
//
// It does not bound what a record costs: as many batches as there are processors, and one
// more, are in memory at a time, whatever is in them. It judges nothing.
package ahead

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"runtime"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/store"
)

// errUnread stands where reading ended without a word.
var errUnread = errors.New("verify: documents were not decoded")

// Task is what is done with each record.
type Task[T any] struct {
	// Batch is how many records are taken at a time, 1 or more: enough that to hand
	// them over costs little beside Do.
	Batch int
	// Do makes a T of a record, in a place that may hold an earlier one. It runs on
	// several goroutines at once, and a panic of it ends the loop with an error.
	Do func(store.Record, *T)
}

type batch[T any] struct {
	records []store.Record
	done    []T
	err     error // of the store, behind them
	fault   error // of Do: what done says is not to be used
	ready   chan struct{}
}

func (b *batch[T]) run(do func(store.Record, *T)) error {
	defer close(b.ready)
	b.fault = errUnread
	b.fault = spawn.Guard("verify: decode", func() error {
		if cap(b.done) < len(b.records) {
			b.done = make([]T, cap(b.records))
		}
		b.done = b.done[:len(b.records)]
		for i, rec := range b.records {
			do(rec, &b.done[i])
		}
		return nil
	})
	return b.fault
}

// Scan reads records, until its context ends.
type Scan func(context.Context) iter.Seq2[store.Record, error]

// Each streams what t makes of the records of a scan, in their order. What a pointer shows holds
// until the next round of the loop. An error ends the loop: that of the records, of the
// context, or a fault of t.
func Each[T any](ctx context.Context, scan Scan, t Task[T]) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var group spawn.Group
		order, used := make(chan *batch[T], runtime.GOMAXPROCS(0)), make(chan *batch[T], runtime.GOMAXPROCS(0))
		next := func() *batch[T] {
			b := &batch[T]{}
			select {
			case b = <-used:
				b.records = b.records[:0]
			default:
				b.records = make([]store.Record, 0, t.Batch)
			}
			b.ready = make(chan struct{})
			return b
		}
		defer func() { _ = group.Wait() }()
		defer func() {
			for range order { // until the reader has gone
			}
		}()
		defer cancel()
		group.Go("verify: read", func() error {
			defer close(order)
			b := next()
			send := func() bool {
				full := b
				group.Go("verify: decode", func() error { return full.run(t.Do) })
				b = next()
				select {
				case order <- full:
					return true
				case <-ctx.Done():
					return false
				}
			}
			for rec, err := range scan(ctx) {
				if err != nil {
					b.err = err
					break
				}
				if b.records = append(b.records, rec); len(b.records) == t.Batch && !send() {
					return nil
				}
			}
			send()
			return nil
		})
		for b := range order {
			<-b.ready
			if b.fault != nil {
				yield(nil, b.fault)
				return
			}
			for i := range b.done {
				if !yield(&b.done[i], nil) {
					return
				}
			}
			if b.err != nil {
				yield(nil, b.err)
				return
			}
			select {
			case used <- b:
			default:
			}
		}
		// What ended without a word must not look like the end of the records.
		if err := cmp.Or(group.Wait(), ctx.Err()); err != nil {
			yield(nil, err)
		}
	}
}
