package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// An implementation's whole test of the contract.
func ExampleRun() {
	_ = func(t *testing.T) { // func TestConformance(t *testing.T)
		storetest.Run(t, func(t *testing.T) store.Store {
			st := memstore.New(nil) // yours; close it with t.Cleanup
			return st
		})
	}
	// Output:
}

// The reply to the second commit is lost: the caller sees an error, and the
// document is there.
func ExampleWrap() {
	ctx := context.Background()
	st := storetest.Wrap(memstore.New(nil))
	remove := st.Inject(storetest.Fault{After: func(_ context.Context, c storetest.Call) error {
		if c.Method == storetest.Commit && c.N == 2 {
			return errors.New("connection reset")
		}
		return nil
	}})
	for _, id := range []string{"porch", "hall"} {
		_, err := st.Commit(ctx, store.Create(store.Key{Collection: "lamps", ID: id}, map[string]any{"lit": true}))
		fmt.Println(id, err)
	}
	remove()
	_, err := st.Get(ctx, store.Key{Collection: "lamps", ID: "hall"})
	fmt.Println(err, st.Calls(storetest.Commit))
	// Output:
	// porch <nil>
	// hall connection reset
	// <nil> 2
}

// A store that does not answer is one that answers when the caller gives up.
func ExampleHang() {
	st := storetest.Wrap(memstore.New(nil))
	st.Inject(storetest.Fault{Before: storetest.Hang})
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	_, err := st.Get(ctx, store.Key{Collection: "lamps", ID: "porch"})
	fmt.Println(err)
	// Output: context deadline exceeded
}
