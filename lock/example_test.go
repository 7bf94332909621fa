package lock_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// beat is what the leader of these examples writes.
type beat struct {
	TS    time.Time `json:"ts" firestore:"ts"`
	Epoch int64     `json:"epoch" firestore:"epoch"`
}

func beatKey(id string) store.Key { return store.Key{Collection: "app/prod/beats", ID: id} }

// Leading is a function: it is called when the lease is granted, and its context
// ends when the lease does. What it writes goes through the lease.
func ExampleRun() {
	st := memstore.New(nil)
	l, err := lock.New(st, store.Key{Collection: "app/prod/locks", ID: "leader"}, &lock.Options{InstanceID: "host-1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = lock.Run(context.Background(), l, func(ctx context.Context, lease *lock.Lease) error {
		epoch := lease.Token().Epoch
		fmt.Println("leading at epoch", epoch)
		return lease.Commit(ctx, store.Create(beatKey("12-00"), beat{Epoch: epoch}))
	})
	fmt.Println("stopped:", err)
	// Output:
	// leading at epoch 1
	// stopped: <nil>
}

// Run does not campaign again by itself: whoever wants to stand by for ever
// calls it in a loop, and learns why each lease was lost.
func ExampleRun_standBy() {
	l, err := lock.New(memstore.New(nil), store.Key{Collection: "app/prod/locks", ID: "leader"}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	for ctx.Err() == nil {
		err := lock.Run(ctx, l, func(ctx context.Context, _ *lock.Lease) error {
			fmt.Println("leading")
			stop() // as a signal would
			<-ctx.Done()
			return nil
		})
		if errors.Is(err, lock.ErrLost) {
			continue // err says how
		}
		fmt.Println("stopped:", err)
	}
	// Output:
	// leading
	// stopped: <nil>
}

// TryAcquire tells who holds the lock, and for how long at least.
func ExampleNew() {
	st, key := memstore.New(nil), store.Key{Collection: "app/prod/locks", ID: "leader"}
	first, _ := lock.New(st, key, &lock.Options{InstanceID: "host-1"})
	second, _ := lock.New(st, key, &lock.Options{InstanceID: "host-2"})
	ctx := context.Background()

	lease, _ := first.TryAcquire(ctx)
	_, err := second.TryAcquire(ctx)
	if held, ok := errors.AsType[*lock.HeldError](err); ok {
		fmt.Println("held by", held.Holder)
	}
	_ = lease.Release(ctx)
	lease, _ = second.TryAcquire(ctx)
	previous, how := lease.Previous()
	fmt.Println(how, "by", previous.HolderInstanceID, "and granted at epoch", lease.Token().Epoch)

	_, err = lock.New(st, store.Key{}, &lock.Options{Lease: time.Second})
	fmt.Println("a mistake is named:", err != nil)
	// Output:
	// held by host-1
	// released by host-1 and granted at epoch 2
	// a mistake is named: true
}

// A refused operation is reported, and costs no leadership.
func ExampleLease_Commit() {
	st := memstore.New(nil)
	l, _ := lock.New(st, store.Key{Collection: "app/prod/locks", ID: "leader"}, nil)
	ctx := context.Background()
	lease, _ := l.TryAcquire(ctx)

	fmt.Println(lease.Commit(ctx, store.Create(beatKey("12-00"), beat{})))
	err := lease.Commit(ctx, store.Create(beatKey("12-00"), beat{}))
	fmt.Println("there already:", errors.Is(err, store.ErrConflict))
	fmt.Println("still leading:", lease.Err() == nil)
	fmt.Println(lease.Release(ctx), lease.Commit(ctx))
	// Output:
	// <nil>
	// there already: true
	// still leading: true
	// <nil> lock: lease released
}

// What must never fork between two leaders travels in the note.
func ExampleLease_CommitNote() {
	l, _ := lock.New(memstore.New(nil), store.Key{Collection: "app/prod/locks", ID: "leader"}, nil)
	ctx := context.Background()
	lease, _ := l.TryAcquire(ctx)
	for range 3 {
		was := lease.Note()
		next := was + "."
		if err := lease.CommitNote(ctx, was, next, store.Create(beatKey(next), beat{})); err != nil {
			fmt.Println(err)
		}
	}
	_ = lease.Release(ctx)
	lease, _ = l.TryAcquire(ctx)
	fmt.Println(lease.Note())
	// Output: ...
}

// A row can be read by whoever has its record, a verifier for example.
func ExampleReadRow() {
	st, key := memstore.New(nil), store.Key{Collection: "app/prod/locks", ID: "leader"}
	l, _ := lock.New(st, key, &lock.Options{InstanceID: "host-1"})
	ctx := context.Background()
	_, _ = l.TryAcquire(ctx)

	rec, _ := st.Get(ctx, key)
	row, err := lock.ReadRow(rec)
	fmt.Println(row.HolderInstanceID, row.Epoch, row.Lease(), row.Held(), err)
	// Output: host-1 1 2m0s true <nil>
}
