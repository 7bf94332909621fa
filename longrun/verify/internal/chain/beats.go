package chain

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"runtime"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// batchSize is how many beats are decoded at a time.
const batchSize = 256

// Beat is a document of the beats, decoded.
type Beat struct {
	ledger.Entry[longrun.Heartbeat]
	Stored time.Time // by the store's clock
	Hash   string
	Leaf   tlog.Hash // of the log of evidence
	Bad    error     // it does not decode
}

type batch struct {
	records []store.Record
	beats   []Beat
	err     error // of the store, behind them
	fault   error // of the decoding: what beats says is not to be used
	ready   chan struct{}
}

// errUndecoded stands where decoding ended without a word.
var errUndecoded = errors.New("verify: beats were not decoded")

func (b *batch) decode() error {
	defer close(b.ready)
	b.fault = errUndecoded
	b.fault = spawn.Guard("verify: decode", func() error {
		b.decodeAll()
		return nil
	})
	return b.fault
}

func (b *batch) decodeAll() {
	if cap(b.beats) < len(b.records) {
		b.beats = make([]Beat, batchSize)
	}
	b.beats = b.beats[:len(b.records)]
	for i, rec := range b.records {
		d := &b.beats[i]
		d.Stored = rec.UpdateTime
		if d.Entry, d.Bad = ledger.Decode[longrun.Heartbeat](rec); d.Bad == nil {
			d.Hash, d.Leaf = evidence.HashAndLeaf(&d.Value)
		}
	}
}

// Beats streams the beats of a page in their order. To decode and hash them costs
// most of a check, so that is done on every processor, a few batches ahead.
func Beats(ctx context.Context, l *ledger.Ledger, p ledger.Page) iter.Seq2[*Beat, error] {
	return func(yield func(*Beat, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var group spawn.Group
		order, used := make(chan *batch, runtime.GOMAXPROCS(0)), make(chan *batch, runtime.GOMAXPROCS(0))
		next := func() *batch {
			b := &batch{}
			select {
			case b = <-used:
				b.records = b.records[:0]
			default:
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
				group.Go("verify: decode", full.decode)
				b = next()
				select {
				case order <- full:
					return true
				case <-ctx.Done():
					return false
				}
			}
			for rec, err := range l.Records(ctx, ledger.Heartbeats, p) {
				if err != nil {
					b.err = err
					break
				}
				if b.records = append(b.records, rec); len(b.records) == batchSize && !send() {
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
			for i := range b.beats {
				if !yield(&b.beats[i], nil) {
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
		// What ended without a word must not look like the end of the beats.
		if err := cmp.Or(group.Wait(), ctx.Err()); err != nil {
			yield(nil, err)
		}
	}
}
