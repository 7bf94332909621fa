package locktest

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store"
)

// broken is a store with one thing wrong with it, or with the lock that speaks
// to it: what a lock does wrong shows in what it asks of its store.
type broken struct {
	store.Store

	// row edits every row on its way in, drop keeps a commit from the store
	// while telling its caller that it landed, and commit does as it likes.
	row    func(*lock.Row)
	drop   func(n int) bool
	commit func(ctx context.Context, ops []store.Op) ([]store.Stamp, error)
	// get edits what was read.
	get  func(store.Record) store.Record
	scan bool   // shows nothing
	slow string // reads of the document with this ID take their time

	mu      sync.Mutex
	commits int
	waiting int           // callers in the crowd …
	gate    chan struct{} // … and what they wait for
	seen    []store.Record
}

func (b *broken) Get(ctx context.Context, key store.Key) (store.Record, error) {
	r, err := b.Store.Get(ctx, key)
	if key.ID == b.slow {
		b.crowd(ctx)
	}
	if err == nil && b.get != nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		r = b.get(r)
	}
	return r, err
}

// crowd holds its callers back until sixteen are there, as many as the rules
// send into a race, or none has come for a while.
func (b *broken) crowd(ctx context.Context) {
	b.mu.Lock()
	if b.waiting == 0 {
		b.gate = make(chan struct{})
	}
	b.waiting++
	gate := b.gate
	if b.waiting == 16 {
		b.waiting = 0
		close(gate)
	}
	b.mu.Unlock()
	patience, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	select {
	case <-gate:
	case <-patience.Done():
		b.mu.Lock()
		if b.gate == gate {
			b.waiting = 0
		}
		b.mu.Unlock()
	}
}

func (b *broken) Scan(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	if b.scan {
		return func(func(store.Record, error) bool) {}
	}
	return b.Store.Scan(ctx, q)
}

func (b *broken) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	ops = slices.Clone(ops)
	if row, ok := ops[0].Value.(lock.Row); ok {
		b.mu.Lock()
		b.commits++
		n := b.commits
		b.mu.Unlock()
		if b.drop != nil && b.drop(n) {
			return slices.Repeat([]store.Stamp{{Version: "none"}}, len(ops)), nil
		}
		if b.row != nil {
			b.row(&row)
			ops[0].Value = row
		}
		if b.commit != nil {
			return b.commit(ctx, ops)
		}
	}
	return b.Store.Commit(ctx, ops...)
}

// edited is a record with other times, and with other contents where decode is
// not nil.
func edited(r store.Record, update, read time.Time, decode func(any) error) store.Record {
	if decode == nil {
		decode = r.Decode
	}
	return store.NewRecord(r.Key, r.At, r.Version, update, read, decode)
}

// mutant is a defect, and the rules that must notice it.
type mutant struct {
	how      string
	sabotage func(b *broken)
	rules    []string
}

