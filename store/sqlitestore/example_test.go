package sqlitestore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// A document written before is there after the file is opened again.
func ExampleOpen() {
	type Lamp struct {
		TS  time.Time `json:"ts" firestore:"ts"`
		Lit bool      `json:"lit" firestore:"lit"`
	}
	dir, _ := os.MkdirTemp("", "lamps")
	defer os.RemoveAll(dir)
	ctx, path := context.Background(), filepath.Join(dir, "lamps.db")

	st, err := sqlitestore.Open(ctx, path, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	evening := time.Date(2025, 12, 29, 18, 0, 0, 0, time.UTC)
	_, err = st.Commit(ctx,
		store.Create(store.Key{Collection: "lamps", ID: "porch"}, Lamp{TS: evening, Lit: true}),
		store.Create(store.Key{Collection: "lamps", ID: "hall"}, Lamp{TS: evening.Add(time.Minute), Lit: true}))
	fmt.Println(err)
	_ = st.Close() // opened by us, closed by us

	st, _ = sqlitestore.Open(ctx, path, nil)
	defer st.Close()
	for r, err := range st.Scan(ctx, store.Query{Collection: "lamps", Desc: true}) {
		var lamp Lamp
		if err != nil || r.Decode(&lamp) != nil {
			return
		}
		fmt.Println(r.Key.ID, lamp.Lit, lamp.TS.Format(time.Kitchen))
	}
	// Output:
	// <nil>
	// hall true 6:01PM
	// porch true 6:00PM
}

// Watch says when to look again.
func ExampleStore_Watch() {
	dir, _ := os.MkdirTemp("", "lamps")
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	st, err := sqlitestore.Open(ctx, filepath.Join(dir, "lamps.db"), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer st.Close()
	porch := store.Key{Collection: "lamps", ID: "porch"}
	changed, _ := st.Watch(ctx, porch)
	_, _ = st.Commit(ctx, store.Set(porch, map[string]any{"lit": true}))
	<-changed
	r, _ := st.Get(ctx, porch)
	var lamp map[string]any
	_ = r.Decode(&lamp)
	fmt.Println(lamp["lit"])

	cancel()
	for range changed {
		continue // what is left, until the watch has ended
	}
	// Output: true
}
