package storetest

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strconv"

	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// broken is a memstore that breaks one rule: what is nil works as it should.
type broken struct {
	*memstore.Store
	get    func(context.Context, store.Key) (store.Record, error)
	scan   func(context.Context, store.Query) iter.Seq2[store.Record, error]
	commit func(context.Context, ...store.Op) ([]store.Stamp, error)
	watch  func(context.Context, store.Key) (<-chan struct{}, error)
}

func (b *broken) Get(ctx context.Context, key store.Key) (store.Record, error) {
	if b.get != nil {
		return b.get(ctx, key)
	}
	return b.Store.Get(ctx, key)
}

func (b *broken) Scan(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	if b.scan != nil {
		return b.scan(ctx, q)
	}
	return b.Store.Scan(ctx, q)
}

func (b *broken) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	if b.commit != nil {
		return b.commit(ctx, ops...)
	}
	return b.Store.Commit(ctx, ops...)
}

func (b *broken) Watch(ctx context.Context, key store.Key) (<-chan struct{}, error) {
	if b.watch != nil {
		return b.watch(ctx, key)
	}
	return b.Store.Watch(ctx, key)
}

// reading changes every Record that Get and Scan return.
func (b *broken) reading(change func(store.Record) store.Record) {
	b.get = func(ctx context.Context, key store.Key) (store.Record, error) {
		r, err := b.Store.Get(ctx, key)
		if err != nil {
			return r, err
		}
		return change(r), nil
	}
	b.scan = func(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
		return func(yield func(store.Record, error) bool) {
			for r, err := range b.Store.Scan(ctx, q) {
				if err == nil {
					r = change(r)
				}
				if !yield(r, err) {
					return
				}
			}
		}
	}
}

// decoding changes what Decode has filled.
func (b *broken) decoding(change func(r store.Record, v any) error) {
	b.reading(func(r store.Record) store.Record {
		return store.NewRecord(r.Key, r.At, r.Version, r.UpdateTime, r.ReadTime, func(v any) error { return change(r, v) })
	})
}

// writing changes the operations on their way in.
func (b *broken) writing(change func(store.Op) store.Op) {
	b.commit = func(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
		out := make([]store.Op, len(ops))
		for i, op := range ops {
			out[i] = change(op)
		}
		return b.Store.Commit(ctx, out...)
	}
}

// querying changes the queries on their way in.
func (b *broken) querying(change func(store.Query) store.Query) {
	b.scan = func(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
		return b.Store.Scan(ctx, change(q))
	}
}

// scanning changes a scan as a whole.
func (b *broken) scanning(change func(ctx context.Context, q store.Query, all []store.Record) []store.Record) {
	b.scan = func(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
		return func(yield func(store.Record, error) bool) {
			var all []store.Record
			for r, err := range b.Store.Scan(ctx, q) {
				if err != nil {
					yield(r, err)
					return
				}
				all = append(all, r)
			}
			for _, r := range change(ctx, q, all) {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// forgiving turns an error of Commit into a success that did nothing.
func (b *broken) forgiving(target error) {
	b.commit = func(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
		stamps, err := b.Store.Commit(ctx, ops...)
		if errors.Is(err, target) {
			return make([]store.Stamp, len(ops)), nil
		}
		return stamps, err
	}
}

func unconditional(op store.Op) store.Op {
	op.If = store.Precondition{}
	return op
}

func pass(ch chan<- struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// stamping changes the stamps of written documents.
func (b *broken) stamping(change func(store.Stamp) store.Stamp) {
	b.commit = func(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
		stamps, err := b.Store.Commit(ctx, ops...)
		for i, s := range stamps {
			if s.Version != "" {
				stamps[i] = change(s)
			}
		}
		return stamps, err
	}
}

func (b *broken) oneByOne(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	var stamps []store.Stamp
	for _, op := range ops {
		s, err := b.Store.Commit(ctx, op)
		if err != nil {
			return nil, err
		}
		stamps = append(stamps, s...)
	}
	return stamps, nil
}

func (b *broken) countPerDocument() {
	type state struct {
		n     int
		inner string
	}
	docs := map[store.Key]state{}
	b.commit = func(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
		ops = slices.Clone(ops)
		for i, op := range ops {
			if s := docs[op.Key]; op.If.Version != "" && op.If.Version == strconv.Itoa(s.n) {
				ops[i].If.Version = s.inner
			}
		}
		stamps, err := b.Store.Commit(ctx, ops...)
		for i, s := range stamps {
			if ops[i].Value == nil {
				delete(docs, ops[i].Key)
				continue
			}
			docs[ops[i].Key] = state{docs[ops[i].Key].n + 1, s.Version}
			stamps[i].Version = strconv.Itoa(docs[ops[i].Key].n)
		}
		return stamps, err
	}
	b.reading(func(r store.Record) store.Record {
		r.Version = strconv.Itoa(docs[r.Key].n)
		return r
	})
}

// lockWhileScanning holds a lock that Get and Commit need too. If tidy, leaving
// the loop gives it back.
func (b *broken) lockWhileScanning(tidy bool) {
	lock := make(chan struct{}, 1)
	b.scan = func(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
		return func(yield func(store.Record, error) bool) {
			select {
			case lock <- struct{}{}:
			case <-ctx.Done():
				yield(store.Record{}, ctx.Err())
				return
			}
			for r, err := range b.Store.Scan(ctx, q) {
				if !yield(r, err) {
					if tidy {
						<-lock
					}
					return
				}
			}
			<-lock
		}
	}
	b.get = func(ctx context.Context, key store.Key) (store.Record, error) {
		select {
		case lock <- struct{}{}:
			defer func() { <-lock }()
			return b.Store.Get(ctx, key)
		case <-ctx.Done():
			return store.Record{}, ctx.Err()
		}
	}
}

func (b *broken) pagesByTime(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		page := q
		page.Limit = 100
		for last, n := (store.Record{}), 100; n == 100; page.From = last.At.Add(1) {
			n = 0
			for r, err := range b.Store.Scan(ctx, page) {
				if !yield(r, err) {
					return
				}
				last, n = r, n+1
			}
		}
	}
}

// deaf ignores the end of a context.
func (b *broken) deaf() {
	b.get = func(ctx context.Context, key store.Key) (store.Record, error) {
		return b.Store.Get(context.WithoutCancel(ctx), key)
	}
	b.commit = func(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
		return b.Store.Commit(context.WithoutCancel(ctx), ops...)
	}
}

// hypocrite says that a context has ended, after the work is done.
func (b *broken) hypocrite() {
	b.commit = func(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
		stamps, err := b.Store.Commit(context.WithoutCancel(ctx), ops...)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return stamps, err
	}
}