func mutants() []mutant {
	return []mutant{
		{"the row is written unconditionally: no fence", func(b *broken) {
			b.slow = "lock" // so that all have read before the first of them writes
			b.commit = func(ctx context.Context, ops []store.Op) ([]store.Stamp, error) {
				ops[0].If = store.Precondition{}
				return b.Store.Commit(ctx, ops...)
			}
		}, []string{
			"Of 16 who ask at once one is granted the lease",
			"Of 16 who find it expired no two are granted the same epoch",
			"An overtaken leader writes nothing and learns who leads",
			"A leader whose row is gone has lost",
		}},
		{"the row's condition holds back the row alone", func(b *broken) {
			b.commit = func(ctx context.Context, ops []store.Op) ([]store.Stamp, error) {
				stamps, err := b.Store.Commit(ctx, ops...)
				if errors.Is(err, store.ErrConflict) {
					for _, op := range ops[1:] {
						_, _ = b.Store.Commit(ctx, op)
					}
				}
				return stamps, err
			}
		}, []string{
			"An overtaken leader writes nothing and learns who leads",
			"Refused operations leave nothing and cost no lease",
			"A row of an earlier epoch is reported and left alone",
		}},
		{"release deletes the row", func(b *broken) {
			b.commit = func(ctx context.Context, ops []store.Op) ([]store.Stamp, error) {
				if row, ok := ops[0].Value.(lock.Row); ok && row.Owner == "" {
					_, err := b.Store.Commit(ctx, store.Delete(ops[0].Key))
					return make([]store.Stamp, 1), err
				}
				return b.Store.Commit(ctx, ops...)
			}
		}, []string{
			"A released lock is free, with its row kept",
			"Every grant has a new owner and the next epoch",
			"The note moves with its commit and is handed on",
			"Run hands over to whoever waits",
			"A release whose reply is lost is found",
		}},
		{"release fails", func(b *broken) {
			b.commit = func(ctx context.Context, ops []store.Op) ([]store.Stamp, error) {
				if row, ok := ops[0].Value.(lock.Row); ok && row.Owner == "" {
					return nil, errReply
				}
				return b.Store.Commit(ctx, ops...)
			}
		}, []string{
			"A lease that was released writes nothing",
			"A lock is not re-entrant",
		}},
		{"operations are left out", func(b *broken) {
			b.commit = func(ctx context.Context, ops []store.Op) ([]store.Stamp, error) {
				stamps, err := b.Store.Commit(ctx, ops[0])
				return append(stamps, make([]store.Stamp, len(ops)-1)...), err
			}
		}, []string{
			"A commit applies its operations and renews",
			"A commit that did not arrive is sent again",
			"Instances that take turns lose no update",
		}},
		{"a commit is acknowledged and never made", func(b *broken) {
			b.drop = func(n int) bool { return n%5 == 0 }
		}, []string{
			"Commits of one lease from many goroutines all land",
			"A commit without operations renews",
		}},
		{"the seq never changes", func(b *broken) {
			b.row = func(r *lock.Row) { r.Seq = 1 }
		}, []string{
			"A commit applies its operations and renews",
			"A commit whose reply is lost is found and not repeated",
		}},
		{"the note is forgotten", func(b *broken) {
			b.row = func(r *lock.Row) { r.Note = "" }
		}, []string{
			"The note moves with its commit and is handed on",
			"An outcome that stayed unknown is settled by the next commit",
		}},
		{"the lease is not stored", func(b *broken) {
			b.row = func(r *lock.Row) { r.LeaseSec = 0.001 }
		}, []string{
			"The first grant is epoch 1",
			"A lease is held until the store says that it is over",
		}},
		{"documents have no time of reading, so nothing expires", func(b *broken) {
			b.get = func(r store.Record) store.Record { return edited(r, r.UpdateTime, time.Time{}, nil) }
		}, []string{
			"A lease is held until the store says that it is over",
			"A row of the system before is waited for and then replaced",
		}},
		{"documents have no time of writing, so all has expired", func(b *broken) {
			b.slow = "count" // so that the others come in between
			b.get = func(r store.Record) store.Record { return edited(r, time.Time{}, r.ReadTime, nil) }
		}, []string{
			"A lease is held until the store says that it is over",
			"A lock is not re-entrant",
			"A row of the system before is waited for and then replaced",
			"A waiting Acquire ends with its context",
			"Instances that take turns lose no update",
		}},
		{"reads are one write behind", func(b *broken) {
			b.get = func(r store.Record) store.Record {
				if n := len(b.seen); n == 0 || b.seen[n-1].Version != r.Version {
					b.seen = append(b.seen, r)
				}
				return b.seen[max(0, len(b.seen)-2)]
			}
		}, []string{
			"A commit without operations renews",
			"An overtaken leader writes nothing and learns who leads",
		}},
		{"replies lost once are lost for good: reads fail after them", func(b *broken) {
			b.get = func(r store.Record) store.Record {
				return edited(r, r.UpdateTime, r.ReadTime, func(any) error { return errReply })
			}
		}, []string{
			"A grant whose reply is lost is found",
			"A commit whose reply is lost is found and not repeated",
			"Rows are in a scan by the time of renewal",
		}},
		{"a mangled field is read as if it were not there", func(b *broken) {
			b.get = func(r store.Record) store.Record {
				return edited(r, r.UpdateTime, r.ReadTime, func(v any) error { _ = r.Decode(v); return nil })
			}
		}, []string{"A mangled row is reported and left alone"}},
		{"a restored backup goes unnoticed", func(b *broken) {
			var top lock.Row
			b.row = func(r *lock.Row) { top = *r }
			b.get = func(r store.Record) store.Record {
				return edited(r, r.UpdateTime, r.ReadTime, func(v any) error {
					data, err := json.Marshal(top)
					return errors.Join(err, json.Unmarshal(data, v))
				})
			}
		}, []string{"A row of an earlier epoch is reported and left alone"}},
		{"a scan shows nothing", func(b *broken) { b.scan = true }, []string{
			"Rows are in a scan by the time of renewal",
		}},
	}
}
