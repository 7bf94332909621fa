package storetest

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/store"
)

// mutant breaks one rule in a way that somebody might.
type mutant struct {
	rule, how string
	sabotage  func(*broken)
}

func mutants() []mutant {
	return slices.Concat(documentMutants(), conditionMutants(), timeMutants(), scanMutants(), requestMutants(), contextMutants(), watchMutants())
}

func timeMutants() []mutant {
	return []mutant{
		{"UpdateTime never falls from one commit to the next", "each writer stamps by its own clock", func(b *broken) {
			skew := time.Second
			b.stamping(func(s store.Stamp) store.Stamp {
				skew = -skew
				s.UpdateTime = s.UpdateTime.Add(skew)
				return s
			})
		}},
		{"ReadTime never falls and is never before UpdateTime", "the reader's clock is behind the writer's", func(b *broken) {
			b.reading(func(r store.Record) store.Record {
				r.ReadTime = r.ReadTime.Add(-time.Second)
				return r
			})
		}},
		{"ReadTime never falls and is never before UpdateTime", "there is none", func(b *broken) {
			b.reading(func(r store.Record) store.Record {
				r.ReadTime = time.Time{}
				return r
			})
		}},
		{"UpdateTime is the time of the write, not of the reading", "reading touches", func(b *broken) {
			b.reading(func(r store.Record) store.Record {
				r.UpdateTime = r.ReadTime.Add(time.Microsecond)
				return r
			})
		}},
	}
}

func requestMutants() []mutant {
	return []mutant{
		{"Every UTF-8 text up to 500 bytes is an ID", "slashes are escaped, and the escape is not", func(b *broken) {
			b.writing(func(op store.Op) store.Op {
				op.Key.ID = strings.ReplaceAll(op.Key.ID, "/", "%2F")
				return op
			})
		}},
		{"Every UTF-8 text up to 500 bytes is an ID", "dots are refused", func(b *broken) {
			b.commit = func(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
				if ops[0].Key.ID == "." {
					return nil, store.ErrInvalid
				}
				return b.Store.Commit(ctx, ops...)
			}
		}},
		{"A malformed key is ErrInvalid", "it is only missing", func(b *broken) {
			b.get = func(ctx context.Context, key store.Key) (store.Record, error) {
				if key.Validate() != nil {
					return store.Record{}, store.ErrNotFound
				}
				return b.Store.Get(ctx, key)
			}
		}},
		{"A malformed key is ErrInvalid", "it panics", func(b *broken) {
			b.get = func(ctx context.Context, key store.Key) (store.Record, error) {
				if key.Validate() != nil {
					panic("nil reference")
				}
				return b.Store.Get(ctx, key)
			}
		}},
		{"A malformed query is ErrInvalid", "it is mended", func(b *broken) {
			b.querying(func(q store.Query) store.Query {
				q.Limit, q.After.ID = max(q.Limit, 0), cmp.Or(q.After.ID, "x")
				return q
			})
		}},
		{"A commit takes 400 operations and refuses 401", "a large commit becomes several", func(b *broken) {
			b.commit = func(ctx context.Context, ops ...store.Op) (stamps []store.Stamp, err error) {
				for chunk := range slices.Chunk(ops, 200) {
					some, err := b.Store.Commit(ctx, chunk...)
					if err != nil {
						return nil, err
					}
					stamps = append(stamps, some...)
				}
				return stamps, nil
			}
		}},
		{"A commit takes 400 operations and refuses 401", "it takes 20", func(b *broken) {
			b.commit = func(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
				if len(ops) > 20 {
					return nil, store.ErrInvalid
				}
				return b.Store.Commit(ctx, ops...)
			}
		}},
		{"A malformed commit is ErrInvalid", "of a key that occurs twice the last counts", func(b *broken) {
			b.commit = func(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
				if len(ops) == 3 && ops[0].Key == ops[2].Key {
					return b.Store.Commit(ctx, ops[1:]...)
				}
				return b.Store.Commit(ctx, ops...)
			}
		}},
		{"A malformed commit is ErrInvalid", "an empty one succeeds", func(b *broken) {
			b.commit = func(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
				if len(ops) == 0 {
					return nil, nil
				}
				return b.Store.Commit(ctx, ops...)
			}
		}},
		{"A value that no store could keep is ErrInvalid", "it is left out", func(b *broken) { b.forgiving(store.ErrInvalid) }},
		{"A value that no store could keep is ErrInvalid", "only the others are kept", func(b *broken) {
			b.commit = func(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
				stamps, err := b.Store.Commit(ctx, ops...)
				if errors.Is(err, store.ErrInvalid) {
					_, _ = b.Store.Commit(ctx, ops[:1]...)
				}
				return stamps, err
			}
		}},
	}
}

func contextMutants() []mutant {
	return []mutant{
		{"A cancelled context is refused, and nothing is applied", "nobody looks at it", (*broken).deaf},
		{"A cancelled context is refused, and nothing is applied", "a refused commit is applied", (*broken).hypocrite},
		{"A deadline that has passed is refused, and nothing is applied", "nobody looks at it", (*broken).deaf},
		{"A deadline that has passed is refused, and nothing is applied", "a refused commit is applied", (*broken).hypocrite},
		{"A scan whose context ends says so", "it just ends", func(b *broken) {
			b.scan = func(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
				return func(yield func(store.Record, error) bool) {
					for r, err := range b.Store.Scan(ctx, q) {
						if err != nil || !yield(r, nil) {
							return
						}
					}
				}
			}
		}},
		{"A scan whose context ends says so", "it goes on after its error", func(b *broken) {
			b.scan = func(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
				return func(yield func(store.Record, error) bool) {
					for r, err := range b.Store.Scan(context.WithoutCancel(ctx), q) {
						if ctx.Err() != nil && !yield(store.Record{}, ctx.Err()) || !yield(r, err) {
							return
						}
					}
				}
			}
		}},
	}
}

func watchMutants() []mutant {
	return []mutant{
		{"Watch signals each kind of change", "a deletion is no change", func(b *broken) {
			b.watch = func(ctx context.Context, key store.Key) (<-chan struct{}, error) {
				ch, err := b.Store.Watch(ctx, key)
				out := make(chan struct{}, 1)
				go func() {
					defer close(out)
					for range ch {
						if _, err := b.Store.Get(ctx, key); err == nil {
							pass(out)
						}
					}
				}()
				return out, err
			}
		}},
		{"Watch signals each kind of change", "only the first watcher hears", func(b *broken) {
			watched := false
			b.watch = func(ctx context.Context, key store.Key) (<-chan struct{}, error) {
				if watched {
					return make(chan struct{}), nil
				}
				watched = true
				return b.Store.Watch(ctx, key)
			}
		}},
		{"A watch is closed when its context ends", "it stays open", func(b *broken) {
			b.watch = func(ctx context.Context, key store.Key) (<-chan struct{}, error) {
				return b.Store.Watch(context.WithoutCancel(ctx), key)
			}
		}},
		{"A watch is closed when its context ends", "it takes the others with it", func(b *broken) {
			all, end := context.WithCancel(context.Background())
			var gone []chan struct{} // closed when a watch is
			b.watch = func(ctx context.Context, key store.Key) (<-chan struct{}, error) {
				inner, err := b.Store.Watch(all, key)
				out, mine, others := make(chan struct{}, 1), make(chan struct{}), slices.Clone(gone)
				gone = append(gone, mine)
				context.AfterFunc(ctx, end)
				go func() {
					for range inner {
						pass(out)
					}
					for _, other := range others {
						<-other
					}
					close(out)
					close(mine)
				}()
				return out, err
			}
		}},
	}
}
