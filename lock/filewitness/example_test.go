package filewitness_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/lock/filewitness"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

func ExampleNew() {
	dir, err := os.MkdirTemp("", "signs") // a real one is the same for all instances on the machine
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	witness, err := filewitness.New(dir, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	key := store.Key{Collection: "app/prod/locks", ID: "leader"}
	l, err := lock.New(memstore.New(nil), key, &lock.Options{Witness: witness})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	held, err := l.TryAcquire(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = l.TryAcquire(ctx) // its process lives: it is held until it is released
	fmt.Println(errors.Is(err, lock.ErrHeld))
	fmt.Println(held.Release(ctx))
	// Output:
	// true
	// <nil>
}
