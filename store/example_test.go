package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// lamp is a document: both tags on each field, and a ts.
type lamp struct {
	TS  time.Time `json:"ts" firestore:"ts"`
	Lit bool      `json:"lit" firestore:"lit"`
}

var evening = time.Date(2025, 12, 29, 18, 0, 0, 0, time.UTC)

// Two writers that saw the same state cannot both change it, and nothing of the
// loser's commit is applied.
func ExampleStore() {
	ctx := context.Background()
	var st store.Store = memstore.New(nil)
	porch := store.Key{Collection: "lamps", ID: "porch"}
	stamps, _ := st.Commit(ctx, store.Create(porch, lamp{TS: evening}))

	_, err := st.Commit(ctx, store.Update(porch, lamp{TS: evening, Lit: true}, stamps[0].Version))
	fmt.Println("first:", err)
	_, err = st.Commit(ctx, store.Update(porch, lamp{TS: evening}, stamps[0].Version),
		store.Create(store.Key{Collection: "lamps", ID: "hall"}, lamp{TS: evening}))
	var conflict *store.ConflictError
	fmt.Println("second:", errors.As(err, &conflict), conflict.Key)
	_, err = st.Get(ctx, store.Key{Collection: "lamps", ID: "hall"})
	fmt.Println("hall:", err)
	// Output:
	// first: <nil>
	// second: true lamps/porch
	// hall: store: not found
}

// A Scan that was interrupted goes on behind the last Record.
func ExampleRecord_Cursor() {
	ctx := context.Background()
	st := memstore.New(nil)
	for i, id := range []string{"porch", "hall", "attic"} {
		_, _ = st.Commit(ctx, store.Set(store.Key{Collection: "lamps", ID: id}, lamp{TS: evening.Add(time.Duration(i) * time.Minute)}))
	}
	q := store.Query{Collection: "lamps", From: evening}
	for r, err := range st.Scan(ctx, q) {
		fmt.Println("first:", r.Key.ID, err)
		q.After = r.Cursor()
		break
	}
	for r, err := range st.Scan(ctx, q) {
		fmt.Println("then:", r.Key.ID, err)
	}
	// Output:
	// first: porch <nil>
	// then: hall <nil>
	// then: attic <nil>
}

// A store's own errors say what is wrong before anything is sent.
func ExampleKey_Validate() {
	fmt.Println(store.Key{Collection: "wa_metrics/longrun", ID: "x"}.Validate())
	fmt.Println(store.ValidateDocument("wa_metrics/longrun"))
	// Output:
	// store: invalid: collection "wa_metrics/longrun" has 2 segments, an odd number is needed
	// <nil>
}

// A Store of your own makes its Records of what it has read: when it was written, and when
// it was read, by the database's clock, so that its age is not a matter of two.
func ExampleNewRecord() {
	key := store.Key{Collection: "lamps", ID: "porch"}
	r := store.NewRecord(key, evening, "7", evening, evening.Add(time.Minute), func(v any) error {
		return json.Unmarshal([]byte(`{"lit": true}`), v)
	})
	var porch lamp
	err := r.Decode(&porch)
	fmt.Println(r.Key, r.Version, r.Age(), porch.Lit, err)
	// Output:
	// lamps/porch 7 1m0s true <nil>
}
