package storetest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/store"
)

func documentMutants() []mutant {
	return []mutant{
		{"A missing document is ErrNotFound", "it is an empty document", func(b *broken) {
			b.get = func(ctx context.Context, key store.Key) (store.Record, error) {
				r, err := b.Store.Get(ctx, key)
				if errors.Is(err, store.ErrNotFound) {
					return store.Record{Key: key}, nil
				}
				return r, err
			}
		}},
		{"A document comes back as it was written", "integers pass through floats", func(b *broken) {
			b.decoding(func(r store.Record, v any) error {
				err := r.Decode(v)
				if e, ok := v.(*everything); ok {
					e.Int64 = int64(float64(e.Int64/2)) * 2
				}
				return err
			})
		}},
		{"A document comes back as it was written", "text is stored as ASCII", func(b *broken) {
			b.decoding(func(r store.Record, v any) error {
				err := r.Decode(v)
				if e, ok := v.(*everything); ok {
					e.Text = strconv.QuoteToASCII(e.Text)
				}
				return err
			})
		}},
		{"Nil pointers and empty slices come back empty", "a nil time comes back as zero", func(b *broken) {
			b.decoding(func(r store.Record, v any) error {
				err := r.Decode(v)
				if e, ok := v.(*everything); ok && e.End == nil {
					e.End = new(time.Time)
				}
				return err
			})
		}},
		{"Maps and structs are the same documents", "a map has no time", func(b *broken) {
			b.writing(func(op store.Op) store.Op {
				if m, ok := op.Value.(map[string]any); ok {
					m = maps.Clone(m)
					m["ts"] = "a text"
					op.Value = m
				}
				return op
			})
		}},
		{"Times are cut to microseconds and come back in UTC", "to milliseconds", func(b *broken) {
			b.reading(func(r store.Record) store.Record {
				r.At = r.At.Truncate(time.Millisecond)
				return r
			})
		}},
		{"Times are cut to microseconds and come back in UTC", "in the local zone", func(b *broken) {
			b.reading(func(r store.Record) store.Record {
				r.At = r.At.In(time.FixedZone("here", 3600))
				return r
			})
		}},
		{"Times are cut to microseconds and come back in UTC", "Scan sees nanoseconds since 1970 only", func(b *broken) {
			b.scanning(func(_ context.Context, _ store.Query, all []store.Record) []store.Record {
				slices.SortFunc(all, func(a, b store.Record) int { return cmp.Compare(a.At.UnixNano(), b.At.UnixNano()) })
				return all
			})
		}},
		{"Set leaves nothing of the document before", "it merges", func(b *broken) {
			b.writing(func(op store.Op) store.Op {
				old, err := b.Store.Get(context.Background(), op.Key)
				merged := map[string]any{}
				if m, ok := op.Value.(map[string]any); ok && err == nil && old.Decode(&merged) == nil {
					maps.Copy(merged, m)
					op.Value = merged
				}
				return op
			})
		}},
		{"Decode keeps fields that the document lacks", "it clears them", func(b *broken) {
			b.decoding(func(r store.Record, v any) error {
				if n, ok := v.(*note); ok {
					*n = note{}
				}
				return r.Decode(v)
			})
		}},
		{"A document is a copy of the value", "the value is kept as it is", func(b *broken) {
			kept := map[store.Key]any{}
			b.commit = func(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
				for _, op := range ops {
					kept[op.Key] = op.Value
				}
				return b.Store.Commit(ctx, ops...)
			}
			b.decoding(func(r store.Record, v any) error {
				data, err := json.Marshal(kept[r.Key])
				return errors.Join(err, json.Unmarshal(data, v))
			})
		}},
		{"A document that does not decode is its own error", "it ends the scan", func(b *broken) {
			b.scanning(func(_ context.Context, _ store.Query, all []store.Record) []store.Record {
				if i := slices.IndexFunc(all, func(r store.Record) bool { return r.Decode(&note{}) != nil }); i >= 0 {
					return all[:i]
				}
				return all
			})
		}},
		{"A document that does not decode is its own error", "Decode says nothing", func(b *broken) {
			b.decoding(func(r store.Record, v any) error {
				_ = r.Decode(v)
				return nil
			})
		}},
		{"A document of 900 KiB is kept, one over 1 MiB is ErrInvalid", "it is dropped without a word", func(b *broken) { b.forgiving(store.ErrInvalid) }},
		{"A document of 900 KiB is kept, one over 1 MiB is ErrInvalid", "it is an error that looks passing", func(b *broken) {
			b.commit = func(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
				stamps, err := b.Store.Commit(ctx, ops...)
				if err != nil {
					return nil, errors.New("resource exhausted")
				}
				return stamps, nil
			}
		}},
	}
}

