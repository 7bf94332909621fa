package docs_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-13dc028d/longwatch/lock/locktest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// Counted is a store around another, which counts what is written.
type Counted struct {
	store.Store

	Written atomic.Int64
}

var _ store.Store = (*Counted)(nil)

// Commit counts only what was applied for certain.
func (c *Counted) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	stamps, err := c.Store.Commit(ctx, ops...)
	if err == nil {
		c.Written.Add(int64(len(ops)))
	}
	return stamps, err
}

func TestCounted(t *testing.T) {
	open := func(*testing.T) store.Store { return &Counted{Store: memstore.New(nil)} }
	t.Run("store", func(t *testing.T) { storetest.Run(t, open) })
	t.Run("lock", func(t *testing.T) { locktest.Run(t, open) })
}

// A commit whose condition does not hold writes nothing.
func ExampleCounted() {
	type note struct {
		TS time.Time `json:"ts" firestore:"ts"`
	}
	st := &Counted{Store: memstore.New(nil)}
	key := store.Key{Collection: "notes", ID: "one"}
	for range 2 {
		_, err := st.Commit(context.Background(), store.Create(key, note{}))
		fmt.Println(st.Written.Load(), err)
	}
	// Output:
	// 1 <nil>
	// 1 store: the precondition on notes/one does not hold
}
