package memstore_test

import (
	"context"
	"fmt"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// With the fake clock of a test, a document's age is exact.
func ExampleNew() {
	type Lamp struct {
		TS  time.Time `json:"ts" firestore:"ts"`
		Lit bool      `json:"lit" firestore:"lit"`
	}
	ctx := context.Background()
	clk := clock.NewMock()
	st := memstore.New(&memstore.Options{Clock: clk})
	key := store.Key{Collection: "lamps", ID: "porch"}

	stamps, _ := st.Commit(ctx, store.Create(key, Lamp{TS: clk.Now(), Lit: true}))
	clk.Add(90 * time.Second)
	r, _ := st.Get(ctx, key)
	var lamp Lamp
	_ = r.Decode(&lamp)
	fmt.Println(lamp.Lit, r.Age())

	// Whoever saw the document may change it, as long as nobody else did.
	_, err := st.Commit(ctx, store.Update(key, Lamp{TS: clk.Now()}, stamps[0].Version))
	fmt.Println(err)
	_, err = st.Commit(ctx, store.Update(key, Lamp{TS: clk.Now()}, stamps[0].Version))
	fmt.Println(err)
	// Output:
	// true 1m30s
	// <nil>
	// store: the precondition on lamps/porch does not hold
}

// Collections shows where documents are.
func ExampleStore_Collections() {
	st := memstore.New(nil)
	_, _ = st.Commit(context.Background(), store.Set(store.Key{Collection: "lamps", ID: "porch"}, map[string]any{"lit": true}))
	fmt.Println(st.Collections())
	// Output: [lamps]
}

// A test that tries many things on one history lives through it once.
func ExampleStore_Clone() {
	ctx := context.Background()
	st := memstore.New(nil)
	key := store.Key{Collection: "lamps", ID: "porch"}
	_, _ = st.Commit(ctx, store.Set(key, map[string]any{"lit": true}))
	dark := st.Clone()
	_, _ = dark.Commit(ctx, store.Delete(key))
	fmt.Println(st.Collections(), dark.Collections())
	// Output: [lamps] []
}