func conditionMutants() []mutant {
	return []mutant{
		{"Create needs the document to be absent", "Create is Set", func(b *broken) { b.writing(unconditional) }},
		{"Of 16 creators exactly one wins", "two do", func(b *broken) {
			calls := make(chan struct{}, 2)
			b.writing(func(op store.Op) store.Op {
				select {
				case calls <- struct{}{}:
					return unconditional(op)
				default:
					return op
				}
			})
		}},
		{"Of 16 creators exactly one wins", "a loser's error is no conflict", func(b *broken) {
			b.commit = func(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
				stamps, err := b.Store.Commit(ctx, ops...)
				if err != nil {
					return nil, errors.New("aborted")
				}
				return stamps, nil
			}
		}},
		{"Update needs the version it names", "Update is Set", func(b *broken) { b.writing(unconditional) }},
		{"Update needs the version it names", "any existing version will do", func(b *broken) {
			b.writing(func(op store.Op) store.Op {
				if r, err := b.Store.Get(context.Background(), op.Key); err == nil && op.If.Version != "" {
					op.If.Version = r.Version
				}
				return op
			})
		}},
		{"Delete of a missing document is no error", "it is ErrNotFound", func(b *broken) {
			b.commit = func(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
				for _, op := range ops {
					if _, err := b.Store.Get(ctx, op.Key); op.Value == nil && err != nil {
						return nil, err
					}
				}
				return b.Store.Commit(ctx, ops...)
			}
		}},
		{"DeleteVersion needs the version it names", "DeleteVersion is Delete", func(b *broken) {
			b.writing(func(op store.Op) store.Op {
				if op.Value == nil {
					return unconditional(op)
				}
				return op
			})
		}},
		{"A conflict names the right document or none", "it names the first", func(b *broken) {
			b.commit = func(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
				stamps, err := b.Store.Commit(ctx, ops...)
				if isConflict(err) {
					return nil, &store.ConflictError{Key: ops[0].Key}
				}
				return stamps, err
			}
		}},
		{"A refused commit leaves nothing behind", "operations are applied one by one", func(b *broken) { b.commit = b.oneByOne }},
		{"A commit spans collections", "a document is known by its ID alone", func(b *broken) {
			b.writing(func(op store.Op) store.Op {
				op.Key.Collection, _, _ = strings.Cut(op.Key.Collection, "/")
				return op
			})
		}},
		{"Every write has a version that was never used before", "versions count from 1 for each document", func(b *broken) { b.countPerDocument() }},
		{"A stamp serves the next conditional write", "the stamps come in the wrong order", func(b *broken) {
			b.commit = func(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
				stamps, err := b.Store.Commit(ctx, ops...)
				slices.Reverse(stamps)
				if len(stamps) > 1 {
					stamps[1] = store.Stamp{Version: "x"}
				}
				return stamps, err
			}
		}},
		{"A stamp serves the next conditional write", "its time is not the document's", func(b *broken) {
			b.stamping(func(s store.Stamp) store.Stamp {
				s.UpdateTime = s.UpdateTime.Add(time.Millisecond)
				return s
			})
		}},
		{"A commit sent again after a lost reply finds its own document", "it is applied twice", func(b *broken) { b.writing(unconditional) }},
		{"Concurrent writers lose no update", "a write on an old read is accepted", func(b *broken) {
			b.writing(unconditional)
			old := make(chan store.Record, 1)
			b.get = func(ctx context.Context, key store.Key) (store.Record, error) {
				r, err := b.Store.Get(ctx, key)
				select {
				case r := <-old:
					return r, err
				case old <- r:
					return r, err
				}
			}
		}},
		{"Readers never see half a commit", "the rest of it follows with the next", func(b *broken) {
			var late []store.Op
			b.commit = func(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
				now := append(late, ops[:1]...)
				late = slices.Clone(ops[1:])
				_, err := b.oneByOne(ctx, now...)
				return make([]store.Stamp, len(ops)), err
			}
		}},
	}
}
